"""The two-stage gate of inconsistency-aware cross-attention (IACA)."""

from __future__ import annotations

import math
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from iaca.config import (
    OWN_GATES,
    FusionConfig,
    Gate,
    GateInit,
    GateOverrides,
    Stage1Choice,
    Stage1Context,
    Stage2Choice,
    Stage2Input,
)
from iaca.types import Attended

STAGE1_COLUMNS = {Stage1Choice.SELF: 0, Stage1Choice.CROSS: 1}
STAGE2_COLUMNS = {Stage2Choice.AUDIO: 0, Stage2Choice.VISUAL: 1, Stage2Choice.JOINT: 2}
"""Column of the weights that a forced gate puts everything on."""


class Gated(NamedTuple):
    """The output of the gates and every intermediate; None for a stage that is off, or that a gate does not have.

    Attributes:
        fused: (B, L, D), non-negative: X_att,g, what the head receives.
        gated_audio: (B, L, D), X_att,ga.
        gated_visual: (B, L, D), X_att,gv.
        joint: (B, L, D), X_att,gav.
        stage1_audio_logits: (B, L, 2), W_go,a.
        stage1_visual_logits: (B, L, 2), W_go,v.
        stage1_audio_weights: (B, L, 2), sums to 1.
        stage1_visual_weights: (B, L, 2), sums to 1.
        stage2_logits: (B, L, 3).
        stage2_weights: (B, L, 3), sums to 1.
    """

    fused: Tensor
    gated_audio: Tensor
    gated_visual: Tensor
    joint: Tensor | None
    stage1_audio_logits: Tensor | None
    stage1_visual_logits: Tensor | None
    stage1_audio_weights: Tensor | None
    stage1_visual_weights: Tensor | None
    stage2_logits: Tensor | None
    stage2_weights: Tensor | None


