"""Two cells and an interval of a study, computed once more by other means: from the files of features and weights.

The networks are those of `tests.reference_models`, windows are cut here, the CCC is its definition over pooled frames,
and the interval is a jackknife written out.
"""

from __future__ import annotations

import json

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file
from scipy import stats

from iaca.compute.engine import Engine
from iaca.config import TrainingConfig
from iaca.features.feature_files import write_features
from iaca.features.folder import read_folder
from iaca.study.decisions import compare
from iaca.study.plan import ALL_FRAMES, table_rows
from iaca.study.runs import model_file, run_study
from iaca.study.tables import Group, Sums, scores
from tests import reference, reference_models
from tests.conftest import make_features

SEEDS, PEOPLE = 2, 6
ROWS = table_rows(
    "ca", {"audio_dim": 12, "visual_dim": 12, "dim": 12}, TrainingConfig(epochs=2, steps_per_epoch=3, batch_windows=4)
)[:2]


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Folder of features, folder of the study, its sums."""
    folder, out = tmp_path_factory.mktemp("features"), tmp_path_factory.mktemp("study")
    for kind, count in (("train", 3), ("validation", PEOPLE)):
        for i in range(count):
            item = make_features(1700 + 40 * i, 16, seed=10 * count + i, subject=f"{kind}{i}", split=kind)
            write_features(folder / f"{kind}{i}.safetensors", item)
    draws = {"validation": read_folder(folder, "validation")}
    results = run_study(read_folder(folder, "train"), draws, ROWS, SEEDS, out, engine=Engine(workers=1), progress=False)
    return folder, out, Sums(results, "validation")


def predicted(weights, features, target):
    """(N,) prediction of every frame."""
    with safe_open(weights, "numpy") as file:
        settings = json.loads(file.metadata()["iaca"])["config"]
    state = {name: array.astype(np.float64) for name, array in load_file(weights).items()}
    content = {name: np.asarray(array, np.float64) for name, array in load_file(features).items()}
    ends = content["frame"].astype(int)
    phases = 32 // int(ends[1] - ends[0])
    found = np.full(len(ends), np.nan)
    for phase in range(phases):
        clips = np.arange(phase, len(ends), phases)
        for start in range(0, len(clips), 16):
            window = clips[max(0, min(start, len(clips) - 16)) :][:16]
            audio, visual = (content[m][window].T for m in ("audio", "visual"))
            values = reference_models.model(state, settings, audio, visual)[target]["prediction"]
            first = np.isnan(found[window])
            found[window[first]] = values[first]
    return np.interp(np.arange(len(content["pts_s"])), ends, found)


def pooled(truths, predictions):
    truth, prediction = np.concatenate(truths), np.concatenate(predictions)
    there = np.isfinite(truth)
    return reference.ccc(truth[there], prediction[there])


def test_two_cells_and_an_interval_come_out_from_features_and_weights(done):
    folder, out, sums = done
    everyone = Group("all", tuple(f"validation{i}" for i in range(PEOPLE)), (ALL_FRAMES,))
    files = [folder / f"{name}.safetensors" for name in everyone.subjects]
    truths = [load_file(file)["valence"].astype(np.float64) for file in files]
    own = {
        row.name: [
            [predicted(model_file(out, row.name, seed), file, "valence") for file in files] for seed in range(SEEDS)
        ]
        for row in ROWS
    }
    table = scores(sums, ROWS, [everyone])
    for row in ROWS:
        cell = table[(table.variant == row.name) & (table.target == "valence")].ccc.iloc[0]
        assert cell == pytest.approx(np.mean([pooled(truths, one) for one in own[row.name]]), abs=1e-5)

    def difference(people, seed):
        chosen = [truths[i] for i in people]
        after, before = (pooled(chosen, [own[name][seed][i] for i in people]) for name in ("ca_iaca", "ca"))
        return after - before

    whole = [difference(range(PEOPLE), seed) for seed in range(SEEDS)]
    left_out = [
        np.mean([difference([i for i in range(PEOPLE) if i != out_of], seed) for seed in range(SEEDS)])
        for out_of in range(PEOPLE)
    ]
    over_people = (PEOPLE - 1) ** 2 / PEOPLE * np.var(left_out, ddof=1)
    over_seeds = np.var(whole, ddof=1) / SEEDS
    freedom = (over_people + over_seeds) ** 2 / (over_people**2 / (PEOPLE - 1) + over_seeds**2 / (SEEDS - 1))
    reach = stats.t.ppf(0.975, freedom) * np.sqrt(over_people + over_seeds)
    (found,) = [one for one in compare(sums, ROWS, [everyone]) if one.target == "valence"]
    assert found.value == pytest.approx(np.mean(whole), abs=1e-5)
    assert (found.low, found.high) == pytest.approx((np.mean(whole) - reach, np.mean(whole) + reach), abs=1e-4)
