"""Pairing videos, faces, labels and lists by name, in the layouts that exist."""

from __future__ import annotations

from pathlib import Path

import pytest

from iaca.data.faces.crops import list_crops
from iaca.data.recordings import SubjectError, find_recordings, natural_key

LABEL = "valence,arousal\n0.1,0.2\n"


def put(path: Path, content: str | bytes = b"") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def subjects(index):
    return {r.subject: r for r in index.recordings}


@pytest.mark.parametrize(
    ("folder", "split"),
    [
        ("annotations/VA_Estimation_Challenge/Train_Set", "train"),
        ("5th_ABAW_Annotations/VA_Estimation_Challenge/Validation_Set", "validation"),
        ("6th ABAW Annotations/VA_Estimation_Challenge/Train_Set", "train"),
        ("a/b/c d/VA_Set/Training_Set", "train"),
        ("annotations/VA_Set/Validation_Set", "validation"),
        ("x/Valence_Arousal_Estimation_Challenge/Train_Set", "train"),
    ],
)
def test_label_folders_are_recognised_under_every_known_name(tmp_path, folder, split):
    label = put(tmp_path / folder / "131-30-1920x1080.txt", LABEL)
    video = put(tmp_path / "any" / "batch1" / "131-30-1920x1080.mp4")
    (recording,) = find_recordings(tmp_path).recordings
    assert (recording.subject, recording.split) == ("131-30-1920x1080", split)
    assert recording.label_file == label
    assert recording.video_file == video


def test_label_files_of_other_challenges_are_not_taken(tmp_path):
    for challenge in ("EXPR_Classification_Challenge", "AU_Detection_Challenge", "Validation_Set"):
        put(tmp_path / challenge / "Train_Set" / "1.txt", LABEL)
    put(tmp_path / "batch1" / "1.mp4")
    (recording,) = find_recordings(tmp_path).recordings
    assert recording.label_file is None
    assert recording.split is None


def test_a_root_inside_the_tree_is_recognised_too(tmp_path):
    put(tmp_path / "VA_Estimation_Challenge" / "Train_Set" / "1.txt", LABEL)
    (recording,) = find_recordings(tmp_path / "VA_Estimation_Challenge" / "Train_Set").recordings
    assert recording.split == "train"


def test_left_and_right_share_a_video_and_parts_are_videos_of_their_own(tmp_path):
    labels = tmp_path / "VA_Set" / "Train_Set"
    for name in ("10-60_left", "10-60_right", "video10_1", "video10_1_left"):
        put(labels / f"{name}.txt", LABEL)
    for name in ("10-60.mp4", "video10_1.mp4"):
        put(tmp_path / "batch1" / name)
    found = subjects(find_recordings(tmp_path))
    assert {s: r.video for s, r in found.items()} == {
        "10-60_left": "10-60", "10-60_right": "10-60", "video10_1": "video10_1", "video10_1_left": "video10_1",
    }  # fmt: skip
    assert all(r.video_file.stem == r.video for r in found.values())


@pytest.mark.parametrize("ending", [".mp4", ".avi", ".mts", ".M2TS", ".ts", ".3gp", ".ogv", ".vob", ".asf", ".webm"])
def test_videos_of_every_camera_are_found(tmp_path, ending):
    video = put(tmp_path / "batch1" / f"video1{ending}")
    assert subjects(find_recordings(tmp_path))["video1"].video_file == video


@pytest.mark.parametrize("person", ["_left", "_right"])
def test_of_an_asymmetric_pair_both_are_found_with_their_own_faces(tmp_path, person):
    name = "10-60-1280x720"
    put(tmp_path / "batch2" / f"{name}.mp4")
    for subject in (name, name + person):
        put(tmp_path / "VA_Set" / "Train_Set" / f"{subject}.txt", LABEL)
        put(tmp_path / "cropped_aligned" / subject / "00001.jpg")
    found = subjects(find_recordings(tmp_path))
    assert set(found) == {name, name + person}
    for subject, recording in found.items():
        assert recording.video == name
        assert [folder.name for folder in recording.crop_folders] == [subject]


