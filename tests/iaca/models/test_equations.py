"""Eqs 1-9 against a second transcription in NumPy, from outside: features and state dict only."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import iaca
from iaca.checkpoints import save_checkpoint
from iaca.models.fusions.joint_cross_attention import QUINTIC_LIMIT, tanh_in_place
from tests import reference
from tests.conftest import BACKBONES, make_model


def outside(tmp_path, **settings):
    """Output and state dict of a saved model, as float64 arrays, for one window."""
    save_checkpoint(tmp_path / "model.safetensors", make_model(**settings), backbones=BACKBONES)
    checkpoint = iaca.load_checkpoint(tmp_path / "model.safetensors")
    torch.manual_seed(1)
    audio, visual = torch.randn(3, 16, 12), torch.randn(3, 16, 12)
    output = checkpoint.model(audio, visual, return_features=True)
    state = {name: tensor.double().numpy() for name, tensor in checkpoint.model.state_dict().items()}
    return output, state, audio.double().numpy(), visual.double().numpy()


def near(ours, expected):
    np.testing.assert_allclose(ours.double().numpy(), expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("scaled", [True, False])
@pytest.mark.parametrize("context", ["own", "both"])
def test_every_intermediate_of_ca_with_iaca_follows_from_the_state_dict(tmp_path, scaled, context):
    output, state, audio, visual = outside(
        tmp_path, fusion="ca", iaca=True, scale_correlation=scaled, stage1_context=context
    )
    for target in ("valence", "arousal"):
        e = output.explanations[target]
        prefix = f"trunks.{target}."
        for b in range(3):
            X_a, X_v = audio[b].T, visual[b].T
            near(e.audio[b], X_a.T)
            near(e.visual[b], X_v.T)
            scale = 1 / np.sqrt(12) if scaled else 1.0
            Z, A_a, A_v, X_att_a, X_att_v = reference.cross_attention(X_a, X_v, state[prefix + "attention.W"], scale)
            near(e.correlation[b], Z)
            near(e.audio_attention[b], A_a)
            near(e.visual_attention[b], A_v)
            near(e.attended_audio[b], X_att_a.T)
            near(e.attended_visual[b], X_att_v.T)
            near(e.audio_attention_contribution[b], reference.contribution(X_a, X_a @ A_a))
            near(e.visual_attention_contribution[b], reference.contribution(X_v, X_v @ A_v))
            near(e.audio_attention_received[b], A_a.sum(1) / 16)
            both = np.concatenate((X_att_a, X_att_v))
            see_a, see_v = (both, both) if context == "both" else (X_att_a, X_att_v)
            W_a, W_v = state[prefix + "gating.W_gl_audio"], state[prefix + "gating.W_gl_visual"]
            logits_a, G_a, X_ga = reference.stage1(X_a, X_att_a, see_a, W_a, 0.5)
            logits_v, G_v, X_gv = reference.stage1(X_v, X_att_v, see_v, W_v, 0.5)
            near(e.stage1_audio_logits[b], logits_a)
            near(e.stage1_visual_logits[b], logits_v)
            near(e.stage1_audio_weights[b], G_a)
            near(e.stage1_visual_weights[b], G_v)
            near(e.gated_audio[b], X_ga.T)
            near(e.gated_visual[b], X_gv.T)
            fc = state[prefix + "gating.fc.weight"], state[prefix + "gating.fc.bias"]
            gate = state[prefix + "gating.gate_av.weight"], state[prefix + "gating.gate_av.bias"]
            joint, logits, G_av, X_g = reference.stage2(X_ga, X_gv, fc, gate, 0.5)
            near(e.joint[b], joint.T)
            near(e.stage2_logits[b], logits)
            near(e.stage2_weights[b], G_av)
            near(e.fused[b], X_g.T)
            hidden = reference.relu(state[f"heads.{target}.0.weight"] @ X_g + state[f"heads.{target}.0.bias"][:, None])
            near(
                getattr(output, target)[b],
                (state[f"heads.{target}.3.weight"] @ hidden + state[f"heads.{target}.3.bias"][:, None])[0],
            )


def test_jca_equals_its_transcription(tmp_path):
    output, state, audio, visual = outside(tmp_path, fusion="jca")
    e = output.explanations["valence"]
    side = {
        m: {n: state[f"trunks.valence.attention.{n}_{m}"] for n in ("W_j", "W", "W_c", "W_h")}
        for m in ("audio", "visual")
    }
    for b in range(3):
        (X_att_a, C_a), (X_att_v, C_v) = reference.joint_cross_attention(
            audio[b].T, visual[b].T, side["audio"], side["visual"]
        )
        near(e.attended_audio[b], X_att_a.T)
        near(e.attended_visual[b], X_att_v.T)
        near(e.audio_attention[b], C_a)
        near(e.visual_attention[b], C_v)


@pytest.mark.parametrize("largest", [1e-6, 0.03, QUINTIC_LIMIT, 1.01 * QUINTIC_LIMIT, 0.5, 3.0, 90.0])
def test_scores_of_every_size_get_their_tanh(largest):
    scores = torch.linspace(-largest, largest, 10_001)
    expected = np.tanh(scores.double().numpy())
    found = tanh_in_place(scores.clone()).numpy()
    np.testing.assert_allclose(found, expected, rtol=0, atol=2e-6 * expected.max())


def test_features_are_standardised_by_training_statistics():
    model = make_model(fusion="concat")
    audio, visual = torch.randn(40, 12) * 3 + 1, torch.randn(40, 12) - 2
    model.set_standardisation(audio, visual)
    projected, _ = model.project(audio[:32].reshape(2, 16, 12), visual[:32].reshape(2, 16, 12))
    expected = (audio.numpy() - audio.numpy().mean(0)) / audio.numpy().std(0)
    near(projected.reshape(32, 12), expected[:32])


def test_features_can_be_divided_by_their_length_or_left_as_they_are():
    audio, visual = torch.randn(2, 16, 12) * 3 + 1, torch.randn(2, 16, 12) - 2
    audio[0, 3] = 0  # nothing to divide by
    for normalise, expected in (
        ("l2", audio.numpy() / np.maximum(np.linalg.norm(audio.numpy(), axis=-1, keepdims=True), 1e-12)),
        ("none", audio.numpy()),
    ):
        model = make_model(fusion="concat", normalise=normalise)
        model.set_standardisation(audio.reshape(-1, 12), visual.reshape(-1, 12))
        near(model.project(audio, visual)[0], expected)


def test_the_unscaled_softmax_has_most_weight_on_one_clip_of_standardised_features_and_nearly_uniform_of_unit_ones():
    largest = {}
    for normalise in ("zscore", "l2"):
        model = make_model(
            fusion="ca", audio_dim=128, visual_dim=128, dim=128, scale_correlation=False, normalise=normalise
        )
        audio, visual = torch.randn(4, 16, 128), torch.randn(4, 16, 128)
        attention = model(audio, visual).explanations["valence"].audio_attention
        largest[normalise] = float(attention.detach().max(dim=1).values.mean())
    assert largest["zscore"] > 0.5
    assert 1 / 16 < largest["l2"] < 0.08
