"""The report of a data tree with every trait that Aff-Wild2 has."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest

from iaca.data.faces.crops import Crops
from iaca.data.index_report import inspect_roots
from iaca.data.index_text import format_report
from iaca.data.problems import printable
from tests.media_files import clicks, write_media

TIMES_S = np.arange(20) / 30
UNEVEN_S = np.cumsum(np.r_[0, np.tile([0.033, 0.05, 0.02], 7)])[:20]


@pytest.fixture(scope="module")
def roots(tmp_path_factory):
    root = tmp_path_factory.mktemp("a tree") / "it's ünïcode"
    other = tmp_path_factory.mktemp("second")
    crop = cv2.imencode(".jpg", np.full((112, 112, 3), 90, np.uint8))[1].tobytes()

    def labels(subject, content, split="Train_Set"):
        path = root / "5th_ABAW_Annotations" / "VA_Estimation_Challenge" / split / f"{subject}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())

    def lines(n):
        return "valence,arousal\n" + "0.1,0.2\n" * n

    def crops(subject, frames, where=root / "cropped_aligned"):
        (where / subject).mkdir(parents=True, exist_ok=True)
        for k in frames:
            (where / subject / f"{k + 1:05d}.jpg").write_bytes(crop)

    sound = clicks(0.7, ())
    everything = range(20)
    write_media(root / "batch1" / "plain.mp4", TIMES_S, sound)
    labels("plain", lines(20))
    crops("plain", everything)

    write_media(root / "batch1" / "uneven.mp4", UNEVEN_S, sound, sound_start_s=0.4, audio_codec="aac")
    labels("uneven", b"\xef\xbb\xbf" + lines(21).replace("\n", "\r\n").encode(), "Validation_Set")
    crops("uneven", range(10))
    crops("uneven", range(10, 18), other / "cropped_aligned_new_50_vids")

    write_media(root / "batch2" / "102.avi", TIMES_S, sound, video_codec="mpeg4", audio_codec="libmp3lame")
    labels("102", "valence, arousal\n0.1,0.2\n-5,-5\n-5.0,-5.0\n0.5,-5\n" + "0.1,0.2\n" * 18)
    crops("102", everything)
    (root / "cropped_aligned" / "102" / "00003.jpg").write_bytes(crop[: len(crop) // 2])
    (root / "cropped_aligned" / "102" / ".DS_Store").write_bytes(b"x")

    write_media(root / "batch2" / "102-30-640x360.mp4", TIMES_S)
    labels("102-30-640x360", lines(17))
    labels("102-30-640x360_right", lines(20))
    crops("102-30-640x360", everything)
    crops("102-30-640x360_right", everything)

    write_media(root / "new_vids" / "video59.mp4", TIMES_S + 0.3, sound, sound_first=True)
    (root / "Valence_Arousal_Estimation_Challenge_test_set_release.txt").write_text("video59\n")
    crops("video59", everything)

    labels("lonely", lines(5))
    (root / "batch1" / "cut.mp4").write_bytes((root / "batch1" / "plain.mp4").read_bytes()[:700])
    labels("cut", lines(20))
    write_media(root / "batch1" / "worded.mp4", TIMES_S)
    labels("worded", "valence,arousal\nno,no\n")
    return [root, other]


@pytest.fixture(scope="module")
def report(roots, tmp_path_factory):
    return inspect_roots(roots, cache_file=tmp_path_factory.mktemp("cache") / "index.json", progress=False)


@pytest.fixture
def subjects(report):
    return {subject.subject: subject for subject in report.subjects}


def test_every_subject_is_reported_once_in_natural_order(report):
    assert [s.subject for s in report.subjects] == [
        "102", "102-30-640x360", "102-30-640x360_right", "cut", "lonely", "plain", "uneven", "video59", "worded",
    ]  # fmt: skip


def test_label_lines_against_frames_crops_and_annotations(subjects):
    found = {name: (s.frames, s.annotated, s.missing_crops, s.label_lines_minus_frames) for name, s in subjects.items()}
    assert found["plain"] == (20, 20, 0, 0)
    assert found["uneven"] == (21, 21, 3, 1)
    assert found["102"] == (22, 19, 3, 2)  # two lines without a crop, one crop damaged
    assert found["102-30-640x360"] == (17, 17, 0, -3)
    assert found["video59"] == (20, 0, 0, None)
    assert found["lonely"] == (5, 5, None, None)


def test_rate_sound_and_browser(subjects):
    assert [name for name, s in subjects.items() if s.variable_frame_rate] == ["uneven"]
    offsets = {name: s.audio_offset_s for name, s in subjects.items()}
    assert offsets["uneven"] == pytest.approx(0.4, abs=0.03)
    assert offsets["video59"] == pytest.approx(-0.3, abs=0.03)
    assert offsets["plain"] == pytest.approx(0, abs=0.01)
    assert offsets["102-30-640x360"] is None
    assert [name for name, s in subjects.items() if s.browser_playable is False] == ["102"]


def test_of_two_crops_of_a_frame_that_of_the_first_root_counts(tmp_path):
    whole = cv2.imencode(".jpg", np.full((112, 112, 3), 90, np.uint8))[1].tobytes()
    labels = tmp_path / "VA_Set" / "Train_Set" / "a.txt"
    labels.parent.mkdir(parents=True)
    labels.write_text("valence,arousal\n" + "0.1,0.2\n" * 3)
    for root, contents in (("cropped_aligned", (whole[:200], whole)), ("cropped_aligned_new", (whole, whole[:200]))):
        folder = tmp_path / root / "a"
        folder.mkdir(parents=True)
        for number, content in enumerate(contents, 1):
            (folder / f"{number:05d}.jpg").write_bytes(content)
    report = inspect_roots([tmp_path], cache_file=tmp_path / "cache.json", progress=False)
    crops = Crops(report.found.recordings[0], 3)
    assert [crop is not None for _, crop in crops.iterate(np.ones(3, bool))] == [False, True, False]
    assert report.subjects[0].missing_crops == 2


def test_a_subject_of_whom_only_crops_are_there_is_not_called_without_faces(tmp_path):
    (tmp_path / "cropped_aligned" / "a").mkdir(parents=True)
    (tmp_path / "cropped_aligned" / "a" / "00001.jpg").write_bytes(b"")
    text = format_report(inspect_roots([tmp_path], cache_file=tmp_path / "cache.json", progress=False))
    assert "1 without a video: a" in text
    assert "without faces" not in text


def test_a_video_that_is_cut_short_is_a_problem_and_named_before_usual_differences(tmp_path):
    labels = tmp_path / "VA_Set" / "Train_Set"
    labels.mkdir(parents=True)
    for subject, extra in [(f"a{i}", 1 + i % 2) for i in range(6)] + [("z", 9)]:
        write_media(tmp_path / "batch1" / f"{subject}.mp4", TIMES_S)
        (labels / f"{subject}.txt").write_text("valence,arousal\n" + "0.1,0.2\n" * (20 + extra))
    report = inspect_roots([tmp_path], cache_file=tmp_path / "cache.json", progress=False)
    (problem,) = [problem for problem in report.problems if "frames" in problem.reason]
    assert problem.file.endswith("z.mp4")
    assert "20 frames, and the label file of z has 29" in problem.reason
    (line,) = [line for line in format_report(report).splitlines() if "label lines and frames" in line]
    assert line.startswith("7 with label lines and frames that differ: z (+9), a1 (+2), ")


def test_splits_and_videos(subjects):
    assert {name: s.split for name, s in subjects.items() if s.split != "train"} == {
        "uneven": "validation", "video59": "test",
    }  # fmt: skip
    assert subjects["102-30-640x360_right"].video == "102-30-640x360"


@pytest.mark.parametrize(
    ("file", "reason"),
    [
        ("lonely", "no video"),
        ("cut.mp4", "cannot be decoded"),
        ("worded.txt", "line 2"),
        ("00003.jpg", "not a whole picture"),
        ("lonely", "no faces"),
    ],
)
def test_each_failure_is_a_line_with_file_reason_and_remedy(report, file, reason):
    (problem,) = [p for p in report.problems if file in p.file and reason in p.reason]
    assert problem.remedy.endswith(".")
    assert f"{problem.file}: {problem.reason} {problem.remedy}" in format_report(report)


def test_the_json_has_the_fields_of_the_contract(report):
    document = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert set(document) == {"subjects", "problems", "label_autocorrelation"}
    assert set(document["subjects"][0]) == {
        "subject", "video", "split", "frames", "annotated", "missing_crops", "label_lines_minus_frames",
        "variable_frame_rate", "audio_offset_s", "browser_playable",
    }  # fmt: skip
    assert set(document["problems"][0]) == {"file", "reason", "remedy"}
    assert set(document["label_autocorrelation"][0]) == {"lag_s", "target", "value", "subjects", "pairs"}


def test_the_text_counts_splits_beside_the_published_ones(report):
    text = format_report(report)
    train = next(line for line in text.splitlines() if line.startswith("train"))
    assert train.split()[1:] == ["7", "124", "101", "360", "356"]
    for part in ("1 with a variable frame rate: uneven", "uneven (+1)", "102 (+2)", "2 two people in one video"):
        assert part in text, part


def test_a_second_run_remembers_and_notices_changes(roots, tmp_path, report):
    cache = tmp_path / "cache" / "index.json"
    first = inspect_roots(roots, cache_file=cache, progress=False)
    assert first == report
    known = json.loads(cache.read_text())
    video = next(path for path in known["files"] if path.endswith("plain.mp4"))
    known["files"][video][1][0] = 19  # only somebody who reads the memory can see this
    cache.write_text(json.dumps(known))
    remembered = {s.subject: s for s in inspect_roots(roots, cache_file=cache, progress=False).subjects}
    assert remembered["plain"].label_lines_minus_frames == 1
    damaged = roots[0] / "cropped_aligned" / "102" / "00003.jpg"
    before = damaged.read_bytes()
    damaged.write_bytes((roots[0] / "cropped_aligned" / "102" / "00004.jpg").read_bytes())
    try:
        repaired = {s.subject: s for s in inspect_roots(roots, cache_file=cache, progress=False).subjects}
        assert repaired["102"].missing_crops == 2
    finally:
        damaged.write_bytes(before)
    cache.write_text("{broken")
    assert inspect_roots(roots, cache_file=cache, progress=False) == report


def test_the_memory_of_labels_is_printed_and_looked_up_again_once_they_change(tmp_path):
    labels = tmp_path / "VA_Set" / "Train_Set" / "wave.txt"
    labels.parent.mkdir(parents=True)
    pts_s = np.arange(600) / 30
    write_media(tmp_path / "batch1" / "wave.mp4", pts_s)

    def memory():
        report = inspect_roots([tmp_path], cache_file=tmp_path / "cache.json", progress=False)
        return {(one.target, one.lag_s): one for one in report.memory}, format_report(report)

    def write(valence):
        lines = "".join(f"{value:.4f},0.25\n" for value in valence)
        labels.write_text(f"valence,arousal\n{lines}")

    write(np.sin(2 * np.pi * pts_s / 5))
    (found, text), (again, _) = memory(), memory()
    assert found == again
    assert found["valence", 5.0].value == pytest.approx(1, abs=0.05)
    assert found["valence", 5.0].pairs == 600 - 150
    assert found["arousal", 5.0].value is None
    assert [line.split() for line in text.splitlines() if line.startswith("arousal")] == [["arousal", *"----"]]
    write(np.sin(2 * np.pi * pts_s / 10))
    changed, text = memory()
    assert changed["valence", 5.0].value == pytest.approx(-1, abs=0.05)
    assert "-1.00" in next(line for line in text.splitlines() if line.startswith("valence"))


def test_a_tree_without_a_readable_video_is_not_usable(tmp_path, report):
    assert report.usable
    empty = inspect_roots([tmp_path], cache_file=tmp_path / "c.json", progress=False)
    assert not empty.usable
    assert len(empty.problems) == 1


@pytest.mark.parametrize("name", ["two\nlines", "tab\tbed", b"not-utf8-\xff".decode(errors="surrogateescape")])
def test_a_failure_stays_one_line_whatever_the_file_is_called(tmp_path, name):
    folder = tmp_path / "VA_Estimation_Challenge" / "Train_Set"
    folder.mkdir(parents=True)
    (folder / f"{name}.txt").write_text("valence,arousal\n0.1\n")
    report = inspect_roots([tmp_path], cache_file=tmp_path / "cache.json", progress=False)
    found = [problem for problem in report.problems if name in problem.file]
    assert found
    for problem in found:
        problem.line.encode("utf-8")
        assert problem.line.endswith(problem.remedy)
        assert f"  {problem.line}" in format_report(report).split("\n")
    (facts,) = [line for line in format_report(report).split("\n") if "without a video" in line]
    assert printable(name) in facts
