"""The command that does the whole study, on features that are made here."""

from __future__ import annotations

import csv

import pandas as pd
import pytest

from iaca.__main__ import main
from iaca.features.feature_files import write_features
from iaca.study.findings import Study
from tests.conftest import make_features

PARTS = (
    "IACA on CA, extensions", "Concat", "CA+constant gates", "CA+blind gates", "paper-strict", "stage 1 alone",
    "Audio missing, valence", "Are the gates evidence?", "Faithfulness", "confirmed on the test draw",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Features of two training, six validation and two test subjects, with episodes."""
    root = tmp_path_factory.mktemp("features")
    for split, count, place in (("train", 2, root), ("validation", 6, root), ("validation", 2, root / "test")):
        names = [f"{place.name}-{split}{i}" for i in range(count)]
        for i, name in enumerate(names):
            item = make_features(300, 8, seed=10 * count + i, subject=name, split=split)
            write_features(place / f"{name}.safetensors", item)
        if split == "validation":
            with (place / "episodes.csv").open("w", newline="") as file:
                rows = csv.writer(file)
                rows.writerow(("subject", "start_s", "end_s", "modality", "kind", "truth_modality"))
                rows.writerow((names[0], 2, 6, "audio", "noise", ""))
    return root


@pytest.fixture(scope="module")
def reproduced(folder, tmp_path_factory):
    out = tmp_path_factory.mktemp("study")
    options = ["--features", folder, "--out", out, "--seeds", 2, "--fusion", "concat", "ca", "--quick", "--jobs", 1]
    assert main(["reproduce", *map(str, options)]) == 0
    return out, options


def test_the_report_has_every_part_and_the_test_draw_is_looked_at_once(reproduced, folder, capsys):
    out, options = reproduced
    report = (out / "report.md").read_text(encoding="utf-8")
    for part in PARTS:
        assert part in report, part
    assert "too few subjects" in report  # the test draw has two
    for table in ("results", "scores", "subjects", "differences", "missing", "gates"):
        assert len(pd.read_parquet(out / f"{table}.parquet"))
    assert set(pd.read_parquet(out / "confirmation.parquet").subject) == {"test-validation0", "test-validation1"}
    assert {file.suffix for file in (out / "figures").iterdir()} == {".svg", ".png"}

    capsys.readouterr()
    assert main(["reproduce", *map(str, options)]) == 0  # nothing is trained again
    assert capsys.readouterr().out.strip() == report.strip()
    assert main(["reproduce", *map(str, options), "--report-only"]) == 0
    assert capsys.readouterr().out.strip() == report.strip()
    study = Study.read(out)
    assert (study.seeds, study.training_subjects, study.validation_subjects, study.test_subjects) == (2, 2, 6, 2)
    assert not study.synthetic
    assert study.follows in report

    write_features(folder / "test" / "late.safetensors", make_features(300, 8, seed=99, subject="late"))
    try:
        assert main(["reproduce", *map(str, options)]) == 1
        assert "it is scored once" in capsys.readouterr().err
    finally:
        (folder / "test" / "late.safetensors").unlink()


def test_another_study_does_not_overwrite_one_whose_test_draw_was_looked_at(reproduced, capsys):
    out, options = reproduced
    before = {file.name: file.read_bytes() for file in out.glob("*.*")}
    options = ["--seeds", 1, *(one for one in options if one not in ("--seeds", 2))]
    assert main(["reproduce", *map(str, options)]) == 1
    assert "it is scored once" in capsys.readouterr().err
    assert {file.name: file.read_bytes() for file in out.glob("*.*")} == before


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        (("--seeds", "0"), "--seeds is 0; expected a whole number from 1"),
        (("--jobs", "0"), "--jobs is 0; expected a whole number from 1"),
        (("--videos", "nowhere"), "--videos is nowhere, which does not exist"),
        (("--published", "none.csv"), "none.csv"),
    ],
)
def test_bad_options_are_named(folder, tmp_path, capsys, option, sentence):
    assert main(["reproduce", "--features", str(folder), "--out", str(tmp_path), "--quick", *option]) == 1
    assert sentence in capsys.readouterr().err


def test_published_scores_stand_apart_and_say_whose_data_they_are_of(reproduced, tmp_path, capsys):
    _, options = reproduced
    file = tmp_path / "published.csv"
    file.write_text("model,valence,arousal\nSome model,0.25,0.5\n", encoding="utf-8")
    assert main(["reproduce", *map(str, options), "--published", str(file)]) == 0
    assert "As published, on Aff-Wild2" in capsys.readouterr().out
