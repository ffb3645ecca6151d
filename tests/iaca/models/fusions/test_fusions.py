"""Properties that every fusion has, with and without IACA."""

from __future__ import annotations

import pytest
import torch

from iaca.config import ConfigError, ForcedGates, FusionConfig, GateOverrides
from iaca.errors import InputError
from iaca.models.fusion_model import FusionModel
from iaca.models.fusions.joint_cross_attention import JointCrossAttention
from iaca.models.fusions.recursive_joint_cross_attention import RecursiveJointCrossAttention
from tests.conftest import make_model

FUSIONS = ("concat", "ca", "tca", "jca", "rjca")
ALL = [(fusion, iaca) for fusion in FUSIONS for iaca in (False, True)]


def inputs(windows=4, seed=3):
    torch.manual_seed(seed)
    return torch.randn(windows, 16, 12), torch.randn(windows, 16, 12)


@pytest.mark.parametrize(("fusion", "iaca"), ALL)
def test_gate_weights_sum_to_one_and_absent_parts_are_none(fusion, iaca):
    explanation = make_model(fusion=fusion, iaca=iaca)(*inputs()).explanations["arousal"]
    has_stage1, has_stage2 = iaca and fusion != "concat", iaca
    for weights, present in (
        (explanation.stage1_audio_weights, has_stage1),
        (explanation.stage1_visual_weights, has_stage1),
        (explanation.stage2_weights, has_stage2),
    ):
        assert (weights is not None) == present
        if present:
            torch.testing.assert_close(weights.sum(-1), torch.ones(4, 16))
    assert (explanation.audio_attention is None) == (fusion == "concat")


@pytest.mark.parametrize(("fusion", "iaca"), ALL)
def test_permuting_a_batch_permutes_its_output(fusion, iaca):
    model, (audio, visual) = make_model(fusion=fusion, iaca=iaca), inputs()
    order = torch.tensor([2, 0, 3, 1])
    straight, permuted = model(audio, visual), model(audio[order], visual[order])
    torch.testing.assert_close(straight.valence[order], permuted.valence)
    torch.testing.assert_close(straight.arousal[order], permuted.arousal)


@pytest.mark.parametrize("fusion", ["ca", "tca", "jca", "rjca"])
@pytest.mark.parametrize("column", [0, 1])
def test_a_saturated_stage_one_equals_the_chosen_path(fusion, column):
    model = make_model(fusion=fusion, iaca=True, stage2=False, trunk="shared", gate="blind")
    gating = model.trunks["shared"].gating
    with torch.no_grad():
        for logits in (gating.blind_audio, gating.blind_visual):
            logits.copy_(torch.tensor([50.0, -50.0] if column == 0 else [-50.0, 50.0]))
    e = model(*inputs(), return_features=True).explanations["valence"]
    chosen = (e.audio, e.visual) if column == 0 else (e.attended_audio, e.attended_visual)
    torch.testing.assert_close(e.gated_audio, torch.relu(chosen[0]))
    torch.testing.assert_close(e.gated_visual, torch.relu(chosen[1]))


@pytest.mark.parametrize("fusion", ["ca", "jca"])
def test_with_stage_one_alone_the_joint_feature_goes_to_the_head(fusion):
    model = make_model(fusion=fusion, iaca=True, stage2=False, trunk="shared")
    out = model(*inputs(), return_features=True)
    e = out.explanations["valence"]
    assert e.stage2_weights is None
    assert (e.joint < 0).any()
    torch.testing.assert_close(e.fused, e.joint)
    torch.testing.assert_close(model.heads["valence"](e.joint).reshape(out.valence.shape), out.valence)


@pytest.mark.parametrize("fusion", ["ca", "tca"])
def test_columns_of_maps_over_clips_sum_to_one_and_received_scores_to_one(fusion):
    e = make_model(fusion=fusion)(*inputs()).explanations["valence"]
    for attention, received in (
        (e.audio_attention, e.audio_attention_received),
        (e.visual_attention, e.visual_attention_received),
    ):
        torch.testing.assert_close(attention.sum(1), torch.ones(4, 16))
        torch.testing.assert_close(received.sum(-1), torch.ones(4))


