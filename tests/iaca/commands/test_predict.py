"""python -m iaca predict."""

from __future__ import annotations

import errno
import os
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest

from iaca.__main__ import main
from iaca.checkpoints import load_checkpoint, save_checkpoint
from iaca.config import DropoutConfig
from iaca.features.feature_files import read_features, write_features
from iaca.inference import add_influence, infer, relationships
from iaca.types import TRACE_COLUMNS
from tests import reference
from tests.conftest import make_features, make_model


@pytest.fixture
def project(tmp_path):
    """A feature file and a model."""
    write_features(tmp_path / "someone.safetensors", make_features(500, 4))
    save_checkpoint(tmp_path / "model.safetensors", make_model(iaca=True), backbones=make_features().backbones)
    return tmp_path


def predict(project, out, *more):
    options = ["--features", project / "someone.safetensors", "--checkpoint", project / "model.safetensors"]
    return main(["predict", *map(str, [*options, "--out", project / out, *more])])


@pytest.mark.parametrize("out", ["trace.parquet", "trace.csv"])
def test_the_table_is_the_trace(project, out):
    assert predict(project, out) == 0
    table = pd.read_parquet(project / out) if out.endswith("parquet") else pd.read_csv(project / out)
    expected = infer(
        read_features(project / "someone.safetensors"), load_checkpoint(project / "model.safetensors")
    ).frames
    assert tuple(table.columns) == TRACE_COLUMNS
    pd.testing.assert_frame_equal(table, expected, check_dtype=False, rtol=1e-5)


@pytest.mark.parametrize("pattern", ["scattered", "block"])
def test_dropped_clips_are_those_of_the_written_rule_and_of_inference(project, pattern):
    assert predict(project, "t.parquet", "--drop-audio", 0.4, "--pattern", pattern, "--seed", 5) == 0
    table = pd.read_parquet(project / "t.parquet")
    dropped = reference.dropped_clips(0.4, pattern, 5, 125)
    assert table.audio_dropped.tolist() == [frame // 4 in dropped for frame in range(500)]
    features, checkpoint = (
        read_features(project / "someone.safetensors"),
        load_checkpoint(project / "model.safetensors"),
    )
    trace = infer(features, checkpoint, [DropoutConfig(share=0.4, pattern=pattern, seed=5)])
    assert set(np.flatnonzero(trace.frames.audio_dropped[features.frame])) == dropped
    np.testing.assert_allclose(table.arousal, trace.frames.arousal, rtol=1e-5)


@pytest.mark.parametrize(
    ("out", "more", "message"),
    [
        ("t.xlsx", [], "expected a name that ends in .parquet or .csv"),
        ("t.csv", ["--drop-audio", 1.5], "share is 1.5; expected a number from 0 to 1"),
        ("t.csv", ["--pattern", "stripes"], "expected one of: scattered, block"),
        ("t.csv", ["--gate-temperature", 0], "expected a number above 0"),
        ("t.csv", ["--device", "abacus"], "device is 'abacus'"),
    ],
)
def test_bad_arguments_are_told_in_one_sentence(project, capsys, out, more, message):
    assert predict(project, out, *more) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (project / out).exists()


@pytest.mark.parametrize("name", ["someone", "model"])
def test_missing_and_truncated_files_are_named(project, capsys, name):
    file = project / f"{name}.safetensors"
    content = file.read_bytes()
    file.write_bytes(content[:100])
    assert predict(project, "t.csv") == 1
    assert f"{name}.safetensors" in capsys.readouterr().err
    file.unlink()
    assert predict(project, "t.csv") == 1
    assert f"{name}.safetensors" in capsys.readouterr().err
    assert not (project / "t.csv").exists()


def test_features_of_another_backbone_are_refused_by_name(project, capsys):
    features = read_features(project / "someone.safetensors")
    other = features.backbones | {"audio": {"name": "other_ears", "sha256": "f" * 64}}
    write_features(project / "someone.safetensors", features._replace(backbones=other))
    assert predict(project, "t.csv") == 1
    assert "audio was made by backbone other_ears" in capsys.readouterr().err


def test_a_full_disk_is_one_sentence_and_the_old_table_stays(project, monkeypatch, capsys):
    assert predict(project, "t.csv") == 0
    before = (project / "t.csv").read_bytes()
    with monkeypatch.context() as full:
        full.setattr("iaca.files.os.fsync", Mock(side_effect=OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))))
        assert predict(project, "t.csv", "--drop-audio", 0.4) == 1
    assert capsys.readouterr().err.strip() == f"error: {project / 't.csv'}: No space left on device"
    assert (project / "t.csv").read_bytes() == before
    assert predict(project, "t.csv", "--drop-audio", 0.4) == 0