class InconsistencyAwareGate(nn.Module):
    """The gates of IACA: stage 1 weighs self- against cross-attended features, stage 2 audio, visual and joint ones.

    Source: eqs 5-9 of arXiv:2405.12853:
        W_go,m = X_att,m^T W_gl,m;  G_m = softmax(W_go,m / T);
        X_att,gm = ReLU(X_m * G_m0 + X_att,m * G_m1);
        X_att,gav = FC(concat(X_att,ga, X_att,gv));  G_av = softmax(gate(.) / T);
        X_att,g = ReLU(X_att,ga * G_av0 + X_att,gv * G_av1 + X_att,gav * G_av2).
    Choice: the operand of the A-V gate is not given; it is the concatenation of the three features
    (`stage2_input="all"`) or X_att,gav alone (`"joint"`). T is "small"; the authors' DCA uses 0.1. "Self-attended" in
    eqs 7-8 is X_m itself. With stage 1 off, ReLU(X_att,m) enters stage 2. With stage 2 off, as in DCA, X_att,gav goes
    to the head.
    Deviates: gate layers start at zero unless `gate_init="default"`, because T = 0.1 saturates a default start.
    `stage1_context="both"` lets the gate of a modality read both attended features; eq 5 alone cannot see that the
    other modality is bad. `gate="constant"` and `gate="blind"` are controls, not part of the paper.

    Args:
        config: Its gate fields, `dim`, `stage1` and `stage2`.
    """

    def __init__(self, config: FusionConfig) -> None:
        super().__init__()
        dim = config.dim
        self.temperature = config.gate_temperature
        self.stage1, self.stage2 = config.stage1, config.stage2
        self.gate = config.gate
        self.stage1_context, self.stage2_input = config.stage1_context, config.stage2_input
        self.fc = nn.Linear(2 * dim, dim)
        rows = 2 * dim if config.stage1_context is Stage1Context.BOTH else dim
        width = 3 * dim if config.stage2_input is Stage2Input.ALL else dim
        if self.gate is Gate.LEARNED:
            if self.stage1:
                self.W_gl_audio = gate_matrix(rows, config.gate_init)
                self.W_gl_visual = gate_matrix(rows, config.gate_init)
            if self.stage2:
                self.gate_av = nn.Linear(width, 3)
                if config.gate_init is GateInit.ZERO:
                    nn.init.zeros_(self.gate_av.weight)
                    nn.init.zeros_(self.gate_av.bias)
        elif self.gate is Gate.BLIND:
            if self.stage1:
                self.blind_audio = nn.Parameter(torch.zeros(2))
                self.blind_visual = nn.Parameter(torch.zeros(2))
            if self.stage2:
                self.blind_av = nn.Parameter(torch.zeros(3))

    def forward(self, attended: Attended, overrides: GateOverrides = OWN_GATES) -> Gated:
        """Apply both stages.

        Args:
            attended: What a base fusion returned.
            overrides: Another T, and weights that are set by hand; logits stay those of the gates.

        Returns:
            The fused feature and every intermediate of eqs 5-9.
        """
        temperature = self.temperature if overrides.temperature is None else overrides.temperature
        forced = overrides.forced
        audio, attended_audio = attended.audio, attended.attended_audio
        visual, attended_visual = attended.visual, attended.attended_visual
        stage1 = self._stage1_logits(attended_audio, attended_visual)
        if stage1 is None:
            audio_logits = visual_logits = audio_weights = visual_weights = None
            gated_audio, gated_visual = F.relu(attended_audio), F.relu(attended_visual)
        else:
            audio_logits, visual_logits = stage1
            audio_weights, visual_weights = (stage1_weights(x, temperature, forced.stage1) for x in stage1)
            gated_visual = F.relu(visual * visual_weights[..., :1] + attended_visual * visual_weights[..., 1:])  # eq 7
            gated_audio = F.relu(audio * audio_weights[..., :1] + attended_audio * audio_weights[..., 1:])  # eq 8
        joint = self.fc(torch.cat((gated_audio, gated_visual), dim=-1))
        stage2_logits = self._stage2_logits(gated_audio, gated_visual, joint)
        if stage2_logits is None:
            stage2_weights = None
            fused = joint
        else:
            stage2_weights = _weights(stage2_logits, temperature, STAGE2_COLUMNS.get(forced.stage2))
            fused = F.relu(  # eq 9
                gated_audio * stage2_weights[..., 0:1]
                + gated_visual * stage2_weights[..., 1:2]
                + joint * stage2_weights[..., 2:3]
            )
        return Gated(
            fused,
            gated_audio,
            gated_visual,
            joint,
            audio_logits,
            visual_logits,
            audio_weights,
            visual_weights,
            stage2_logits,
            stage2_weights,
        )

    def _stage1_logits(self, audio: Tensor, visual: Tensor) -> tuple[Tensor, Tensor] | None:
        """W_go of both modalities, (B, L, 2), from their attended features."""
        if not self.stage1:
            return None
        places = audio.shape[:2]
        if self.gate is Gate.CONSTANT:
            equal = audio.new_zeros(*places, 2)
            return equal, equal
        if self.gate is Gate.BLIND:
            return self.blind_audio.expand(*places, 2), self.blind_visual.expand(*places, 2)
        if self.stage1_context is Stage1Context.BOTH:
            both = torch.cat((audio, visual), dim=-1)
            return both @ self.W_gl_audio, both @ self.W_gl_visual
        return audio @ self.W_gl_audio, visual @ self.W_gl_visual  # eq 5

    def _stage2_logits(self, gated_audio: Tensor, gated_visual: Tensor, joint: Tensor) -> Tensor | None:
        if not self.stage2:
            return None
        if self.gate is Gate.CONSTANT:
            return joint.new_zeros(*joint.shape[:2], 3)
        if self.gate is Gate.BLIND:
            return self.blind_av.expand(*joint.shape[:2], 3)
        if self.stage2_input is Stage2Input.ALL:
            return self.gate_av(torch.cat((gated_audio, gated_visual, joint), dim=-1))
        return self.gate_av(joint)


def stage1_weights(logits: Tensor, temperature: float, choice: Stage1Choice) -> Tensor:
    """The weights of stage 1, G_m: (B, L, 2), sums to 1.

    Args:
        logits: (B, L, 2), W_go,m of eq 5.
        temperature: T, above 0.
        choice: The feature that is forced; `free`: the logits decide.
    """
    return _weights(logits, temperature, STAGE1_COLUMNS.get(choice))


def _weights(logits: Tensor, temperature: float, column: int | None) -> Tensor:
    """Softmax of the logits, or all weight on one column."""
    if column is None:
        return (logits / temperature).softmax(-1)  # eq 6
    weights = torch.zeros_like(logits)
    weights[..., column] = 1
    return weights


def gate_matrix(rows: int, init: GateInit) -> nn.Parameter:
    """W_gl (rows, 2), no bias; torch's default for a linear layer is uniform in +-1/sqrt(rows)."""
    matrix = torch.zeros(rows, 2)
    if init is GateInit.DEFAULT:
        bound = 1 / math.sqrt(rows)
        matrix.uniform_(-bound, bound)
    return nn.Parameter(matrix)