def test_rjca_with_one_recursion_and_no_blstm_equals_jca():
    torch.manual_seed(0)
    recursive = RecursiveJointCrossAttention(12, 16, 8, num_recursions=1, recurrent=False)
    plain = JointCrossAttention(12, 16, 8)
    plain.load_state_dict(recursive.recursions[0].state_dict())
    for ours, expected in zip(recursive(*inputs()), plain(*inputs()), strict=True):
        if isinstance(expected, torch.Tensor):
            torch.testing.assert_close(ours, expected)
        else:
            assert ours == expected


def test_rjca_calls_the_output_of_its_blstm_self_attended():
    model, (audio, visual) = make_model(fusion="rjca", iaca=True, trunk="shared"), inputs()
    e = model(audio, visual, return_features=True).explanations["valence"]
    expected = model.trunks["shared"].attention.audio_recurrence(audio)
    torch.testing.assert_close(e.audio, expected)


@pytest.mark.parametrize("fusion", FUSIONS)
def test_gradients_reach_every_parameter(fusion):
    model = make_model(fusion=fusion, iaca=True).train()
    output = model(*inputs())
    (output.valence.square().mean() + output.arousal.square().mean()).backward()
    without = [name for name, p in model.named_parameters() if p.grad is None or not p.grad.abs().sum() > 0]
    # Two biases shift all logits of a softmax, or all keys, alike: they cannot matter.
    assert [name for name in without if "in_proj_bias" not in name] == []


def test_zero_started_gates_weigh_alike_and_constant_gates_always_do():
    for settings in ({"gate_init": "zero"}, {"gate": "constant"}):
        torch.manual_seed(0)
        config = FusionConfig(**{"audio_dim": 12, "visual_dim": 12, "dim": 12, "iaca": True} | settings)
        e = FusionModel(config)(*inputs()).explanations["valence"]
        torch.testing.assert_close(e.stage1_audio_weights, torch.full((4, 16, 2), 1 / 2))
        torch.testing.assert_close(e.stage2_weights, torch.full((4, 16, 3), 1 / 3))


def test_blind_gates_do_not_see_the_input():
    model = make_model(iaca=True, gate="blind")
    one, other = (model(*inputs(seed=s)).explanations["valence"] for s in (1, 2))
    torch.testing.assert_close(one.stage2_weights, other.stage2_weights)
    assert one.stage2_weights.std() > 0


def test_the_gate_of_a_modality_sees_the_other_only_with_context_both():
    (audio, visual), (_, other) = inputs(seed=1), inputs(seed=2)
    for context, sees in (("own", False), ("both", True)):
        # Attended audio of CA depends on visual through the map alone: freeze it by W = 0.
        model = make_model(iaca=True, stage1_context=context, trunk="shared")
        with torch.no_grad():
            model.trunks["shared"].attention.W.zero_()
        before, after = (model(audio, v).explanations["valence"].stage1_audio_weights for v in (visual, other))
        assert torch.allclose(before, after) != sees


def forced(**gates):
    return GateOverrides(forced=ForcedGates(**gates))


def test_a_lower_temperature_sharpens_the_gates():
    model = make_model(iaca=True)
    soft, sharp = (model(*inputs(), gates=GateOverrides(temperature=t)).explanations["valence"] for t in (1.0, 0.05))
    assert (sharp.stage2_weights.max(-1).values >= soft.stage2_weights.max(-1).values - 1e-6).all()
    assert sharp.stage2_weights.max() > soft.stage2_weights.max()


@pytest.mark.parametrize("fusion", ["ca", "tca", "jca", "rjca"])
def test_a_gate_forced_to_one_side_takes_that_path_and_its_weights_still_sum_to_one(fusion):
    model = make_model(fusion=fusion, iaca=True)
    for choice, audio, visual in (("self", "audio", "visual"), ("cross", "attended_audio", "attended_visual")):
        e = model(*inputs(), True, gates=forced(stage1=choice)).explanations["valence"]
        torch.testing.assert_close(e.gated_audio, torch.relu(getattr(e, audio)))
        torch.testing.assert_close(e.gated_visual, torch.relu(getattr(e, visual)))
        for weights in (e.stage1_audio_weights, e.stage1_visual_weights, e.stage2_weights):
            torch.testing.assert_close(weights.sum(-1), torch.ones(4, 16))
    for choice in ("audio", "visual", "joint"):
        e = model(*inputs(), True, gates=forced(stage2=choice)).explanations["arousal"]
        alone = e.joint if choice == "joint" else getattr(e, f"gated_{choice}")
        torch.testing.assert_close(e.fused, torch.relu(alone))
        torch.testing.assert_close(e.stage2_weights.sum(-1), torch.ones(4, 16))


