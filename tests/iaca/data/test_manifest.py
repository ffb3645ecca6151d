"""Manifests: rows become recordings, and what is wrong with a row is told without stopping the others."""

from __future__ import annotations

import pytest

from iaca.data.faces.detection import people_on_screen
from iaca.data.manifest import ManifestError, read_manifest
from iaca.data.recordings import find_recordings

LABELS = "time_s,valence,arousal\n0,0,0\n1,0,0\n"


@pytest.fixture
def folder(tmp_path):
    for name in ("a.mp4", "b.mp4", "x/a.mp4", "a.wav"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    for name in ("a.csv", "R1.csv", "R2.csv", "a.txt"):
        (tmp_path / name).write_text(LABELS)
    (tmp_path / "crops").mkdir()
    return tmp_path


def manifest(folder, *rows, names="subject,video,split,labels"):
    path = folder / "recordings.csv"
    path.write_text("\n".join([names, *rows]) + "\n")
    return path


def test_rows_become_recordings(folder):
    names = "subject,video,split,labels,audio,crops,person,scale,lag_s,between,rate_hz,valence"
    path = manifest(folder, "one,a.mp4,dev,R*.csv,a.wav,crops,right,-10..10,2.5,hold,25,FM1;FM2", names=names)
    (one,), problems = read_manifest(path)
    assert not problems
    assert (one.subject, one.video, one.split, one.person) == ("one", "a", "validation", 2)
    assert one.video_file == folder / "a.mp4"
    assert one.sound_file == one.audio_file == folder / "a.wav"
    assert one.crop_folders == (folder / "crops",)
    assert one.label_files == (folder / "R1.csv", folder / "R2.csv")
    form = one.label_form
    assert (form.low, form.high, form.lag_s, form.held, form.rate_hz) == (-10, 10, 2.5, True, 25)
    assert (form.valence, form.arousal) == (("FM1", "FM2"), ("arousal",))


def test_empty_cells_mean_nothing_and_a_text_file_without_columns_is_one_of_aff_wild2(folder):
    rows = read_manifest(manifest(folder, "one,a.mp4,,", "two,b.mp4,train,a.txt"))[0]
    assert rows[0].label_file is None
    assert rows[0].split is None
    assert rows[0].sound_file == folder / "a.mp4"
    assert rows[1].label_file == folder / "a.txt"
    assert rows[1].label_form is None


def test_videos_of_one_stem_stay_apart(folder):
    rows = read_manifest(manifest(folder, "one,a.mp4,,", "two,x/a.mp4,,"))[0]
    assert [row.video for row in rows] == ["a", "x-a"]


def test_people_of_one_video_are_told_apart_by_the_column_person(folder):
    names = "subject,video,split,labels,person"
    rows, problems = read_manifest(manifest(folder, "eve,a.mp4,,,right", "adam,a.mp4,,,left", names=names))
    assert not problems
    assert people_on_screen(rows) == ["adam", "eve"]
    assert people_on_screen(rows[:1]) == ["person 1 from the left", "eve"]
    _, (problem,) = read_manifest(manifest(folder, "eve,a.mp4,,,", "adam,a.mp4,,,left", names=names))
    assert "eve, adam are in one video" in problem.reason


@pytest.mark.parametrize(
    ("row", "extra", "message"),
    [
        ("a/b,a.mp4,,", "", "Line 2, column subject is 'a/b'; expected a name"),
        (",a.mp4,,", "", "Line 2, column subject is empty"),
        ("one,,,", "", "Line 2, column video is empty; expected the path of a video"),
        ("one,none.mp4,,", "", "Line 2, column video is 'none.mp4'; expected a video; there is no file"),
        ("one,a.mp4,trian,", "", "Line 2, column split is 'trian'; expected one of train"),
        ("one,a.mp4,,none.csv", "", "Line 2, column labels is 'none.csv'; expected a label file"),
        ("one,a.mp4,,Q*.csv", "", "Line 2, column labels is 'Q*.csv'; expected a label file, or a pattern"),
        ("one,a.mp4,,a.csv,10", ",scale", "Line 2, column scale is '10'; expected its ends, such as -10..10"),
        ("one,a.mp4,,a.csv,1..-1", ",scale", "Line 2, column scale is '1..-1'"),
        ("one,a.mp4,,a.csv,fast", ",rate_hz", "Line 2, column rate_hz is 'fast'; expected a number from 0"),
        ("one,a.mp4,,a.csv,0", ",rate_hz", "Line 2, column rate_hz is '0'"),
        ("one,a.mp4,,a.csv,nan", ",lag_s", "Line 2, column lag_s is 'nan'; expected a number from -60 to 60"),
        ("one,a.mp4,,a.csv,min", ",time_unit", "Line 2, column time_unit is 'min'; expected one of s, ms"),
        ("one,a.mp4,,a.csv,spline", ",between", "Line 2, column between is 'spline'; expected one of interpolate"),
        ("one,a.mp4,,a.csv,middle", ",person", "Line 2, column person is 'middle'; expected left, right, or a place"),
        ("one,a.mp4,,a.csv,none", ",crops", "column crops is"),
        ("one,a.mp4,,a.csv,none.wav", ",audio", "Line 2, column audio is 'none.wav'; expected a sound file"),
        ("one,a.mp4,,a.csv,t,f", ",time,frame", "Line 2, column frame is 'f'; expected either"),
        ("one,a.mp4,,a.csv,a.csv", ",valence_labels", "column valence_labels is 'a.csv'; expected no file where"),
        ("one,a.mp4,,,a.csv", ",valence_labels", "column arousal_labels is empty; expected a file"),
    ],
)
def test_a_row_that_cannot_be_used_is_told_and_left_out(folder, row, extra, message):
    cells = extra.count(",")
    good = "good,b.mp4,train,a.csv" + "," * cells
    rows, problems = read_manifest(manifest(folder, row, good, names=f"subject,video,split,labels{extra}"))
    assert [one.subject for one in rows] == ["good"]
    (problem,) = problems
    assert message in problem.reason
    assert problem.file == str(folder / "recordings.csv")


def test_a_subject_that_comes_twice_is_told_with_both_lines(folder):
    rows, (problem,) = read_manifest(manifest(folder, "one,a.mp4,,", "one,b.mp4,,"))
    assert len(rows) == 1
    assert problem.reason == "Line 3, column subject is 'one'; expected another name than that of line 2."


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"subject,video\n", "no column 'split'"),
        (b"subject,video,split,labels,lags\n", "a column 'lags'"),
        (b"", "no column 'subject'"),
        (b"subject,video,split,labels\na,b\n", "line 2 has 2 cells; expected 4"),
        (b"\xff\xfe", "cannot be read"),
    ],
)
def test_a_manifest_of_another_shape_is_an_error_and_a_problem_of_the_index(tmp_path, content, message):
    path = tmp_path / "recordings.csv"
    path.write_bytes(content)
    with pytest.raises(ManifestError, match=message):
        read_manifest(path)
    index = find_recordings(path)
    assert not index.recordings
    assert any(message in problem.reason for problem in index.problems)


def test_a_manifest_and_folders_are_merged_and_the_manifest_wins(folder, tmp_path):
    path = manifest(folder, "a,x/a.mp4,train,a.csv")
    index = find_recordings([folder / "x", path])
    (one,) = index.recordings
    assert one.split == "train"
    assert one.video_file == folder / "x" / "a.mp4"
