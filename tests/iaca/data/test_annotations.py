"""Label files as they really arrive."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iaca.data.annotations import AnnotationError, read_labels, write_labels

LABEL = st.floats(-1, 1, width=32) | st.just(float("nan"))


@pytest.mark.parametrize(
    "content",
    [
        b"valence,arousal\n0.5,-0.25\n-1,1\n",
        b"valence,arousal\r\n0.5,-0.25\r\n-1,1\r\n",
        b"\xef\xbb\xbfvalence,arousal\n0.5,-0.25\n-1,1",
        b"valence, arousal\n0.5, -0.25\n-1, 1\n\n",
        b"\xef\xbb\xbfvalence, arousal\r\n0.5,-.25\r\n-1.0,1.0\r\n\r\n \r\n",
    ],
)
def test_line_endings_marks_and_blank_ends_do_not_change_the_labels(tmp_path, content):
    path = tmp_path / "a b'ü.txt"
    path.write_bytes(content)
    labels = read_labels(path)
    assert labels.valence.tolist() == [0.5, -1.0]
    assert labels.arousal.tolist() == [-0.25, 1.0]
    assert labels.valence.dtype == np.float32


@pytest.mark.parametrize("line", ["-5,-5", "-5.0,-5.0", "-5,0.3", "0.3,-5", "1.01,0", "0,-1.2", "nan,0"])
def test_a_frame_with_either_value_out_of_range_is_not_annotated_in_both(tmp_path, line):
    path = tmp_path / "a.txt"
    path.write_text(f"valence,arousal\n0.1,0.2\n{line}\n0.3,0.4\n")
    labels = read_labels(path)
    assert np.isnan(labels.valence).tolist() == [False, True, False]
    assert np.isnan(labels.arousal).tolist() == [False, True, False]


def test_written_labels_are_read_back(tmp_path):
    valence = np.array([0.123456, np.nan, -1, 1], np.float32)
    arousal = np.array([0.5, 0.25, -0.5, np.nan], np.float32)
    write_labels(tmp_path / "new" / "a.txt", valence, arousal)
    labels = read_labels(tmp_path / "new" / "a.txt")
    both = np.isfinite(valence) & np.isfinite(arousal)
    assert np.allclose(labels.valence[both], valence[both], atol=1e-6)
    assert np.isnan(labels.valence).tolist() == np.isnan(labels.arousal).tolist() == (~both).tolist()


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "an empty file"),
        (b"valence,arousal\n", "no frames"),
        (b"0.1,0.2\n0.1,0.2\n", "expected the header"),
        (b"arousal,valence\n0.1,0.2\n", "expected the header"),
        (b"valence,arousal\n0.1,0.2\n\n0.3,0.4\n", "line 3"),
        (b"valence,arousal\n0.1,0.2\n0.1\n", "line 3"),
        (b"valence,arousal\n0.1,0.2,0.3\n", "line 2"),
        (b"valence,arousal\n0.1,happy\n", "line 2"),
        (b"valence,arousal\n" + b"0" * 1000 + b",0\n", "line 2"),
        (b"\xff\xfev\x00a\x00", "not UTF-8 text"),
    ],
)
def test_a_damaged_label_file_is_refused_by_name_and_place(tmp_path, content, told):
    path = tmp_path / "someone_left.txt"
    path.write_bytes(content)
    with pytest.raises(AnnotationError, match=r"someone_left\.txt") as error:
        read_labels(path)
    assert told in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_label_file_is_refused_by_name(tmp_path):
    with pytest.raises(AnnotationError, match=r"nobody\.txt cannot be read"):
        read_labels(tmp_path / "nobody.txt")


@pytest.mark.parametrize("path", ["a\0b", "/dev/zero", "n" * 300])
def test_what_is_no_file_is_refused_at_once(path):
    with pytest.raises(AnnotationError, match="expected a label file"):
        read_labels(path)


def test_labels_out_of_range_are_not_written(tmp_path):
    with pytest.raises(AnnotationError, match="expected values in"):
        write_labels(tmp_path / "a.txt", np.array([0.0, 1.5]), np.array([0.0, 0.0]))
    assert list(tmp_path.iterdir()) == []


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One for all examples of a property."""
    return tmp_path_factory.mktemp("labels")


