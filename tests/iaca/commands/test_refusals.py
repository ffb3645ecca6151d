"""What cannot be is refused before any work, in one sentence; nothing is read, written or left behind."""

from __future__ import annotations

import pytest

from iaca.__main__ import main
from iaca.checkpoints import save_checkpoint
from iaca.features.feature_files import write_features
from tests.conftest import make_features, make_model

TRAIN = ("train", "--features", "f", "--out", "m.safetensors")
EVALUATE = ("evaluate", "--features", "f", "--checkpoint", "ca.safetensors")
PREDICT = ("predict", "--features", "f/a.safetensors", "--checkpoint", "ca.safetensors", "--out")
REPRODUCE = ("reproduce", "--features", "f", "--out", "r")
BACKBONE = ("train-backbone", "empty", "--modality", "audio", "--out", "b.safetensors")
EXTRACT = ("extract", "empty", "--out", "x")
BUILD = ("demo", "build", "--out", "d")


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with features, a model and an empty folder, which is the working folder."""
    monkeypatch.chdir(tmp_path)
    for name in ("a", "b"):
        write_features(tmp_path / "f" / f"{name}.safetensors", make_features(200, 8, subject=name, split="train"))
    save_checkpoint(tmp_path / "ca.safetensors", make_model(), backbones=make_features().backbones)
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "dim.toml").write_text("[fusion]\naudio_dim = 5\n")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("index", ""), "it is ''; expected the name of a file or folder"),
        (("index", "a\0b"), "expected the name of a file or folder"),
        (("index", "empty", "--cache", "empty"), "--cache is empty, which is a folder; expected a file"),
        (("index", "empty", "--cache", "file/c.json"), "file cannot be written"),
        ((*PREDICT, "t.csv", "--device", ""), "device is ''; expected one of"),
        ((*PREDICT, "file/t.csv"), "file cannot be written"),
        ((*PREDICT, "t.csv", "--seed", "-1"), "--seed is -1; expected a whole number from 0"),
        ((*TRAIN, "--config", "dim.toml"), "dim.toml has audio_dim = 5; the features have 12"),
        ((*TRAIN, "--set", "training.learning_rate=1e-300"), "learning_rate is 1e-300; expected a number above 0"),
        ((*TRAIN, "--set", "training.clip_norm=1e300"), "clip_norm is 1e+300; expected a number above 0, from"),
        ((*TRAIN, "--set", "training.epochs=1000000000000"), "epochs is 1000000000000; expected at most"),
        ((*TRAIN, "--log", "file"), "file cannot be written"),
        ((*TRAIN, "--device", "cuda:99"), "device is 'cuda:99'"),
        ((*EVALUATE, "--split", "x"), "--split is 'x'; expected one of: train, validation, test"),
        ((*EVALUATE, "missing.safetensors"), "missing.safetensors"),
        ((*EVALUATE, "--predictions", "file"), "file cannot be written"),
        ((*EVALUATE, "--predictions", "p", "--list", "none.txt"), "--list is none.txt, which does not exist"),
        ((*REPRODUCE, "--workers", "0"), "workers are 0; expected a whole number from 1"),
        ((*REPRODUCE, "--tca-layers", "0"), "--tca-layers is 0"),
        (("reproduce", "--features", "f", "--out", "file"), "file cannot be written"),
        ((*REPRODUCE, "--device", "abacus"), "device is 'abacus'"),
        ((*BACKBONE, "--cache", "file"), "file cannot be written"),
        ((*BACKBONE, "--device", "abacus"), "device is 'abacus'"),
        (("train-backbone", "nowhere", *BACKBONE[2:]), "ROOT is nowhere, which does not exist; expected a folder"),
        ((*EXTRACT, "--clip-stride", "3"), "clip_stride is 3"),
        ((*EXTRACT, "--shard", "2/2"), "--shard is '2/2'"),
        (("extract", "nowhere", "--out", "x"), "ROOT is nowhere, which does not exist; expected a folder"),
        ((*BUILD, "--seconds", "inf"), "seconds is inf; expected 2 to 3600"),
        ((*BUILD, "--seed", "99999999999999999999"), "seed is 99999999999999999999; expected a whole number from 0"),
        (("demo", "train", "--work", "w", "--demo", "d", "--checkpoints", "c", "--seeds", "0"), "--seeds is 0"),
        (("demo", "train", "--work", "w", "--demo", "d", "--checkpoints", "file"), "file cannot be written"),
        (("dashboard", "--jobs", "0"), "--jobs is 0; expected a whole number from 1"),
        (("dashboard", "--visit-quota", "nan"), "--visit-quota is nan; expected a number above 0"),
        (("dashboard", "--upload-quota", "-1"), "--upload-quota is -1; expected a number above 0"),
        (("dashboard", "--data", "nowhere"), "--data is nowhere, which does not exist; expected a folder"),
    ],
)  # fmt: skip
def test_a_bad_argument_is_told_in_one_sentence_and_nothing_is_written(here, capsys, arguments, sentence):
    written = set(here.rglob("*.*"))
    try:
        code = main(arguments)
    except SystemExit as ended:  # argparse
        code = ended.code
    assert code in (1, 2)
    told = capsys.readouterr().err
    assert sentence in told
    assert "Traceback" not in told
    assert set(here.rglob("*.*")) == written


@pytest.mark.parametrize("place", ["test", "videos"])
def test_a_study_refuses_what_only_its_last_steps_read_before_it_trains(here, capsys, place):
    write_features(here / "f" / "v.safetensors", make_features(200, 8, subject="v"))
    if place == "test":
        item = make_features(200, 8, subject="t")
        other = item.backbones | {"audio": {"name": "other_ears", "sha256": "f" * 64}}
        write_features(here / "t" / "t.safetensors", item._replace(backbones=other))
        options, sentence = ("--test", "t"), "features of t come from other backbones"
    else:
        options, sentence = ("--videos", "empty"), "hold no strong and no weak subject"
    assert main([*REPRODUCE, "--quick", "--fusion", "ca", "--seeds", "1", "--workers", "1", *options]) == 1
    assert sentence in capsys.readouterr().err
    assert not list((here / "r").rglob("*.*"))
