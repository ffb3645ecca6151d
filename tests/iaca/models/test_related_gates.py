"""Gates of related work against their transcription, and what the rest of the project sees of them."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from iaca.config import RELATED_GATES, ConfigError, ForcedGates, FusionConfig, Gate, GateOverrides
from iaca.models.related_gates import LEAK, build_gate
from iaca.types import Attended
from tests import reference_gates
from tests.conftest import make_model

B, L, D = 2, 5, 6
BETWEEN_MODALITIES = (Gate.GMU, Gate.GATED_SEQUENCE)
KINDS = [gate.value for gate in RELATED_GATES]


def attended(requires_grad=False) -> Attended:
    torch.manual_seed(0)
    return Attended(*(x.requires_grad_(requires_grad) for x in torch.randn(4, B, L, D, dtype=torch.float64)))


def gate(kind, **settings):
    torch.manual_seed(1)
    return build_gate(FusionConfig(iaca=True, dim=D, gate=kind, gate_init="default", **settings)).double()


def transcribed(kind, module, features):
    """Output (B, L, D) and weights (B, L, columns) of the transcription for features (4, B, L, D)."""
    w = {name: tensor.numpy() for name, tensor in module.state_dict().items()}
    pairs = [reference_gates.GATES[kind](w, *(x.T for x in features[:, b])) for b in range(B)]
    return np.stack([fused.T for fused, _ in pairs]), {n: np.stack([p[1][n] for p in pairs]) for n in pairs[0][1]}


def forced(**stages) -> GateOverrides:
    return GateOverrides(forced=ForcedGates(**stages))


def numbers(features: Attended) -> np.ndarray:
    return np.stack([x.detach().numpy() for x in features[:4]])


@pytest.mark.parametrize("kind", KINDS)
def test_every_gate_equals_its_transcription(kind):
    module = gate(kind)
    gated = module(attended())
    fused, weights = transcribed(kind, module, numbers(attended()))
    np.testing.assert_allclose(gated.fused.detach().numpy(), fused, rtol=0, atol=1e-6)
    for stage in ("stage1_audio", "stage1_visual", "stage2"):
        found = getattr(gated, f"{stage}_weights")
        assert (found is None) == (stage not in weights)
        if found is not None:
            np.testing.assert_allclose(found.detach().numpy(), weights[stage], rtol=0, atol=1e-6)
            torch.testing.assert_close(found.sum(-1), torch.ones(B, L, dtype=torch.float64))


@pytest.mark.parametrize("kind", KINDS)
def test_every_gate_has_the_slope_of_its_transcription(kind):
    module, features = gate(kind), attended(requires_grad=True)
    (module(features).fused ** 2).sum().backward()
    at, step = numbers(features), 1e-6
    direction = np.random.default_rng(0).standard_normal(at.shape)
    ahead, behind = (
        (transcribed(kind, module, at + sign * step * direction)[0] ** 2).sum() for sign in (1, -1)
    )  # fmt: skip
    slope = sum(
        (x.grad.numpy() * along).sum() for x, along in zip(features[:4], direction, strict=True) if x.grad is not None
    )
    np.testing.assert_allclose(slope, (ahead - behind) / (2 * step), rtol=1e-6)


@pytest.mark.parametrize("kind", KINDS)
def test_a_gate_can_be_forced_to_either_side(kind):
    module = gate(kind)
    if kind in BETWEEN_MODALITIES:
        sides = {"audio": [1, 0, 0], "visual": [0, 1, 0]}
        found = {c: module(attended(), forced(stage2=c)).stage2_weights for c in sides}
    else:
        sides = {"self": [1, 0], "cross": [0.5, 0.5] if kind == "forget" else [0, 1]}
        found = {c: module(attended(), forced(stage1=c)).stage1_visual_weights for c in sides}
    for choice, weights in sides.items():
        torch.testing.assert_close(found[choice], torch.tensor(weights).expand(B, L, -1), check_dtype=False)


@pytest.mark.parametrize("kind", BETWEEN_MODALITIES)
def test_a_gate_that_is_forced_to_a_modality_does_not_hear_the_other(kind):
    module, features = gate(kind), attended()
    for choice, other in (("audio", "attended_visual"), ("visual", "attended_audio")):
        changed = features._replace(**{other: getattr(features, other) + 1})
        torch.testing.assert_close(
            module(changed, forced(stage2=choice)).fused, module(features, forced(stage2=choice)).fused
        )
        assert not torch.allclose(module(changed).fused, module(features).fused)


@pytest.mark.parametrize("kind", KINDS)
def test_a_lower_temperature_makes_a_gate_decide_more(kind):
    module, features = gate(kind), attended()

    def spread(temperature):
        gated = module(features, GateOverrides(temperature=temperature))
        weights = gated.stage2_weights if gated.stage2_weights is not None else gated.stage1_audio_weights
        return float(weights[..., 0].detach().std())

    assert spread(0.1) > 2 * spread(10.0)


def test_the_leaky_gate_lets_some_of_the_other_feature_pass():
    module = gate("leaky", gate_temperature=1e-6)
    weights = module(attended()).stage1_audio_weights
    assert weights.detach().min() == pytest.approx(LEAK)
    assert weights.detach().max() == pytest.approx(1 - LEAK)


def test_a_forget_gate_that_is_shut_leaves_the_feature_itself():
    features = attended()
    gated = gate("forget")(features, forced(stage1="self"))
    torch.testing.assert_close(gated.gated_audio, features.audio.relu())


def test_a_gated_sequence_remembers():
    module, features = gate("gated_sequence"), attended()
    earlier = features._replace(attended_audio=features.attended_audio.clone())
    earlier.attended_audio[:, 0] += 1
    before, after = module(features), module(earlier)
    assert (before.stage2_weights[:, 2] != after.stage2_weights[:, 2]).any()
    before, after = gate("gmu")(features), gate("gmu")(earlier)
    torch.testing.assert_close(before.stage2_weights[:, 1:], after.stage2_weights[:, 1:])


@pytest.mark.parametrize("kind", KINDS)
def test_a_gate_of_related_work_sets_its_own_stages_and_name(kind):
    model = make_model(iaca=True, gate=kind)
    assert model.title == f"CA+{RELATED_GATES[Gate(kind)].title}"
    assert (model.config.stage1, model.config.stage2) == (kind not in BETWEEN_MODALITIES, kind in BETWEEN_MODALITIES)
    assert FusionConfig.from_dict(model.config.to_dict()) == model.config
    e = model(torch.randn(2, 16, 12), torch.randn(2, 16, 12)).explanations["valence"]
    assert (e.stage1_audio_weights is not None) == model.config.stage1
    assert (e.stage2_weights is not None) == model.config.stage2
    predictions, branches = model.forward_with_branches(torch.randn(2, 16, 12), torch.randn(2, 16, 12))
    assert branches == {"valence": [], "arousal": []}
    sum(p.sum() for p in predictions.values()).backward()
    assert all(p.grad is not None for p in model.parameters())


def test_concat_takes_the_gates_between_modalities_only():
    for kind in KINDS:
        if kind in BETWEEN_MODALITIES:
            make_model(fusion="concat", iaca=True, gate=kind)
        else:
            with pytest.raises(ConfigError, match="concat has no stage 1"):
                make_model(fusion="concat", iaca=True, gate=kind)