@given(pairs=st.lists(st.tuples(LABEL, LABEL), min_size=1, max_size=50))
def test_any_labels_that_can_be_written_are_read_back_to_six_digits(folder, pairs):
    valence, arousal = np.array(pairs, np.float32).T
    write_labels(folder / "a.txt", valence, arousal)
    labels = read_labels(folder / "a.txt")
    unknown = np.isnan(valence) | np.isnan(arousal)
    for written, read in ((valence, labels.valence), (arousal, labels.arousal)):
        assert np.array_equal(np.isnan(read), unknown)
        np.testing.assert_allclose(read[~unknown], written[~unknown], rtol=1e-5, atol=1e-7)
        assert (np.abs(read[~unknown]) <= 1).all()


@given(
    content=st.binary(max_size=200)
    | st.text(max_size=200).map(str.encode)
    | st.lists(st.text("0123456789-+.,eEnaif \r\t", max_size=12), max_size=12).map(
        lambda lines: "\n".join(["valence,arousal", *lines]).encode()
    )
)
def test_any_bytes_are_labels_in_range_or_are_refused_in_one_line(folder, content):
    path = folder / "any.txt"
    path.write_bytes(content)
    told, labels = "", None
    try:
        labels = read_labels(path)
    except AnnotationError as error:
        told = str(error)
    assert "\n" not in told
    if labels is None:
        assert path.name in told
        return
    known = np.isfinite(labels.valence)
    assert len(labels.valence) == len(labels.arousal) >= 1
    assert np.array_equal(known, np.isfinite(labels.arousal))
    assert (np.abs(labels.valence[known]) <= 1).all()


def write_scaled(path, low, high, frames=150, whole=True):
    draw = np.random.default_rng(0)
    values = draw.integers(low, high + 1, (frames, 2)) if whole else draw.uniform(low, high, (frames, 2)).round(3)
    path.write_text("valence,arousal\n" + "".join(f"{v},{a}\n" for v, a in values))
    return values


@pytest.mark.parametrize(
    ("low", "high", "whole"), [(-10, 10, True), (1, 9, True), (-1000, 1000, True), (-5, 5, False), (0, 100, False)]
)
def test_labels_on_another_scale_are_refused_with_their_number_and_range(tmp_path, low, high, whole):
    values = write_scaled(tmp_path / "afew.txt", low, high, whole=whole)
    with pytest.raises(AnnotationError, match=r"afew\.txt has [\d,]+ of 150 frames with a label outside") as error:
        read_labels(tmp_path / "afew.txt")
    outside = (np.abs(values) > 1).any(axis=1) & (values != -5).all(axis=1)
    assert f"{outside.sum()} of 150" in str(error.value)
    assert f"from {values[outside].min():g} to {values[outside].max():g}" in str(error.value)


def test_a_whole_number_scale_within_the_range_is_read_as_it_is(tmp_path):
    values = write_scaled(tmp_path / "a.txt", -1, 1)
    assert np.array_equal(read_labels(tmp_path / "a.txt").valence, values[:, 0])


@pytest.mark.parametrize(("frames", "slips"), [(20, 3), (1000, 10)])
def test_a_few_slips_are_counted_and_not_annotated_and_one_more_is_another_scale(tmp_path, frames, slips):
    def write(count):
        lines = ["0.5,0.5"] * (frames - count - 2) + ["1.5,-2"] * count + ["-5,-5", "nan,0"]
        (tmp_path / "a.txt").write_text("\n".join(["valence,arousal", *lines]))

    write(slips)
    labels = read_labels(tmp_path / "a.txt")
    assert f"a.txt has {slips} of {frames:,} frames" in labels.remark
    assert "from -2 to 1.5" in labels.remark
    assert np.isfinite(labels.valence).sum() == frames - slips - 2
    write(slips + 1)
    with pytest.raises(AnnotationError, match="bring them to this scale"):
        read_labels(tmp_path / "a.txt")


def test_frames_that_are_marked_or_nan_are_not_remarked(tmp_path):
    (tmp_path / "a.txt").write_text("valence,arousal\n-5,-5\n-5,0.1\nnan,0\n0.2,0.1\n")
    assert read_labels(tmp_path / "a.txt").remark == ""


def test_labels_that_are_all_outside_are_refused_however_few(tmp_path):
    (tmp_path / "a.txt").write_text("valence,arousal\n2,3\n-5,-5\n")
    with pytest.raises(AnnotationError, match="1 of 2 frames"):
        read_labels(tmp_path / "a.txt")
