"""The gates alone: what they read, how they start, and the shape of what they tell."""

from __future__ import annotations

import math

import pytest
import torch

from iaca.config import FusionConfig, GateInit
from iaca.models.gating import InconsistencyAwareGate
from iaca.types import Attended

B, L, D = 3, 5, 8


def attended() -> Attended:
    torch.manual_seed(0)
    return Attended(*torch.randn(4, B, L, D))


def gate(**settings) -> InconsistencyAwareGate:
    torch.manual_seed(1)
    return InconsistencyAwareGate(FusionConfig(iaca=True, dim=D, **settings))


@pytest.mark.parametrize("stage2_input", ["all", "joint"])
@pytest.mark.parametrize("stage1_context", ["own", "both"])
@pytest.mark.parametrize("kind", ["learned", "constant", "blind"])
def test_every_gate_tells_weights_of_each_clip_that_sum_to_1(kind, stage1_context, stage2_input):
    gated = gate(
        gate=kind, gate_init="default", stage1_context=stage1_context, stage2_input=stage2_input
    )(attended())  # fmt: skip
    assert gated.fused.shape == gated.joint.shape == gated.gated_audio.shape == gated.gated_visual.shape == (B, L, D)
    stages = [
        (gated.stage1_audio_logits, gated.stage1_audio_weights, 2),
        (gated.stage1_visual_logits, gated.stage1_visual_weights, 2),
        (gated.stage2_logits, gated.stage2_weights, 3),
    ]
    for logits, weights, columns in stages:
        assert logits.shape == weights.shape == (B, L, columns)
        torch.testing.assert_close(weights.sum(-1), torch.ones(B, L))


def test_a_second_stage_that_reads_the_joint_feature_sees_nothing_else():
    module = gate(gate_init="default", stage2_input="joint")
    gated = module(attended())
    assert module.gate_av.in_features == D
    expected = gated.joint @ module.gate_av.weight.T + module.gate_av.bias
    torch.testing.assert_close(gated.stage2_logits, expected)


@pytest.mark.parametrize("context", ["own", "both"])
def test_gates_of_the_first_stage_start_at_zero_or_as_a_linear_layer_of_torch_does(context):
    for start in GateInit:
        module = InconsistencyAwareGate(FusionConfig(iaca=True, dim=500, gate_init=start, stage1_context=context))
        for matrix in (module.W_gl_audio, module.W_gl_visual):
            rows = 500 if context == "own" else 1000
            assert matrix.shape == (rows, 2)
            bound = 0 if start is GateInit.ZERO else 1 / math.sqrt(rows)
            assert -bound <= matrix.min() <= -0.95 * bound
            assert 0.95 * bound <= matrix.max() <= bound
