"""Labels of other data sets, put onto the frames of a video: times, rates, scales, raters and lags."""

from __future__ import annotations

import json

import numpy as np
import pytest

from iaca.config.label_form import LabelForm
from iaca.data.annotations import AnnotationError
from iaca.data.ratings import read_ratings

PTS_S = np.arange(50) / 25  # two seconds


def form(*files, **settings):
    return LabelForm(files, files, **settings)


def write(path, rows, names=("time_s", "valence", "arousal"), separator=","):
    lines = [separator.join(names), *(separator.join(map(str, row)) for row in rows)]
    path.write_text("\n".join(lines) + "\n")
    return path


def test_values_between_labels_are_interpolated_and_nothing_is_said_outside(tmp_path):
    file = write(tmp_path / "a.csv", [(0.4, 0.0, 0.5), (1.4, 1.0, -0.5)])
    labels = read_ratings(form(file), PTS_S)
    inside = (PTS_S >= 0.4 - 1e-9) & (PTS_S <= 1.4 + 1e-9)
    np.testing.assert_allclose(labels.valence[inside], PTS_S[inside] - 0.4, atol=1e-6)
    np.testing.assert_allclose(labels.arousal[inside], 0.9 - PTS_S[inside], atol=1e-6)
    assert np.isnan(labels.valence[~inside]).all()
    assert np.isnan(labels.arousal[~inside]).all()


def test_held_labels_last_until_the_next_one_and_the_last_as_long_as_usual(tmp_path):
    file = write(tmp_path / "a.csv", [(0.0, 0.1, 0.1), (0.4, 0.2, 0.2), (0.8, 0.3, 0.3)])
    labels = read_ratings(form(file, held=True), PTS_S)
    expected = np.where(PTS_S < 0.399, 0.1, np.where(PTS_S < 0.799, 0.2, 0.3))
    known = PTS_S < 1.199
    np.testing.assert_allclose(labels.valence[known], expected[known], atol=1e-6)
    assert np.isnan(labels.valence[~known]).all()


def test_a_late_annotator_is_moved_to_earlier_frames(tmp_path):
    times_s = np.arange(0, 3, 0.04)
    said = np.where(times_s < 1.0, -0.5, 0.5)
    file = write(tmp_path / "a.csv", zip(times_s, said, said, strict=True))
    labels = read_ratings(form(file, lag_s=0.6), PTS_S)
    assert labels.valence[9] == -0.5  # at 0.36 s: written at 0.96 s
    assert labels.valence[10] == 0.5
    assert np.isfinite(labels.valence).all()


@pytest.mark.parametrize(
    ("low", "high", "value", "expected"),
    [(-10, 10, 5, 0.5), (0, 1, 0.25, -0.5), (1, 9, 5, 0.0), (-1000, 1000, -1000, -1.0)],
)
def test_a_scale_becomes_minus_one_to_one(tmp_path, low, high, value, expected):
    file = write(tmp_path / "a.csv", [(0, value, value), (3, value, value)])
    labels = read_ratings(form(file, low=low, high=high), PTS_S)
    np.testing.assert_allclose(labels.valence, expected, atol=1e-6)


def test_values_on_another_scale_are_refused_with_row_column_and_range(tmp_path):
    file = write(tmp_path / "a.csv", [(k / 25, 0.1, k % 7 - 3) for k in range(50)])
    with pytest.raises(AnnotationError, match=r"a\.csv.* 29 of 50 values outside \[-1, 1\].*-3 to 3.*row 1, column ar"):
        read_ratings(form(file), PTS_S)


def test_a_slip_of_the_hand_is_left_out_and_told(tmp_path):
    rows = [(k / 25, 0.1, 0.2) for k in range(50)]
    rows[7] = (7 / 25, 0.1, 2)
    labels = read_ratings(form(write(tmp_path / "a.csv", rows)), PTS_S)
    assert np.flatnonzero(np.isnan(labels.arousal)).tolist() == [7]
    assert "row 8, column arousal" in labels.remark


def test_raters_in_columns_and_in_files_are_averaged_where_they_have_a_value(tmp_path):
    names = ("time", "FM1 ", "FM2 ")
    one = write(tmp_path / "one.csv", [(0, 0.2, 0.4), (2, 0.2, "")], names, ";")
    two = write(tmp_path / "two.csv", [(0, 0.6, 0.8), (2, 0.6, 0.8)], names, ";")
    both = read_ratings(form(one, two, time="time", valence=("FM1", "FM2"), arousal=("FM1",)), PTS_S)
    assert both.valence[0] == pytest.approx(0.5)
    assert both.valence[25] == pytest.approx((0.25 + 0.7) / 2)
    assert both.arousal[25] == pytest.approx(0.4)


def test_milliseconds_frames_and_rates_say_when_a_row_was(tmp_path):
    in_ms = write(tmp_path / "ms.csv", [(0, -1, -1), (2000, 1, 1)], ("timestamp", "valence", "arousal"))
    by_frame = write(tmp_path / "f.csv", [(0, -1, -1), (25, 0, 0), (49, 0.96, 0.96)], ("frame", "valence", "arousal"))
    by_rate = write(tmp_path / "r.csv", [(v, v) for v in np.linspace(-1, 1, 21)], ("valence", "arousal"))
    expected = PTS_S - 1
    for labels in (
        read_ratings(form(in_ms, time="timestamp", unit_s=0.001), PTS_S),
        read_ratings(form(by_frame), PTS_S),
        read_ratings(form(by_rate, rate_hz=10), PTS_S),
    ):
        np.testing.assert_allclose(labels.valence, expected, atol=1e-5)


