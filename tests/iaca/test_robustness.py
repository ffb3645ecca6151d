"""Loss of a modality, and gates against known episodes."""

from __future__ import annotations

import numpy as np
import pytest

from iaca.checkpoints import Checkpoint
from iaca.config import DropoutConfig
from iaca.evaluation import ccc_moments
from iaca.gate_truth import auc, inside_episodes, score_gates
from iaca.inference import infer
from iaca.metrics import ccc
from iaca.robustness import mean_over_draws, sweep
from iaca.types import Episode
from tests.conftest import make_features, make_model


def subjects(count=3):
    return [make_features(600, 8, seed=i, subject=f"s{i}") for i in range(count)]


def test_a_sweep_takes_the_clips_that_the_page_takes(tmp_path):
    model, features = make_model(), subjects(2)
    swept = sweep(model, features, shares=(0.0, 0.4), draws=2)
    checkpoint = Checkpoint(tmp_path / "m.safetensors", model, model.config)
    trace = infer(features[1], checkpoint, [DropoutConfig(share=0.4, pattern="block", seed=1)])
    chosen = swept[(swept.pattern == "block") & (swept.share == 0.4) & (swept.draw == 1)]
    (row,) = chosen[(chosen.subject == "s1") & (chosen.target == "arousal")].filter(like="moment_").to_numpy()
    np.testing.assert_allclose(row, ccc_moments(features[1].arousal, trace.frames.arousal))


def test_without_loss_a_sweep_is_the_pooled_ccc_and_all_patterns_agree(tmp_path):
    model, features = make_model(), subjects()
    means = mean_over_draws(sweep(model, features, shares=(0.0,)))
    checkpoint = Checkpoint(tmp_path / "m.safetensors", model, model.config)
    predictions = np.concatenate([infer(f, checkpoint).frames.valence for f in features])
    expected = ccc(np.concatenate([f.valence for f in features]), predictions)
    assert means[means.target == "valence"].ccc.tolist() == pytest.approx([expected, expected])


def test_auc_is_the_chance_that_a_positive_frame_has_the_larger_value():
    draw = np.random.default_rng(0)
    positive, values = draw.random(60) < 0.4, np.round(draw.normal(size=60), 1)
    pairs = [(p > n) + 0.5 * (p == n) for p in values[positive] for n in values[~positive]]
    assert auc(positive, values) == pytest.approx(np.mean(pairs))
    assert auc(positive, positive.astype(float)) == 1
    assert auc(positive, np.zeros(60)) == 0.5


def test_a_gate_that_sees_the_corrupted_clips_scores_high_and_constant_gates_score_chance(tmp_path):
    features, episodes = subjects(), []
    for item in features:
        episodes.append(Episode(item.subject, 4.0, 12.0, "visual", "blur"))
        item.visual[:] = 0.0
        inside = inside_episodes(item.pts_s, item.subject, episodes, "visual", "blur")
        item.visual[inside[item.frame], 0] = 8.0  # a mark that a gate can read
    model = make_model(fusion="concat", iaca=True, trunk="shared")
    gate = model.trunks["shared"].gating.gate_av
    gate.weight.data.zero_()
    gate.weight.data[1, 12] = -1.0  # visual weight falls with the mark
    told = score_gates(Checkpoint(tmp_path / "m.safetensors", model, model.config), features, episodes)
    (stage2,) = [g for g in told if g.target == "valence"]
    assert (stage2.kind, stage2.gate, stage2.subjects) == ("blur", "stage 2: less visual", 3)
    assert stage2.auc > 0.95  # not 1: frames between clips hold the gate of the last clip
    assert stage2.interval[0] <= stage2.auc <= stage2.interval[1]
    constant = make_model(fusion="ca", iaca=True, gate="constant")
    chance = score_gates(Checkpoint(tmp_path / "m.safetensors", constant, constant.config), features, episodes)
    assert {g.auc for g in chance} == {0.5}
