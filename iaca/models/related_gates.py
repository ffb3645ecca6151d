"""Gates of related work, in the place of the two stages of IACA.

Each is rebuilt for this place: features of L clips of two modalities, X_m, and what a base fusion made of them,
X_att,m. `*` is element by element, sigma the logistic function, [;] a concatenation. The first stage of IACA weighs X_m
against X_att,m and the second audio against visual: a gate fills the weights of the stage that it stands for, and its
other weights stay None. Where a paper's gate has one value per dimension, the weight of a clip is their mean. A gate
has T = 1 where its paper has none; another T, as a what-if, divides what its sigma receives.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from iaca.config import (
    AUDIO,
    MODALITIES,
    OWN_GATES,
    VISUAL,
    FusionConfig,
    Gate,
    GateOverrides,
    Stage1Choice,
    Stage2Choice,
)
from iaca.models.fusions.registry import Symbol
from iaca.models.gating import Gated, InconsistencyAwareGate, gate_matrix, stage1_weights
from iaca.types import Attended

LEAK = 0.1
"""Weight that the leaky gate leaves, at least, to the feature that it does not choose."""

_STAGE1 = {Stage1Choice.SELF: 0.0, Stage1Choice.CROSS: 1.0}
_STAGE2 = {Stage2Choice.AUDIO: 1.0, Stage2Choice.VISUAL: 0.0}
"""What a forced gate lets through everywhere."""


class GatedMultimodalUnit(nn.Module):
    """GMU: one gate per dimension between audio and visual.

    Source: rebuilt from the equations of Arevalo et al., "Gated multimodal networks", Neural Comput. Appl. 32 (2020),
    arXiv:1702.01992, in their form for two modalities, whose gates are tied:
        h_m = tanh(W_m x_m);  z = sigma(W_z [x_a; x_v]);  h = z * h_a + (1 - z) * h_v.
    Adapted: x_m is X_att,m, and the unit acts on every clip alone. The authors' code lets the gate read W_m x_m; here
    it reads x_m, as in the equation. Its weights are those of stage 2: mean z, 1 - mean z and 0 for the joint feature,
    which it does not have.

    Args:
        config: Its `dim`.
    """

    def __init__(self, config: FusionConfig) -> None:
        super().__init__()
        dim = config.dim
        self.W_audio = nn.Linear(dim, dim, bias=False)
        self.W_visual = nn.Linear(dim, dim, bias=False)
        self.W_z = nn.Linear(2 * dim, dim, bias=False)

    def forward(self, attended: Attended, overrides: GateOverrides = OWN_GATES) -> Gated:
        """Fuse the attended features of a base fusion, (B, L, D); `overrides` may force audio or visual."""
        audio, visual = attended.attended_audio, attended.attended_visual
        hidden_audio, hidden_visual = torch.tanh(self.W_audio(audio)), torch.tanh(self.W_visual(visual))
        z = _gate(self.W_z(torch.cat((audio, visual), dim=-1)), overrides, _STAGE2.get(overrides.forced.stage2))
        fused = z * hidden_audio + (1 - z) * hidden_visual
        return _between_modalities(fused, hidden_audio, hidden_visual, z)


class GatedSequence(nn.Module):
    """A gate between audio and visual inside a recurrent network, which reads what was fused before.

    Source: rebuilt from the description of Aspandi et al., "Audio-visual gated-sequenced neural networks for affect
    recognition", IEEE TAC 14 (2023, early access 2022), of whose predictor only this is kept:
        z_t = sigma(W_z [x_a,t; x_v,t; h_t-1] + b_z);
        u_t = z_t * tanh(W_a x_a,t + b_a) + (1 - z_t) * tanh(W_v x_v,t + b_v);
        h_t, c_t = LSTM(u_t, h_t-1, c_t-1).
    Adapted: x_m,t is X_att,m of clip t; a window starts from h = c = 0; the attention over time of the paper is left to
    the base fusion, and its latent-feature generator and discriminator to the backbones. Open: the description, that of
    its abstract, names a gate, a sequence model and a gating coefficient per step, not their algebra; the gate is that
    of a GMU with h_t-1 as a third operand. Its weights are those of stage 2: mean z, 1 - mean z, and 0 for the joint
    feature.

    Args:
        config: Its `dim`.
    """

    def __init__(self, config: FusionConfig) -> None:
        super().__init__()
        dim = config.dim
        self.W_audio = nn.Linear(dim, dim)
        self.W_visual = nn.Linear(dim, dim)
        self.W_z = nn.Linear(3 * dim, dim)
        self.cell = nn.LSTMCell(dim, dim)

    def forward(self, attended: Attended, overrides: GateOverrides = OWN_GATES) -> Gated:
        """Fuse the attended features of a base fusion, (B, L, D); `overrides` may force audio or visual."""
        audio, visual = attended.attended_audio, attended.attended_visual
        hidden_audio, hidden_visual = torch.tanh(self.W_audio(audio)), torch.tanh(self.W_visual(visual))
        forced = _STAGE2.get(overrides.forced.stage2)
        h = c = torch.zeros_like(audio[:, 0])
        gates, states = [], []
        for t in range(audio.shape[1]):
            z = _gate(self.W_z(torch.cat((audio[:, t], visual[:, t], h), dim=-1)), overrides, forced)
            h, c = self.cell(z * hidden_audio[:, t] + (1 - z) * hidden_visual[:, t], (h, c))
            gates.append(z)
            states.append(h)
        return _between_modalities(torch.stack(states, 1), hidden_audio, hidden_visual, torch.stack(gates, 1))


class ConditionalGate(nn.Module):
    """One gate per modality and dimension between the self-attended feature and a transform of the cross-attended one.

    Source: rebuilt from the description of Kumar & Vepa, "Gated mechanism for attention based multi modal sentiment
    analysis", ICASSP 2020, arXiv:2003.01043: a non-linear transform F of both features, and a gate G that is
    conditional on both, for P = X_m and Q = X_att,m:
        F = tanh(W_f [P; Q] + b_f);  G = sigma(W_g [P; Q] + b_g);  X_att,gm = G * F + (1 - G) * P.
    Adapted: the recurrent encoders and the third modality, text, are left out; the two gated features are joined by a
    linear map, as X_att,gav of IACA is. Open: the descriptions, that of arXiv:2405.12853 among them, do not say what
    the two layers read besides P and Q; here, nothing. Its weights are those of stage 1: 1 - mean G and mean G.

    Args:
        config: Its `dim`.
    """

    def __init__(self, config: FusionConfig) -> None:
        super().__init__()
        dim = config.dim
        self.W_f = nn.ModuleDict({modality: nn.Linear(2 * dim, dim) for modality in MODALITIES})
        self.W_g = nn.ModuleDict({modality: nn.Linear(2 * dim, dim) for modality in MODALITIES})
        self.fc = nn.Linear(2 * dim, dim)

    def forward(self, attended: Attended, overrides: GateOverrides = OWN_GATES) -> Gated:
        """Gate each modality of a base fusion, (B, L, D); `overrides` may force one of its two features."""
        gated_audio, audio_weights = self._gated(AUDIO, attended.audio, attended.attended_audio, overrides)
        gated_visual, visual_weights = self._gated(VISUAL, attended.visual, attended.attended_visual, overrides)
        return _joined(self.fc, gated_audio, gated_visual, audio_weights, visual_weights)

    def _gated(self, modality: str, own: Tensor, cross: Tensor, overrides: GateOverrides) -> tuple[Tensor, Tensor]:
        both = torch.cat((own, cross), dim=-1)
        transformed = torch.tanh(self.W_f[modality](both))
        gate = _gate(self.W_g[modality](both), overrides, _STAGE1.get(overrides.forced.stage1))
        mean = gate.mean(-1)
        return gate * transformed + (1 - gate) * own, torch.stack((1 - mean, mean), dim=-1)


class ForgetGate(nn.Module):
    """One gate per modality and dimension that lets through, or forgets, what attention brought.

    Source: rebuilt from the equations of Jiang & Ji, "Cross-modality gated attention fusion for multimodal sentiment
    analysis", arXiv:2208.11893, as others implement them, for the attended feature A of a modality with feature X:
        f = sigma(W_f [A; X] + b_f);  h = ReLU(X + f * W_m A).
    Adapted: A is X_att,m of the base fusion instead of their multi-head attention, and the two h are joined by a linear
    map, as X_att,gav of IACA is. Open: their normalisation and feed-forward layers around it are left out. X always
    passes, so its weights, those of stage 1, are the shares of 1 and of mean f in their sum: the second is at most 1/2.

    Args:
        config: Its `dim`.
    """

    def __init__(self, config: FusionConfig) -> None:
        super().__init__()
        dim = config.dim
        self.W_f = nn.ModuleDict({modality: nn.Linear(2 * dim, dim) for modality in MODALITIES})
        self.W_m = nn.ModuleDict({modality: nn.Linear(dim, dim, bias=False) for modality in MODALITIES})
        self.fc = nn.Linear(2 * dim, dim)

    def forward(self, attended: Attended, overrides: GateOverrides = OWN_GATES) -> Gated:
        """Gate each modality of a base fusion, (B, L, D); `overrides` may open or close the gates."""
        gated_audio, audio_weights = self._gated(AUDIO, attended.audio, attended.attended_audio, overrides)
        gated_visual, visual_weights = self._gated(VISUAL, attended.visual, attended.attended_visual, overrides)
        return _joined(self.fc, gated_audio, gated_visual, audio_weights, visual_weights)

    def _gated(self, modality: str, own: Tensor, cross: Tensor, overrides: GateOverrides) -> tuple[Tensor, Tensor]:
        logits = self.W_f[modality](torch.cat((cross, own), dim=-1))
        gate = _gate(logits, overrides, _STAGE1.get(overrides.forced.stage1))
        mean = gate.mean(-1)
        return F.relu(own + gate * self.W_m[modality](cross)), torch.stack((1 / (1 + mean), mean / (1 + mean)), dim=-1)


class LeakyGate(nn.Module):
    """A gate per modality that chooses the non-attended or the cross-attended feature, and lets some of the other pass.

    Source: rebuilt from the description of Lee et al., "Leaky gated cross-attention for weakly supervised multi-modal
    temporal action localization", WACV 2022: of the two features of a frame the gate selects one, and the other escapes
    with a small intensity, alpha:
        G_m = softmax(X_att,m^T W_gl,m / T);  L_m = alpha + (1 - 2 alpha) G_m;
        X_att,gm = L_m0 * X_m + L_m1 * X_att,m.
    Adapted: the gate's layer and T are those of eqs 5 and 6 of arXiv:2405.12853, which follows this paper; one stage of
    cross-attention, that of the base fusion; the two gated features are joined by a linear map, as X_att,gav of IACA
    is. Open: the description, that of its abstract, says neither how large alpha is, here 0.1, nor whether the choice
    is hard; here T decides. Its weights are those of stage 1: L_m.

    Args:
        config: Its `dim`, `gate_temperature` and `gate_init`.
    """

    def __init__(self, config: FusionConfig) -> None:
        super().__init__()
        self.temperature = config.gate_temperature
        self.W_gl_audio = gate_matrix(config.dim, config.gate_init)
        self.W_gl_visual = gate_matrix(config.dim, config.gate_init)
        self.fc = nn.Linear(2 * config.dim, config.dim)

    def forward(self, attended: Attended, overrides: GateOverrides = OWN_GATES) -> Gated:
        """Gate each modality of a base fusion, (B, L, D); what `overrides` forces does not leak."""
        temperature = self.temperature if overrides.temperature is None else overrides.temperature
        choice = overrides.forced.stage1
        audio_logits = attended.attended_audio @ self.W_gl_audio
        visual_logits = attended.attended_visual @ self.W_gl_visual
        audio_weights, visual_weights = (
            self._weights(logits, temperature, choice) for logits in (audio_logits, visual_logits)
        )
        gated_audio = audio_weights[..., :1] * attended.audio + audio_weights[..., 1:] * attended.attended_audio
        gated_visual = visual_weights[..., :1] * attended.visual + visual_weights[..., 1:] * attended.attended_visual
        gated = _joined(self.fc, gated_audio, gated_visual, audio_weights, visual_weights)
        return gated._replace(stage1_audio_logits=audio_logits, stage1_visual_logits=visual_logits)

    @staticmethod
    def _weights(logits: Tensor, temperature: float, choice: Stage1Choice) -> Tensor:
        weights = stage1_weights(logits, temperature, choice)
        return weights if choice is not Stage1Choice.FREE else LEAK + (1 - 2 * LEAK) * weights


_GATES = {
    Gate.GMU: GatedMultimodalUnit,
    Gate.CONDITIONAL: ConditionalGate,
    Gate.FORGET: ForgetGate,
    Gate.GATED_SEQUENCE: GatedSequence,
    Gate.LEAKY: LeakyGate,
}

GATE_SYMBOLS = {
    Gate.GMU: (Symbol("W_a", "W_audio"), Symbol("W_v", "W_visual"), Symbol("W_z", "W_z")),
    Gate.CONDITIONAL: tuple(
        Symbol(f"{layer},{modality[0]}", f"{layer}.{modality}") for layer in ("W_f", "W_g") for modality in MODALITIES
    ),
    Gate.FORGET: tuple(
        Symbol(f"{layer},{modality[0]}", f"{layer}.{modality}") for layer in ("W_f", "W_m") for modality in MODALITIES
    ),
    Gate.GATED_SEQUENCE: (
        Symbol("W_a", "W_audio"), Symbol("W_v", "W_visual"), Symbol("W_z", "W_z"), Symbol("LSTM", "cell")
    ),
    Gate.LEAKY: (Symbol("W_gl,a", "W_gl_audio"), Symbol("W_gl,v", "W_gl_visual"), Symbol("FC", "fc")),
}  # fmt: skip
"""Symbols of the papers and the tensors of a gate that hold them."""


def build_gate(config: FusionConfig) -> nn.Module:
    """The gates that a configuration names: a module from `Attended` and `GateOverrides` to `Gated`.

    Args:
        config: Its `gate`, `dim` and what the gate reads besides.
    """
    return _GATES.get(config.gate, InconsistencyAwareGate)(config)


def _gate(logits: Tensor, overrides: GateOverrides, forced: float | None) -> Tensor:
    """A gate in (0, 1), or what is forced everywhere, in the shape of its logits."""
    if forced is not None:
        return torch.full_like(logits, forced)
    return torch.sigmoid(logits if overrides.temperature is None else logits / overrides.temperature)


def _between_modalities(fused: Tensor, audio: Tensor, visual: Tensor, z: Tensor) -> Gated:
    """The output of a gate that stands for stage 2, from (B, L, D) each."""
    mean = z.mean(-1)
    weights = torch.stack((mean, 1 - mean, torch.zeros_like(mean)), dim=-1)
    return Gated(fused, audio, visual, None, None, None, None, None, None, weights)


def _joined(fc: nn.Linear, audio: Tensor, visual: Tensor, audio_weights: Tensor, visual_weights: Tensor) -> Gated:
    """The output of a gate that stands for stage 1: both gated features, (B, L, D) each, joined by a linear map."""
    joint = fc(torch.cat((audio, visual), dim=-1))
    return Gated(joint, audio, visual, joint, None, None, audio_weights, visual_weights, None, None)
