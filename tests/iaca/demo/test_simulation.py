"""Simulated features: the known answer comes out of the features by other means, and nothing else does."""

from __future__ import annotations

import json

import numpy as np
import pytest

from iaca.__main__ import main
from iaca.data.episodes import read_episodes
from iaca.demo.corpus_plan import CorpusError
from iaca.demo.simulation import Simulation, simulate
from iaca.features.folder import read_folder
from iaca.metrics import ccc

PEOPLE = {"training": 60, "validation": 40}


def clips_of(folder, split, *, know):
    """Inputs and valence at the clips: all features with a constant, and, if episodes are known, one set a state."""
    episodes = read_episodes(folder / "episodes.csv")
    inputs, labels = [], []
    for item in read_folder(folder, split):
        x = np.concatenate((item.audio, item.visual, np.ones((len(item.frame), 1))), axis=1)
        if know:
            wrong = {m: np.zeros(len(item.pts_s), bool) for m in ("audio", "visual")}
            for one in episodes:
                if one.subject == item.subject:
                    wrong[one.modality] |= (item.pts_s >= one.start_s - 1e-6) & (item.pts_s < one.end_s - 1e-6)
            state = wrong["audio"][item.frame] + 2 * wrong["visual"][item.frame]
            x = np.concatenate([x * (state == s)[:, None] for s in range(3)], axis=1)
        inputs.append(x)
        labels.append(item.valence[item.frame])
    return np.concatenate(inputs), np.concatenate(labels)


def score(folder, *, know):
    """CCC of least squares on the features, as wide as the labels of the training people."""
    (x, y), (x_new, y_new) = (clips_of(folder, split, know=know) for split in ("train", "validation"))
    weights = np.linalg.lstsq(x, y, rcond=None)[0]
    scale = y.std() / (x @ weights).std()
    mean = y.mean()
    return ccc(y_new, mean + scale * (x_new @ weights - mean))


@pytest.mark.parametrize("cued", [True, False])
def test_the_known_answer_comes_out_of_the_features(tmp_path, cued):
    known = simulate(tmp_path, Simulation(cued=cued, **PEOPLE))["valence"]
    assert known["informed"] - known["uninformed"] > 0.1
    assert score(tmp_path, know=True) == pytest.approx(known["informed"], abs=0.02)
    assert score(tmp_path, know=False) == pytest.approx(known["uninformed"], abs=0.03)
    assert {one.kind for one in read_episodes(tmp_path / "episodes.csv")} == {
        "stranger" if cued else "stranger_control"
    }


def test_a_cue_can_be_read_in_the_features_and_without_it_nothing_can(tmp_path):
    for cued, low, high in ((True, 0.95, 1.0), (False, 0.0, 0.6)):
        folder = tmp_path / str(cued)
        simulate(folder, Simulation(cued=cued, **PEOPLE))
        episodes = [one for one in read_episodes(folder / "episodes.csv") if one.modality == "audio"]
        x, y = [], []
        for item in read_folder(folder):
            inside = np.zeros(len(item.pts_s), bool)
            for one in episodes:
                if one.subject == item.subject:
                    inside |= (item.pts_s >= one.start_s - 1e-6) & (item.pts_s < one.end_s - 1e-6)
            x.append(np.concatenate((item.audio, np.ones((len(item.frame), 1))), axis=1))
            y.append(inside[item.frame].astype(float))
        x, y = np.concatenate(x), np.concatenate(y)
        found = x @ np.linalg.lstsq(x, y, rcond=None)[0]
        assert low <= np.corrcoef(found, y)[0, 1] <= high


def test_the_command_prints_what_is_known_and_the_same_again(tmp_path, capsys):
    arguments = ["demo", "simulate", "--out", str(tmp_path), "--training", "4", "--validation", "3", "--seconds", "20"]
    assert main(arguments) == 0
    shown = capsys.readouterr().out
    files = {file.name: file.read_bytes() for file in tmp_path.iterdir()}
    assert main(arguments) == 0
    assert {file.name: file.read_bytes() for file in tmp_path.iterdir()} == files
    known = json.loads(files["corpus.json"])["known"]
    assert f"{known['valence']['informed']:.3f} with" in shown
    assert main([*arguments, "--seed", "1"]) != 0
    assert "describes another corpus" in capsys.readouterr().err


@pytest.mark.parametrize(("name", "value"), [("noise", -1), ("noise", float("nan")), ("seconds", 5), ("dim", 3)])
def test_what_cannot_be_simulated_is_refused(name, value):
    with pytest.raises(CorpusError, match=f"{name} is {value!r}"):
        Simulation(**{name: value})
