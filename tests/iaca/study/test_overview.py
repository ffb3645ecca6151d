"""Measures of a subject against its trace: scores, gates, relationships; kept and read again."""

from __future__ import annotations

import numpy as np
import pytest

from iaca.config import DropoutConfig, ForcedGates, GateOverrides, WhatIf
from iaca.inference import add_influence, infer
from iaca.inference.influence import relationships_of
from iaca.metrics import ccc
from iaca.study.overview import (
    BINS,
    RELATIONSHIPS,
    WEIGHTS,
    Overview,
    OverviewError,
    best_and_worst,
    measure,
)
from iaca.types import Episode
from tests.conftest import make_features
from tests.iaca.inference.test_trace import checkpoint_of

EPISODES = [Episode("s", 2.0, 6.0, "visual", "blur", ""), Episode("other", 0.0, 9.0, "audio", "noise", "")]
CHANGE = WhatIf(dropouts=(DropoutConfig(modality="audio", share=0.4),), gates=GateOverrides(temperature=0.5))


@pytest.fixture(scope="module")
def measured(tmp_path_factory):
    features = make_features(700, 4, subject="s")
    checkpoint = checkpoint_of(tmp_path_factory.mktemp("models"), iaca=True)
    trace = infer(features, checkpoint, CHANGE.dropouts, gates=CHANGE.gates)
    trace = add_influence(trace, features, checkpoint, CHANGE.dropouts, gates=CHANGE.gates)
    return features, trace, measure(features, checkpoint, CHANGE, EPISODES)


def test_scores_and_gates_are_those_of_the_trace_with_the_what_if(measured):
    features, trace, found = measured
    clips = trace.frames.iloc[features.frame]
    for number, target in enumerate(("valence", "arousal")):
        sums = found.blocks[number].sum(0)
        count, x, y, xx, yy, xy = sums / [1, *[sums[0]] * 5]
        expected = ccc(trace.columns[f"{target}_truth"], trace.columns[target])
        assert 2 * (xy - x * y) / (xx - x * x + yy - y * y + (x - y) ** 2) == pytest.approx(expected, abs=1e-9)
        assert count == np.isfinite(trace.columns[f"{target}_truth"]).sum()
        for column, name in enumerate(WEIGHTS):
            weights = clips[f"{target}_{name}"].to_numpy(np.float64)
            assert found.sums[number, column, 0] / len(clips) == pytest.approx(weights.mean())
            assert found.extent[number, column] == pytest.approx([weights.min(), weights.max()])
            assert found.counts[number, column, 0].tolist() == np.histogram(weights, BINS, (0, 1))[0].tolist()


def test_groups_are_the_clips_of_a_relationship_and_of_an_episode(measured):
    features, trace, found = measured
    times_s = features.pts_s[features.frame]
    inside = (times_s >= 2.0) & (times_s < 6.0)
    assert found.groups[-2:] == ("face corrupted", "no episode")
    assert found.counts[0, 0, -2].sum() == inside.sum()
    assert found.counts[0, 0, -1].sum() == (~inside).sum()
    kinds = relationships_of(trace, "arousal")[features.frame]
    for place, kind in enumerate(RELATIONSHIPS):
        assert found.relations[1, place] == pytest.approx((kinds == kind).mean())
        assert found.counts[1, 2, 1 + place].sum() == (kinds == kind).sum()


def test_measures_are_the_same_once_they_were_kept(measured):
    found = measured[2]
    again = Overview.from_bytes(found.to_bytes())
    for name, value in found._asdict().items():
        np.testing.assert_array_equal(getattr(again, name), value, err_msg=name)


@pytest.mark.parametrize("content", [b"", b"x" * 200, b"\x02" + b"\0" * 7 + b"{}"], ids=["empty", "text", "no facts"])
def test_kept_measures_that_are_damaged_are_refused(content):
    with pytest.raises(OverviewError, match="cannot be read"):
        Overview.from_bytes(content)


def test_a_model_without_gates_or_a_target_has_no_number_for_them(tmp_path):
    found = measure(make_features(300, 4, subject="s"), checkpoint_of(tmp_path, iaca=False, targets=("arousal",)))
    assert np.isnan(found.extent).all()
    assert not found.counts.any()
    assert np.isnan(found.relations[0]).all()
    assert found.relations[1].sum() == pytest.approx(1)
    assert np.isnan(found.follows).all()


def test_a_forced_gate_takes_its_side(tmp_path):
    forced = WhatIf(gates=GateOverrides(forced=ForcedGates(stage2="audio")))
    found = measure(make_features(300, 4, subject="s"), checkpoint_of(tmp_path, iaca=True), forced)
    assert found.extent[0, 2:].tolist() == [[1, 1], [0, 0], [0, 0]]


def test_best_and_worst_are_where_the_error_differs_most(measured):
    trace = measured[1]
    truth = trace.columns["valence_truth"]
    bad = trace._replace(
        columns=trace.columns | {"valence": np.where(trace.columns["frame"] // 50 == 3, 2, truth + 0.1)}
    )
    good = trace._replace(
        columns=trace.columns | {"valence": np.where(trace.columns["frame"] // 50 == 8, 2, truth + 0.2)}
    )
    best, worst = best_and_worst(good, "valence", bad)
    assert best // 50 == 3
    assert worst // 50 == 8
    assert best_and_worst(good, "valence")[1] // 50 == 8
    unrated = trace._replace(columns=trace.columns | {"valence_truth": np.full(700, np.nan)})
    assert best_and_worst(unrated, "valence") is None