@pytest.mark.parametrize("fusion", FUSIONS)
def test_forced_gates_leave_a_model_without_gates_as_it_is(fusion):
    model = make_model(fusion=fusion)
    overridden = model(*inputs(), gates=forced(stage1="self", stage2="audio"))
    assert torch.equal(overridden.valence, model(*inputs()).valence)


def test_gates_that_are_free_are_the_models_own():
    model = make_model(iaca=True)
    assert torch.equal(model(*inputs(), gates=forced()).valence, model(*inputs()).valence)
    with pytest.raises(ConfigError, match="stage2 is 'both'; expected one of: free, audio, visual, joint"):
        ForcedGates(stage2="both")


def test_a_shared_trunk_explains_both_targets_with_one_explanation_and_separate_trunks_do_not():
    shared = make_model(iaca=True, trunk="shared")(*inputs()).explanations
    assert shared["valence"] is shared["arousal"]
    separate = make_model(iaca=True, trunk="per_target")(*inputs()).explanations
    assert not torch.allclose(separate["valence"].stage2_weights, separate["arousal"].stage2_weights)


def test_a_model_of_one_target_has_none_for_the_other():
    output = make_model(targets=("arousal",))(*inputs())
    assert output.valence is None
    assert list(output.explanations) == ["arousal"]


def test_a_linear_map_leads_features_of_another_dimension_to_d():
    output = make_model(audio_dim=20, visual_dim=7)(torch.randn(2, 16, 20), torch.randn(2, 16, 7))
    assert output.valence.shape == (2, 16)


def test_a_window_may_be_a_single_clip():
    output = make_model(fusion="jca", iaca=True, clips=1)(torch.randn(3, 1, 12), torch.randn(3, 1, 12))
    assert output.valence.shape == (3, 1)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_a_temperature_that_is_not_above_zero_is_refused(temperature):
    with pytest.raises(ConfigError, match=r"temperature is .*; expected a number above 0"):
        GateOverrides(temperature=temperature)


def test_wrong_shapes_are_refused_with_both_shapes():
    with pytest.raises(InputError, match=r"audio has shape \(4, 15, 12\); expected \(windows, 16, 12\)"):
        make_model()(torch.randn(4, 15, 12), torch.randn(4, 16, 12))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"fusion": "nonsense"}, "expected one of: concat, ca"),
        ({"gate_temperature": 0.0}, "gate_temperature is 0.0"),
        ({"targets": ("arousal", "valence")}, "in this order"),
        ({"iaca": True, "stage1": False, "stage2": False}, "at least one stage"),
        ({"fusion": "concat", "iaca": True, "stage2": False}, "fusion is 'concat' and stage2 is false"),
        ({"trunk": "both"}, "expected one of: shared, per_target"),
        ({"fusion": "tca", "dim": 10}, "divisor of dim"),
        ({"dim": 0}, "whole number of at least 1"),
        ({"iaca": "false"}, "iaca is 'false'; expected true or false"),
        ({"gate_temperature": "0.1"}, "gate_temperature is '0.1'"),
        ({"gate_temperature": float("inf")}, "gate_temperature is inf"),
        ({"attention_dropout": "0.1"}, "attention_dropout is '0.1'"),
        ({"targets": "valence"}, "targets is 'valence'"),
        ({"fusion": 3}, "fusion is 3; expected a name"),
    ],
)
def test_a_bad_configuration_is_refused_when_it_is_made(settings, message):
    with pytest.raises(ConfigError, match=message):
        FusionModel(FusionConfig(**settings))
