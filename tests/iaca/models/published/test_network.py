"""Published networks: the same function as their description."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from iaca.config import ForcedGates, GateOverrides
from iaca.models.published.blocks import SequenceBlock, SpatialAttention
from iaca.models.published.network import Published, PublishedNetwork
from tests.reference_released import published_forward
from tests.released_networks import KINDS, SIZES, build, windows


def assert_equal(found: Tensor, expected: Tensor, tolerance: float) -> None:
    torch.testing.assert_close(found, expected, rtol=tolerance, atol=tolerance * float(expected.abs().max()))


@pytest.mark.parametrize("kind", KINDS)
def test_tensors_and_values_are_as_many_as_in_the_published_file(kind: Published) -> None:
    state_dict = PublishedNetwork(kind).state_dict()
    assert (len(state_dict), sum(v.numel() for v in state_dict.values())) == SIZES[kind]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("dtype", "strength", "tolerance"),
    [
        (torch.float32, 1.0, 1e-5),
        (torch.float32, 12.0, 1e-4),  # gates of T = 0.1 amplify the rounding of strong weights
        (torch.float64, 1.0, 1e-12),
        (torch.float64, 12.0, 1e-12),
    ],
)
def test_everything_returned_equals_the_description_step_by_step(
    kind: Published, dtype: torch.dtype, strength: float, tolerance: float
) -> None:
    model = build(kind, strength=strength).to(dtype)
    audio, visual = windows(dtype=dtype)
    out = model(audio, visual, return_features=True)
    expected = published_forward(model.state_dict(), audio, visual)
    # Where tanh is nearly linear, as with the published weights, and where it is not.
    assert (float(expected["audio_attention"].abs().max()) > 0.02) == (strength > 1)
    assert_equal(out.valence, expected.pop("valence"), tolerance)
    assert_equal(out.arousal, expected.pop("arousal"), tolerance)
    assert out.explanations["valence"] is out.explanations["arousal"]
    found = {k: v for k, v in out.explanations["valence"]._asdict().items() if v is not None}
    assert found.keys() == expected.keys()
    for name, values in expected.items():
        assert_equal(found[name], values, tolerance)


@pytest.mark.parametrize("kind", KINDS)
def test_float32_is_as_near_to_float64_as_that_of_the_description(kind: Published) -> None:
    model, (audio, visual) = build(kind), windows(8)
    found = model(audio, visual)
    plain = published_forward(model.state_dict(), audio, visual)
    exact = published_forward(build(kind).double().state_dict(), audio.double(), visual.double())
    for target in ("valence", "arousal"):
        error = (getattr(found, target) - exact[target]).abs().max()
        assert error <= 3 * (plain[target] - exact[target]).abs().max()


@pytest.mark.parametrize("kind", KINDS)
def test_without_maps_everything_else_is_the_same(kind: Published) -> None:
    model, given = build(kind), windows(3)
    found, expected = model(*given, return_maps=False), model(*given)
    assert torch.equal(found.valence, expected.valence)
    explanation = found.explanations["valence"]
    assert explanation.audio_attention is explanation.visual_attention is None
    rest = expected.explanations["valence"]._replace(audio_attention=None, visual_attention=None)
    for value, other in zip(explanation, rest, strict=True):
        assert value is other is None or torch.equal(value, other)


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_the_network_has_is_explained(kind: Published) -> None:
    out = build(kind)(*windows(2))
    explanation = out.explanations["arousal"]
    assert explanation.audio_attention.shape == explanation.visual_attention.shape == (2, 512, 1024)
    assert explanation.audio_attention_received is explanation.visual_attention_received is None
    assert explanation.stage2_weights is explanation.joint is explanation.correlation is None
    assert explanation.fused is explanation.audio is explanation.stage1_audio_logits is None
    assert (explanation.stage1_audio_weights is not None) == (kind is Published.DCA)
    assert ((explanation.audio_attention_contribution >= 0) & (explanation.audio_attention_contribution < 1)).all()


def test_gates_of_dca_sum_to_one_and_column_0_keeps_the_feature_before_attention() -> None:
    model = build(Published.DCA)
    for layer in (model.audio_gating_fc_layer, model.video_gating_fc_layer):
        layer.weight.zero_()
        layer.bias.copy_(torch.tensor([50.0, -50.0]))
    explanation = model(*windows(), return_features=True).explanations["valence"]
    for modality in ("audio", "visual"):
        weights = getattr(explanation, f"stage1_{modality}_weights")
        assert_equal(weights.sum(-1), torch.ones(3, 16), 1e-6)
        assert (weights[..., 0] == 1).all()
        assert torch.equal(getattr(explanation, f"gated_{modality}"), getattr(explanation, modality).relu())


def test_a_high_gate_temperature_evens_the_gates_of_dca() -> None:
    weights = (
        build(Published.DCA)(*windows(), gates=GateOverrides(temperature=1e6))
        .explanations["valence"]
        .stage1_audio_weights
    )
    assert_equal(weights, torch.full((3, 16, 2), 0.5), 1e-4)


def test_forced_gates_of_dca_keep_the_feature_before_attention_and_leave_rjca_as_it_is() -> None:
    always_self = GateOverrides(forced=ForcedGates(stage1="self", stage2="audio"))
    e = build(Published.DCA)(*windows(), return_features=True, gates=always_self).explanations["valence"]
    assert torch.equal(e.gated_audio, e.audio.relu())
    rjca = build(Published.RJCA)
    assert torch.equal(rjca(*windows(), gates=always_self).valence, rjca(*windows()).valence)


def test_silence_and_a_black_face_give_finite_predictions() -> None:
    out = build(Published.RJCA)(torch.zeros(1, 16, 512), torch.zeros(1, 16, 25088))
    assert torch.isfinite(out.valence).all()
    assert torch.isfinite(out.arousal).all()


def test_no_windows_give_no_predictions() -> None:
    assert build(Published.DCA)(torch.zeros(0, 16, 512), torch.zeros(0, 16, 25088)).valence.shape == (0, 16)


def test_permuting_the_windows_permutes_the_predictions() -> None:
    model, (audio, visual) = build(Published.RJCA), windows(4)
    order = torch.tensor([2, 0, 3, 1])
    assert_equal(model(audio[order], visual[order]).valence, model(audio, visual).valence[order], 1e-5)


def test_pieces_of_a_long_video_give_the_same_as_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    model, (audio, visual) = build(Published.RJCA), windows(4)
    whole = model(audio, visual)
    monkeypatch.setattr(type(model.Joint), "windows_at_once", 3)
    monkeypatch.setattr(type(model.video_attn["attn"]), "clips_at_once", 5)
    pieces = model(audio, visual)
    assert_equal(pieces.valence, whole.valence, 1e-5)
    assert_equal(pieces.explanations["valence"].visual_attention, whole.explanations["valence"].visual_attention, 1e-5)


def test_only_a_cpu_is_given_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    calls = []

    def counted(kind: type, name: str) -> None:
        usual = getattr(kind, name)
        monkeypatch.setattr(kind, name, lambda *given: (calls.append(name), usual(*given))[1])

    counted(SequenceBlock, "_run")
    counted(SpatialAttention, "_look")
    model = PublishedNetwork(Published.JCA).eval().to("meta")
    model(torch.empty(130, 16, 512, device="meta"), torch.empty(130, 16, 25088, device="meta"))
    assert sorted(calls) == ["_look", "_run"]


def test_a_trainable_network_predicts_the_same_and_every_weight_gets_a_gradient() -> None:
    frozen, (audio, visual) = build(Published.DCA), windows(2)
    model = build(Published.DCA).requires_grad_(True)
    out = model(audio, visual)
    assert_equal(out.valence.detach(), frozen(audio, visual).valence, 1e-5)
    out = model.train()(audio, visual)
    (out.valence.square().sum() + out.arousal.square().sum()).backward()
    assert all(p.grad is not None and torch.isfinite(p.grad).all() for p in model.parameters())


@pytest.mark.parametrize(
    ("audio", "visual", "name"),
    [
        ((2, 16, 512), (2, 16, 512), "visual"),
        ((2, 8, 512), (2, 8, 25088), "audio"),
        ((16, 512), (16, 25088), "audio"),
    ],
)
def test_another_shape_is_named_with_what_was_expected(
    audio: tuple[int, ...], visual: tuple[int, ...], name: str
) -> None:
    with pytest.raises(ValueError, match=rf"{name} has shape .*expected \(windows, 16, "):
        build(Published.JCA)(torch.zeros(audio), torch.zeros(visual))