def test_crops_unpacked_into_a_folder_of_their_own_name_are_found(tmp_path):
    put(tmp_path / "cropped_aligned" / "cropped_aligned" / "1" / "00001.jpg")
    put(tmp_path / "cropped_aligned" / "2" / "00001.jpg")
    found = subjects(find_recordings(tmp_path))
    assert {s: [folder.name for folder in r.crop_folders] for s, r in found.items()} == {"1": ["1"], "2": ["2"]}


def test_the_name_of_a_link_tells_what_a_folder_holds_and_its_own_name_counts_more(tmp_path):
    put(tmp_path / "store" / "blob" / "1" / "00001.jpg")
    put(tmp_path / "tree" / "cropped_aligned" / "2" / "00001.jpg")
    (tmp_path / "cropped_aligned").symlink_to("store/blob")
    (tmp_path / "tree" / "a link that is met first").symlink_to("cropped_aligned")
    assert set(subjects(find_recordings([tmp_path / "cropped_aligned", tmp_path / "tree"]))) == {"1", "2"}


@pytest.mark.parametrize("name", ["circle", "~nobody of this name", "x" * 5000, "a\0b"])
def test_a_root_that_leads_nowhere_is_a_problem(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    Path("circle").symlink_to("circle")
    index = find_recordings(name)
    assert index.recordings == ()
    assert index.problems[0].file == name


def test_equal_numbers_are_not_equal_names(tmp_path):
    for name in ("102.avi", "102-30-640x360.mp4"):
        put(tmp_path / "batch1" / name)
    for name in ("102", "102-30-640x360"):
        put(tmp_path / "VA_Set" / "Train_Set" / f"{name}.txt", LABEL)
    found = subjects(find_recordings(tmp_path))
    assert found["102"].video_file.name == "102.avi"
    assert found["102-30-640x360"].video_file.name == "102-30-640x360.mp4"


def test_roots_and_crop_folders_are_merged(tmp_path):
    put(tmp_path / "one" / "batch1" / "1.mp4")
    put(tmp_path / "one" / "cropped_aligned" / "1" / "00001.jpg")
    put(tmp_path / "two disk" / "cropped_aligned_new_50_vids" / "1" / "00002.jpg")
    put(tmp_path / "three" / "VA_Set" / "Validation_Set" / "1.txt", LABEL)
    (recording,) = find_recordings([tmp_path / "one", tmp_path / "two disk", tmp_path / "three"]).recordings
    assert recording.split == "validation"
    crops = list_crops(recording.crop_folders)
    assert {k: path.name for k, path in crops.items()} == {0: "00001.jpg", 1: "00002.jpg"}


def test_a_root_given_twice_or_inside_another_changes_nothing(tmp_path):
    put(tmp_path / "batch1" / "1.mp4")
    put(tmp_path / "VA_Set" / "Train_Set" / "1.txt", LABEL)
    once = find_recordings(tmp_path)
    twice = find_recordings([tmp_path, tmp_path / "batch1", tmp_path])
    assert once.recordings == twice.recordings
    assert twice.problems == ()


def test_dotfiles_are_passed_over(tmp_path):
    put(tmp_path / "batch1" / "1.mp4")
    for name in (".DS_Store", "._1.mp4"):
        put(tmp_path / "batch1" / name)
    put(tmp_path / "__MACOSX" / "batch1" / "2.mp4")
    put(tmp_path / "VA_Set" / "Train_Set" / "._1.txt", b"\x00\x05")
    for name in (".DS_Store", "00001.jpg", "._00001.jpg", "Thumbs.db", "notes.jpg", "00000.jpg"):
        put(tmp_path / "cropped_aligned" / "1" / name)
    index = find_recordings(tmp_path)
    assert [r.subject for r in index.recordings] == ["1"]
    assert list(list_crops(index.recordings[0].crop_folders)) == [0]
    assert index.problems == ()


def test_an_old_test_list_names_subjects_and_a_new_one_counts_their_frames(tmp_path):
    put(tmp_path / "lists" / "Valence_Arousal_Estimation_Challenge_test_set_release.txt", "1\r\n2_left\r\n\r\n")
    put(tmp_path / "lists" / "Action_Unit_Detection_Challenge_test_set_release.txt", "9\n")
    put(tmp_path / "sample.txt", "image_location,valence,arousal\n2_left/00001.jpg,,\n2_left/00123.jpg,,\n")
    put(tmp_path / "batch1" / "1.mp4")
    put(tmp_path / "batch1" / "2.mp4")
    found = subjects(find_recordings(tmp_path))
    assert {s: (r.split, r.listed_frames, r.video) for s, r in found.items()} == {
        "1": ("test", None, "1"), "2_left": ("test", 123, "2"),
    }  # fmt: skip


def test_a_test_list_cannot_name_files_outside_of_the_output(tmp_path):
    put(tmp_path / "Valence_Arousal_Estimation_Challenge_test_set_release.txt", "1\n../2\n")
    put(tmp_path / "sample.txt", "image_location,valence,arousal\nbatch1/3/00001.jpg,,\n4/00001.jpg,,\n")
    index = find_recordings(tmp_path)
    assert [r.subject for r in index.recordings] == ["1", "4"]
    assert sorted(Path(p.file).name for p in index.problems if "names with folders" in p.reason) == [
        "Valence_Arousal_Estimation_Challenge_test_set_release.txt", "sample.txt",
    ]  # fmt: skip


def test_faces_csv_is_found_for_the_subjects_it_names(tmp_path):
    faces = put(tmp_path / "faces.csv", "subject,frame,x,y,size,roll\n1,0,5,5,9,0\n")
    put(tmp_path / "batch1" / "1.mp4")
    put(tmp_path / "batch1" / "2.mp4")
    found = subjects(find_recordings(tmp_path))
    assert found["1"].faces_file == faces
    assert found["2"].faces_file is None


def test_what_is_wrong_is_told_and_stops_nothing(tmp_path):
    put(tmp_path / "batch1" / "1.mp4")
    put(tmp_path / "batch2" / "1.mp4")
    put(tmp_path / "VA_Set" / "Train_Set" / "1.txt", LABEL)
    put(tmp_path / "VA_Set" / "Validation_Set" / "1.txt", LABEL)
    put(tmp_path / "VA_Set" / "Train_Set" / "2_left.txt", LABEL)
    put(tmp_path / "VA_Set" / "Validation_Set" / "2_right.txt", LABEL)
    put(tmp_path / "faces.csv", "nonsense")
    index = find_recordings([tmp_path, tmp_path / "nowhere"])
    assert [r.subject for r in index.recordings] == ["1", "2_left", "2_right"]
    told = " ".join(f"{p.file} {p.reason}" for p in index.problems)
    for part in ("nowhere", "A second video is called '1'", "also has a label file in the train split", "faces.csv",
                 "of the same video"):  # fmt: skip
        assert part in told, part
    assert all(p.remedy for p in index.problems)


def test_an_empty_folder_is_a_problem_with_a_remedy(tmp_path):
    index = find_recordings(tmp_path)
    assert index.recordings == ()
    assert "batch1" in index.problems[0].remedy


def test_a_copy_in_an_unknown_folder_does_not_win_over_the_original(tmp_path):
    put(tmp_path / "a_processed" / "1.avi")
    original = put(tmp_path / "batch1" / "1.mp4")
    index = find_recordings(tmp_path)
    assert index.recordings[0].video_file == original
    assert index.problems == ()


def test_names_sort_as_people_count():
    names = ["video10", "video2", "10-a", "9-b", "2²"]  # a digit to Python, and no number
    assert sorted(names, key=natural_key) == ["2²", "9-b", "10-a", "video2", "video10"]


def test_an_unknown_subject_is_refused_with_some_that_exist(tmp_path):
    put(tmp_path / "batch1" / "1.mp4")
    index = find_recordings(tmp_path)
    assert index.find("1").subject == "1"
    with pytest.raises(SubjectError, match=r"'7'.*found: 1"):
        index.find("7")
