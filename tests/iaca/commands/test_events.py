"""`iaca events` prints what `find_events` finds, of every subject and model."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from iaca.__main__ import main
from iaca.checkpoints import load_checkpoint, save_checkpoint
from iaca.features.feature_files import write_features
from iaca.inference import infer
from tests.conftest import make_features, make_model

EPISODES = "subject,start_s,end_s,modality,kind,truth_modality\ns0,1.0,4.0,visual,blur,\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("events")
    (root / "features").mkdir()
    for i in range(3):
        item = make_features(200, 8, seed=i, subject=f"s{i}")
        write_features(root / "features" / f"s{i}.safetensors", item)
    for seed, name in enumerate(("ca", "ca_iaca")):
        save_checkpoint(root / f"{name}.safetensors", make_model(seed, iaca=bool(seed)), backbones=item.backbones)
    (root / "episodes.csv").write_text(EPISODES)
    return root


def asked(folder, *more):
    models = [str(folder / f"{name}.safetensors") for name in ("ca", "ca_iaca")]
    return ["events", "--features", str(folder / "features"), "--checkpoint", *models, *more]


def test_events_and_counts_are_csv_and_a_model_without_gates_has_none(folder, capsys):
    search = ["--where", "valence_stage2_visual > 0.3", "--for", "0.3", "--drop-audio", "0.5"]
    assert main(asked(folder, *search)) == 0
    said = capsys.readouterr()
    events = pd.read_csv(io.StringIO(said.out))
    assert set(events.model) == {"ca_iaca"}
    assert events.length_s.min() >= 0.3 - 1e-6
    assert "ca: 0 events in 0 of 3 subjects" in said.err
    assert f"ca_iaca: {len(events)} events in {events.subject.nunique()} of 3 subjects" in said.err
    assert main(asked(folder, *search, "--counts")) == 0
    counts = pd.read_csv(io.StringIO(capsys.readouterr().out)).set_index(["model", "subject"])
    assert len(counts) == 6
    assert counts.loc["ca_iaca"].events.sum() == len(events)


def test_all_conditions_have_to_be_met_and_subjects_without_known_episodes_are_not_clean(folder, capsys):
    assert main(asked(folder, "--where", "valence > 0", "--where", "face is corrupted")) == 0
    events = pd.read_csv(io.StringIO(capsys.readouterr().out))
    inside = {name: np.zeros(200, bool) for name in ("ca", "ca_iaca")}
    for event in events.itertuples():
        assert event.subject == "s0"
        inside[event.model][event.first_frame : event.last_frame + 1] = True
    features = make_features(200, 8, seed=0, subject="s0")
    blurred = (features.pts_s >= 1.0) & (features.pts_s < 4.0)
    for name, found in inside.items():
        said = infer(features, load_checkpoint(folder / f"{name}.safetensors")).columns["valence"]
        np.testing.assert_array_equal(found, (said > 0) & blurred)
    assert main(asked(folder, "--where", "face is clean", "--counts")) == 0
    counts = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert set(counts[counts.events > 0].subject) == {"s0"}


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (["--where", "stage2_visual > 0.7"], "expected 'valence_stage2_visual' or"),
        (["--where", "valence > 0", "--for", "-1"], "the shortest event is -1 s"),
        (["--where", "valence > 0", "--threshold", "0"], "the threshold of influence is 0"),
        (["--where", "valence > 0", "--split", "dev"], "--split is 'dev'"),
        (["--where", "valence > 0", "--pattern", "range"], "--pattern is 'range'"),
        (["--where", "valence > 0", "--episodes", "none.csv"], "--episodes is none.csv"),
        (["--where", "valence > 0", "--subjects", "nobody"], "'nobody'"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(folder, capsys, extra, said):
    assert main(asked(folder, *extra)) == 1
    assert said in capsys.readouterr().err
