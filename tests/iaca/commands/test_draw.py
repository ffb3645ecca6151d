"""python -m iaca draw."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import pytest

from iaca.__main__ import main
from iaca.checkpoints import load_checkpoint, save_checkpoint
from iaca.config import DropoutConfig
from iaca.features.feature_files import read_features, write_features
from iaca.inference import infer
from iaca.study.overview import best_and_worst
from tests.conftest import make_features, make_model


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    root = tmp_path_factory.mktemp("draw")
    for k, name in enumerate(("anna", "ben")):
        write_features(root / "features" / f"s{k}.safetensors", make_features(300, 4, seed=k, subject=name))
    for name, iaca in (("base", False), ("gated", True)):
        save_checkpoint(root / f"{name}.safetensors", make_model(iaca=iaca), backbones=make_features().backbones)
    notes = [
        {"subject": "ben", "start_s": 2.0, "end_s": 4.0, "text": "a range"},
        {"subject": "carl", "start_s": 2.0, "end_s": None, "text": "=nobody"},
    ]
    content = {"format": "iaca notes", "version": 1, "notes": notes, "views": []}
    (root / "notes.json").write_text(json.dumps(content), encoding="utf-8")
    return root


def draw(project, out, *more):
    models = [project / f"{name}.safetensors" for name in ("base", "gated")]
    options = ["--features", project / "features", "--checkpoint", *models, "--out", project / out, *more]
    return main(["draw", *map(str, options)])


def table(archive):
    return list(csv.DictReader(io.StringIO(archive.read("manifest.csv").decode())))


def test_the_moment_of_each_subject_is_where_the_second_model_loses_most(project):
    assert draw(project, "worst.zip", "--at", "worst", "--as", "svg", "--drop-audio", 0.5, "--seconds", 2) == 0
    with zipfile.ZipFile(project / "worst.zip") as archive:
        rows = table(archive)
        assert set(archive.namelist()) == {*(row["file"] for row in rows), "manifest.csv"}
    assert [row["subject"] for row in rows] == ["anna", "ben"]
    features = read_features(project / "features" / "s1.safetensors")
    base, gated = (
        infer(features, load_checkpoint(project / f"{name}.safetensors"), [DropoutConfig(share=0.5)])
        for name in ("base", "gated")
    )
    _, place = best_and_worst(gated, "valence", base)
    assert int(rows[1]["first_frame"]) <= place <= int(rows[1]["last_frame"])
    assert "audio-dropped-50pct-scattered" in rows[1]["file"]


def test_noted_moments_are_drawn_and_an_unknown_subject_is_a_line(project):
    assert draw(project, "noted.zip", "--notes", project / "notes.json", "--as", "png", "pdf") == 0
    with zipfile.ZipFile(project / "noted.zip") as archive:
        rows = table(archive)
        assert archive.read(rows[0]["file"]).startswith(b"%PDF")
    assert [(row["subject"], row["start_s"], row["end_s"]) for row in rows[:2]] == [("ben", "2.000", "4.000")] * 2
    assert rows[2]["file"] == ""
    assert "carl has no features" in rows[2]["problem"]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--as", "docx"), "expected one of: svg, pdf, png, mp4"),
        (("--at", "first"), "expected one of: best, worst"),
        (("--seconds", "0"), "above 0"),
        (("--notes", "nowhere"), "does not exist"),
        (("--data", "nowhere"), "does not exist"),
        (("--out", "x.tar"), "ends in .zip"),
        (("--split", "tests"), "expected one of"),
    ],
)
def test_what_cannot_be_drawn_is_one_sentence(project, capsys, more, message):
    assert draw(project, "none.zip", *more) == 1
    assert message in capsys.readouterr().err
    assert not (project / "none.zip").exists()
