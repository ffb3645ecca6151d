"""The command that does the whole study, on features that are made here."""

from __future__ import annotations

import csv
import json
import shutil

import pandas as pd
import pytest

from iaca.__main__ import main
from iaca.checkpoints import load_checkpoint
from iaca.features.feature_files import write_features
from iaca.study.findings import Study
from tests.conftest import make_features

PARTS = (
    "**CA+IACA - CA** (does the wrapper help?)", "**Headroom over CA**", "## Primary contrasts", "attainable switch",
    "forced gates: stage 1 on self", "told the episodes", "Concat", "CA+constant gates", "CA+blind gates", "CA+GMU",
    "paper-strict", "Visual alone", "stage 1 alone", "## Scores on the test draw", "Audio missing, valence",
    "Do the gates move?", "Are the gates evidence?", "Faithfulness", "On 2 test subjects",
)  # fmt: skip
TABLES = (
    "results", "scores", "test_scores", "subjects", "differences", "primary", "headroom", "missing", "gates", "health",
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
    options = ["--features", folder, "--out", out, "--seeds", 2, "--fusion", "concat", "ca", "--quick", "--workers", 1]
    assert main(["reproduce", *map(str, options)]) == 0
    return out, options


def test_the_report_has_every_part_and_is_written_again_word_for_word(reproduced, capsys):
    out, options = reproduced
    report = (out / "report.md").read_text(encoding="utf-8")
    for part in PARTS:
        assert part in report, part
    assert "too few subjects" in report  # the test draw has two
    for table in TABLES:
        assert len(pd.read_parquet(out / f"{table}.parquet")), table
    results = pd.read_parquet(out / "results.parquet")
    assert set(results[results.draw == "test"].subject) == {"test-validation0", "test-validation1"}
    assert set(results[results.draw == "test"].variant) == set(results.variant)
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


def test_another_study_does_not_overwrite_one_that_is_there(reproduced, folder, capsys):
    out, options = reproduced
    before = {file.name: file.read_bytes() for file in out.glob("*.*")}
    write_features(folder / "test" / "late.safetensors", make_features(300, 8, seed=99, subject="late"))
    try:
        assert main(["reproduce", *map(str, options)]) == 1
        assert "expected an empty --out folder" in capsys.readouterr().err
    finally:
        (folder / "test" / "late.safetensors").unlink()
    assert {file.name: file.read_bytes() for file in out.glob("*.*")} == before


def test_the_label_memory_curve_trains_on_corpora_that_say_their_memory(folder, tmp_path, capsys):
    memories = {}
    for name, memory_s in (("own", 11.0), ("short", 2.2), ("same", 11.0), ("silent", None)):
        memories[name] = shutil.copytree(folder, tmp_path / name, ignore=shutil.ignore_patterns("test"))
        says = {} if memory_s is None else {"emotion_memory_s": memory_s}
        (memories[name] / "corpus.json").write_text(json.dumps(says | {"synthetic": True}))
    options = ["--out", tmp_path / "out", "--seeds", 1, "--fusion", "concat", "ca", "--quick", "--workers", 1]
    options = ["reproduce", "--features", memories["own"], *options, "--memories"]
    for name, sentence in (("silent", "has no corpus.json with emotion_memory_s"), ("same", "as another folder has")):
        assert main([*map(str, options), str(memories[name])]) == 1
        assert sentence in capsys.readouterr().err
    assert main([*map(str, options), str(memories["short"])]) == 0
    assert "## Label memory" in capsys.readouterr().out
    curve = pd.read_parquet(tmp_path / "out" / "memory.parquet")
    assert set(curve.memory_s) == {2.2, 11.0}
    assert set(curve.variant) == {"concat", "ca", "ca_blind_gates", "ca_iaca"}
    scores = pd.read_parquet(tmp_path / "out" / "scores.parquet")
    own = scores[(scores.variant == "ca") & (scores.group == "all") & (scores.target == "valence")]
    at_11_s = curve[(curve.memory_s == 11.0) & (curve.variant == "ca") & (curve.target == "valence")]
    assert at_11_s.ccc.iloc[0] == pytest.approx(own.ccc.iloc[0])


@pytest.mark.parametrize(
    ("option", "sentence"),
    [
        (("--seeds", "0"), "--seeds is 0; expected a whole number from 1"),
        (("--workers", "0"), "workers are 0; expected a whole number from 1"),
        (("--address", "auto"), "an address is given with the engine local; expected it with ray"),
        (("--videos", "nowhere"), "--videos is nowhere, which does not exist"),
        (("--published", "none.csv"), "none.csv"),
        (("--epochs", "0"), "--epochs is 0; expected a whole number from 1"),
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
    assert "### As published" in capsys.readouterr().out


def test_presets_and_epochs_are_those_of_every_model_and_never_mix_with_others(folder, tmp_path, capsys):
    options = ["--features", folder, "--out", tmp_path, "--seeds", 1, "--fusion", "concat", "--quick", "--workers", 1]
    options = ["reproduce", *map(str, options), "--preset", "paper_strict", "--preset", "authors"]
    assert main([*options, "--epochs", "1"]) == 0
    config = load_checkpoint(tmp_path / "runs" / "concat-0.safetensors").config
    assert config.normalise == "l2"
    run = json.loads((tmp_path / "runs" / "concat-0.json").read_text(encoding="utf-8"))["identity"]["training"]
    assert (run["epochs"], run["schedule"], run["optimiser"], run["steps_per_epoch"]) == (1, "loss_plateau", "adam", 2)
    assert main(options) == 1
    assert "expected an empty --out folder" in capsys.readouterr().err