def test_uneven_frames_get_the_value_of_their_own_time(tmp_path):
    pts_s = np.array([0, 0.1, 0.5, 0.51, 1.9])
    file = write(tmp_path / "a.csv", [(0, -1, -1), (2, 1, 1)])
    np.testing.assert_allclose(read_ratings(form(file), pts_s).valence, pts_s - 1, atol=1e-6)


def test_a_gap_between_segments_stays_without_annotation(tmp_path):
    times_s = [*np.arange(0, 0.5, 0.04), *np.arange(1.64, 2, 0.04)]
    labels = read_ratings(form(write(tmp_path / "a.csv", [(t, 0.5, 0.5) for t in times_s])), PTS_S)
    assert np.isnan(labels.valence[(PTS_S > 0.49) & (PTS_S < 1.63)]).all()
    assert np.isfinite(labels.valence[(PTS_S < 0.48) | (PTS_S > 1.65)]).all()


def test_a_missing_value_says_nothing_of_the_frames_beside_it(tmp_path):
    rows = [(0, 0.5, 0.5), (0.4, 0.5, "nan"), (0.8, 0.5, 0.5), (2.0, 0.5, 0.5)]
    labels = read_ratings(form(write(tmp_path / "a.csv", rows)), PTS_S)
    assert np.flatnonzero(np.isfinite(labels.arousal))[:2].tolist() == [0, 20]
    assert np.array_equal(np.isnan(labels.valence), np.isnan(labels.arousal))


def test_frames_beyond_the_video_are_left_out_and_counted(tmp_path):
    file = write(tmp_path / "a.csv", [(k, 0.1, 0.1) for k in range(60)], ("frame", "valence", "arousal"))
    assert "labels 10 frames up to 59, and the video has 50" in read_ratings(form(file), PTS_S).remark


def test_the_json_of_afew_va_and_an_arff_are_read(tmp_path):
    frames = {f"{k:05}": {"landmarks": [[1.0, 2.0]], "valence": -4.0, "arousal": k % 10} for k in range(50)}
    file = tmp_path / "001.json"
    file.write_text(json.dumps({"video_id": "001", "frames": frames}))
    labels = read_ratings(form(file, low=-10, high=10), PTS_S)
    np.testing.assert_allclose(labels.arousal, np.arange(50) % 10 / 10, atol=1e-6)
    assert (labels.valence == np.float32(-0.4)).all()
    arff = tmp_path / "a.arff"
    rows = "\n".join(f"dev_1,{t:g},{t / 4:.6f}" for t in np.arange(0, 2.4, 0.04))
    arff.write_text(f"@relation G\n\n@attribute Instance_name string\n@attribute frameTime numeric\n"
                    f"@attribute GoldStandard numeric\n\n@data\n\n{rows}\n")  # fmt: skip
    labels = read_ratings(form(arff, time="frameTime", valence=("GoldStandard",), arousal=("GoldStandard",)), PTS_S)
    np.testing.assert_allclose(labels.valence, PTS_S / 4, atol=1e-5)


@pytest.mark.parametrize(
    ("content", "settings", "message"),
    [
        ("time_s,valence,arousal\n0,x,0\n", {}, r"row 1, column valence is 'x'; expected a rating, a number"),
        ("time_s,valence,arousal\n0,0\n", {}, r"line 2 is '0,0' with 2 values; expected 3"),
        ("time_s,valence\n0,0\n", {}, "no column 'arousal'; it has time_s, valence"),
        ("t,valence,arousal\n0,0,0\n", {}, "expected time_s or frame"),
        ("time_s,valence,arousal\n1,0,0\n0,0,0\n", {}, r"row 2 is at 0 s and the row before at 1 s"),
        ("time_s,valence,arousal\n,0,0\n", {}, "row 1 has no time"),
        ("frame,valence,arousal\n1.5,0,0\n", {}, r"row 1, column frame is '1\.5'; expected a whole number"),
        ("time_s,valence,arousal\n", {}, "no rows of labels"),
        ("time_s,valence,valence\n0,0,0\n", {}, "two columns 'valence'"),
        ("time_s,valence,arousal\n90,0,0\n91,0,0\n", {}, r"no label for any of the 50 frames up to 1\.96 s"),
        ("", {}, "no rows of labels"),
    ],
)
def test_what_is_wrong_is_told_with_file_row_value_and_what_was_expected(tmp_path, content, settings, message):
    file = tmp_path / "bad.csv"
    file.write_text(content)
    with pytest.raises(AnnotationError, match=message) as error:
        read_ratings(form(file, **settings), PTS_S)
    assert str(file) in str(error.value)


def test_missing_and_binary_files_are_told(tmp_path):
    with pytest.raises(AnnotationError, match="it is missing, or no file"):
        read_ratings(form(tmp_path / "none.csv"), PTS_S)
    (tmp_path / "b.csv").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(AnnotationError, match="UTF-8 text"):
        read_ratings(form(tmp_path / "b.csv"), PTS_S)
    (tmp_path / "j.json").write_text('{"frames": [1]}')
    with pytest.raises(AnnotationError, match="expected an object with `frames`"):
        read_ratings(form(tmp_path / "j.json"), PTS_S)