def test_influences_and_relationships_are_columns_where_they_are_asked_for(project):
    assert predict(project, "t.parquet", "--influence", "--threshold", 0.02, "--drop-audio", 0.2) == 0
    table = pd.read_parquet(project / "t.parquet")
    features = read_features(project / "someone.safetensors")
    checkpoint = load_checkpoint(project / "model.safetensors")
    dropouts = [DropoutConfig(share=0.2)]
    expected = add_influence(infer(features, checkpoint, dropouts), features, checkpoint, dropouts).frames
    pd.testing.assert_frame_equal(table[expected.columns], expected, check_dtype=False, rtol=1e-4, atol=1e-5)
    for target in ("valence", "arousal"):
        audio, visual = (expected[f"{target}_{m}_influence"].to_numpy() for m in ("audio", "visual"))
        assert table[f"{target}_relationship"].tolist() == relationships(audio, visual, 0.02).tolist()


@pytest.mark.parametrize("more", [("--threshold", 0.2), ("--influence", "--threshold", 0)])
def test_a_threshold_that_cannot_be_is_one_sentence(project, capsys, more):
    assert predict(project, "t.parquet", *more) != 0
    assert "--threshold" in capsys.readouterr().err
    assert not (project / "t.parquet").exists()


@pytest.fixture
def folder(project):
    """Three subjects of two splits and two models, of which the second has neither gates nor valence."""
    people = project / "people"
    for k, name in enumerate(("anna", "ben", "carl")):
        split = "test" if name == "ben" else "validation"
        write_features(
            people / f"{name}.safetensors", make_features(300 + 100 * k, 4, seed=k, subject=name, split=split)
        )
    other = make_model(seed=3, iaca=False, targets=("arousal",))
    save_checkpoint(project / "other.safetensors", other, backbones=make_features().backbones)
    return project


def predict_all(folder, out, *more):
    models = ["--checkpoint", folder / "model.safetensors", folder / "other.safetensors"]
    return main(["predict", *map(str, ["--features", folder / "people", *models, "--out", folder / out, *more])])


def test_a_folder_becomes_one_table_of_all_subjects_and_models(folder):
    assert predict_all(folder, "all.parquet", "--drop-audio", 0.4, "--influence") == 0
    table = pd.read_parquet(folder / "all.parquet")
    assert len(table) == 2 * (300 + 400 + 500)
    assert list(table.columns[:2]) == ["subject", "model"]
    dropouts = [DropoutConfig(share=0.4)]
    for model in ("model", "other"):
        features = read_features(folder / "people" / "carl.safetensors")
        checkpoint = load_checkpoint(folder / f"{model}.safetensors")
        expected = add_influence(infer(features, checkpoint, dropouts), features, checkpoint, dropouts).frames
        own = table[(table["subject"] == "carl") & (table["model"] == model)].reset_index(drop=True)
        pd.testing.assert_frame_equal(own[expected.columns], expected, check_dtype=False, rtol=1e-4, atol=1e-5)
    assert set(table["valence_relationship"][table["model"] == "other"]) == {""}


def test_a_folder_is_filtered_by_split_and_by_name(folder):
    assert predict_all(folder, "some.parquet", "--split", "validation", "--subjects", "anna", "ben") == 0
    assert set(pd.read_parquet(folder / "some.parquet")["subject"]) == {"anna"}


@pytest.mark.parametrize(
    ("out", "more", "message"),
    [
        ("all.csv", [], "ends in .parquet for a folder"),
        ("all.parquet", ["--split", "tests"], "expected one of"),
        ("all.parquet", ["--subjects", "zoe"], "'zoe'"),
        ("all.parquet", ["--split", "train"], "no feature file"),
    ],
)
def test_what_a_folder_cannot_give_is_one_sentence(folder, capsys, out, more, message):
    assert predict_all(folder, out, *more) == 1
    assert message in capsys.readouterr().err
    assert not (folder / out).exists()


def test_a_damaged_subject_is_named_and_no_table_is_written(folder, capsys):
    file = folder / "people" / "carl.safetensors"
    file.write_bytes(file.read_bytes()[:-4000])
    assert predict_all(folder, "all.parquet") == 1
    assert "carl.safetensors" in capsys.readouterr().err
    assert list(folder.glob("*.parquet")) == []


def test_a_process_of_its_own_writes_the_same_file_and_says_the_same_of_a_damaged_subject(folder, capsys):
    assert predict_all(folder, "here.parquet", "--influence") == 0
    assert predict_all(folder, "apart.parquet", "--influence", "--workers", 1) == 0  # the largest first
    assert (folder / "apart.parquet").read_bytes() == (folder / "here.parquet").read_bytes()
    file = folder / "people" / "ben.safetensors"
    file.write_bytes(file.read_bytes()[:-4000])
    said = []
    for workers in ((), ("--workers", 1)):
        capsys.readouterr()
        assert predict_all(folder, "none.parquet", *workers) == 1
        said.append([line for line in capsys.readouterr().err.splitlines() if line.startswith("error: ")])
    assert said[0] == said[1] != []
    assert not (folder / "none.parquet").exists()


def test_workers_are_for_a_folder(project, capsys):
    assert predict(project, "t.csv", "--workers", 2) == 1
    assert "are for a folder" in capsys.readouterr().err


def test_several_models_of_one_file_are_refused(folder, capsys):
    assert predict(folder, "t.csv", "--split", "test") == 1
    assert "are for a folder" in capsys.readouterr().err
