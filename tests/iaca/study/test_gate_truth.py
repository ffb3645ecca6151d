"""Gates against known episodes, and against what removing a modality does."""

from __future__ import annotations

import copy

import numpy as np
import pytest
import torch

from iaca.checkpoints import Checkpoint
from iaca.inference import infer
from iaca.inference.influence import add_influence
from iaca.study.gate_truth import INFLUENCE, REMOVED, _dependence, auc, score_faithfulness, score_gates
from iaca.study.known import inside_episodes
from iaca.types import Episode
from tests.conftest import make_features, make_model


def traces(model, features, folder):
    checkpoint = Checkpoint(folder / "m.safetensors", model, model.config)
    return [infer(item, checkpoint) for item in features]


def faithful(checkpoint, features):
    return score_faithfulness([checkpoint], [[infer(item, checkpoint) for item in features]], features)


def flat(model):
    """The same with a gate that sees nothing."""
    other = copy.deepcopy(model)
    other.trunks["shared"].gating.gate_av.weight.data.zero_()
    return other


def subjects(count=3):
    return [make_features(600, 8, seed=i, subject=f"s{i}") for i in range(count)]


def test_auc_is_the_chance_that_a_positive_frame_has_the_larger_value():
    draw = np.random.default_rng(0)
    positive, values = draw.random(60) < 0.4, np.round(draw.normal(size=60), 1)
    pairs = [(p > n) + 0.5 * (p == n) for p in values[positive] for n in values[~positive]]
    assert auc(positive, values) == pytest.approx(np.mean(pairs))
    assert auc(positive, positive.astype(float)) == 1
    assert auc(positive, np.zeros(60)) == 0.5


def marked():
    """Subjects whose visual features are zero but for a mark within an episode, and a model whose gate reads it."""
    features, episodes = subjects(), []
    for item in features:
        episodes.append(Episode(item.subject, 4.0, 12.0, "visual", "blur"))
        item.visual[:] = 0.0
        item.visual[inside_episodes(item.pts_s, episodes[-1:])[item.frame], 0] = 8.0
    model = make_model(fusion="concat", iaca=True, trunk="shared")
    gate = model.trunks["shared"].gating.gate_av
    gate.weight.data.zero_()
    gate.weight.data[1, 12] = -1.0  # visual weight falls with the mark
    return features, episodes, model


def test_a_gate_that_sees_the_corrupted_clips_scores_high_and_constant_gates_tell_nothing(tmp_path):
    features, episodes, model = marked()
    told = score_gates([traces(model, features, tmp_path)] * 2, episodes)
    (stage2,) = [g for g in told if g.target == "valence"]
    assert (stage2.kind, stage2.gate, stage2.subjects) == ("blur", "stage 2: less visual", 3)
    assert stage2.moving_seeds == 2
    assert stage2.inside < stage2.outside / 2
    assert stage2.value > 0.95  # not 1: frames between clips hold the gate of the last clip
    assert stage2.low <= stage2.value <= stage2.high
    constant = make_model(fusion="ca", iaca=True, gate="constant")
    chance = score_gates([traces(constant, features, tmp_path)], episodes)
    assert len(chance) == 6
    assert np.isnan([g.value for g in chance]).all()  # they do not move: there is nothing to tell
    assert {g.moving_seeds for g in chance} == {0}
    half = score_gates([traces(model, features, tmp_path), traces(flat(model), features, tmp_path)], episodes)
    assert [(g.value, g.moving_seeds) for g in half] == [(g.value, 1) for g in told]


def test_a_gate_that_leans_on_a_modality_where_the_prediction_does_is_faithful_and_its_opposite_is_not(tmp_path):
    features, _, model = marked()
    for item in features:
        item.audio[:] = 0.0
    gating = model.trunks["shared"].gating
    with torch.no_grad():  # the head sees the visual branch alone, as much of it as the gate lets through
        model.visual_mean.fill_(-0.5)
        gating.gate_av.weight[1, 12] = 1.0
        gating.fc.weight.zero_()
        gating.fc.bias.zero_()
        gating.gate_av.bias.zero_()
        for name, head in model.heads.items():
            head[0].weight.zero_()
            head[0].weight[0, 0] = 1.0
            head[0].bias.zero_()
            head[3].weight.fill_(1.0 if name == "valence" else -1.0)
    checkpoint = Checkpoint(tmp_path / "m.safetensors", model, model.config)
    scores = {s.kind: s for s in faithful(checkpoint, features) if (s.target, s.modality) == ("valence", "visual")}
    assert list(scores) == [INFLUENCE, REMOVED]
    for visual in scores.values():
        assert visual.gate == "stage 2: visual"
        assert visual.value > 0.7  # not 1: clips of one level differ by noise alone
    for item in features:  # now the sound says where to look, and there is nothing to see there
        inside = item.visual[:, 0] > 0
        item.audio[inside, 0], item.visual[:, 0] = 8.0, np.where(inside, 0.0, 8.0)
    with torch.no_grad():
        gating.gate_av.weight[1, 12], gating.gate_av.weight[1, 0] = 0.0, 1.0
    against = [s for s in faithful(checkpoint, features) if (s.target, s.modality) == ("valence", "visual")]
    assert [s.kind for s in against] == [INFLUENCE, REMOVED]
    assert all(s.value < 0 for s in against)


def test_the_influence_that_gates_are_compared_with_is_that_of_the_page(tmp_path):
    features, _, model = marked()
    checkpoint = Checkpoint(tmp_path / "m.safetensors", model, model.config)
    item = features[0]
    trace = infer(item, checkpoint)
    clips = add_influence(trace, item, checkpoint).frames.iloc[item.frame]
    found = _dependence(checkpoint, clips, item)
    for target in model.config.targets:
        for modality in ("audio", "visual"):
            expected = np.abs(clips[f"{target}_{modality}_influence"].to_numpy())
            assert expected.max() > 0
            np.testing.assert_allclose(found[target, INFLUENCE, modality], expected, atol=1e-6)
