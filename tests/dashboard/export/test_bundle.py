"""Many moments as one zip."""

from __future__ import annotations

import csv
import io
import zipfile

import av
import numpy as np
import pytest

from dashboard.export.bundle import COLUMNS, MANIFEST, MomentError, Part, Piece, frames_of, write_bundle
from dashboard.export.printed_rows import View
from dashboard.timeline.declared import Column, Curve, Row, Samples
from iaca.figures import palette

PTS_S = np.arange(100) / 25.0
FACTS = {"subject": "anna", "moment": "note", "about": "=1+1", "models": "CA = ca.safetensors", "what_if": ""}


def view():
    curve = Curve("truth", "valence", palette.TRUTH.colour)
    row = Row("valence", "Valence", "valence", "", (-1.0, 1.0), (-1.0, 0.0, 1.0), 100, (curve,))
    values = Samples(np.sin(PTS_S).astype(np.float32), "frames")
    return View("anna", [row], (), {Column("valence"): values}, PTS_S)


def absent():
    raise MomentError("ben has no features; expected some")


PIECES = (
    Piece(FACTS, lambda: Part("anna_0.4-1.2s", view(), (10, 30), None, "CB is left out")),
    Piece(FACTS | {"subject": "ben"}, absent),
    Piece(FACTS, lambda: Part("anna_2.0-2.2s", view(), (50, 55), None)),
)


def manifest(archive):
    return list(csv.DictReader(io.StringIO(archive.read(MANIFEST).decode())))


def test_every_moment_is_a_file_of_each_kind_or_a_line_that_says_why_not(tmp_path):
    seen = []
    path = tmp_path / "zips" / "moments.zip"
    count = write_bundle(
        path, PIECES, ("svg", "mp4"), width_in=3.5, said=str.upper, progress=lambda *now: seen.append(now[:2])
    )
    assert count == 4
    with zipfile.ZipFile(path) as archive:
        rows = manifest(archive)
        assert tuple(rows[0]) == COLUMNS
        files = [row["file"] for row in rows if row["file"]]
        assert sorted(archive.namelist()) == sorted([*files, MANIFEST])
        assert files[:2] == ["001_anna_0.4-1.2s.svg", "001_anna_0.4-1.2s.mp4"]
        with av.open(io.BytesIO(archive.read("003_anna_2.0-2.2s.mp4"))) as film:
            assert sum(1 for _ in film.decode(video=0)) == 6
    assert [row["problem"] for row in rows] == ["CB IS LEFT OUT"] * 2 + ["BEN HAS NO FEATURES; EXPECTED SOME", "", ""]
    assert (rows[0]["first_frame"], rows[0]["last_frame"], rows[0]["start_s"], rows[0]["end_s"]) == (
        "10", "30", "0.400", "1.200",
    )  # fmt: skip
    assert rows[0]["about"] == "'=1+1"  # no spreadsheet takes it for a formula
    assert seen[0] == (0, 6)
    assert seen[-1] == (6, 6)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert [file.name for file in path.parent.iterdir()] == ["moments.zip"]


def test_the_same_moments_are_the_same_zip_and_a_stopped_one_leaves_nothing(tmp_path):
    for name in ("a.zip", "b.zip"):
        write_bundle(tmp_path / name, PIECES[:1], ("pdf",), width_in=3.5)
    assert (tmp_path / "a.zip").read_bytes() == (tmp_path / "b.zip").read_bytes()

    def stop(done, total, title=""):
        if done == 1:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_bundle(tmp_path / "c.zip", PIECES, ("svg",), width_in=3.5, progress=stop)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["a.zip", "b.zip"]


@pytest.mark.parametrize(
    ("start_s", "end_s", "frames"),
    [(2.0, None, (25, 75)), (0.1, None, (0, 50)), (3.9, None, (49, 99)), (1.0, 1.2, (25, 30)), (3.0, 9.0, (75, 99))],
)
def test_a_moment_is_in_the_middle_and_a_span_is_shown_as_it_is(start_s, end_s, frames):
    assert frames_of(PTS_S, start_s, end_s, 2.0) == frames


@pytest.mark.parametrize(("start_s", "end_s"), [(4.1, None), (1.0, 1.01)])
def test_what_is_not_in_the_recording_is_refused(start_s, end_s):
    with pytest.raises(MomentError, match="expected"):
        frames_of(PTS_S, start_s, end_s, 2.0)
