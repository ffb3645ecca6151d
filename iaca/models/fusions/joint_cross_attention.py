"""Joint cross-attention, JCA."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from iaca.config import MODALITIES, FusionConfig
from iaca.models.fusions.registry import Symbol, register_fusion
from iaca.types import Attended

QUINTIC_LIMIT = 0.1
"""Largest score up to which tanh(x) is taken as x - x^3/3 + 2x^5/15."""


class JointCrossAttention(nn.Module):
    """Joint cross-attention, JCA: each modality against the concatenation of both.

    Source: Praveen et al., T-BIOM 2023, as in section 2 of arXiv:2405.12853, with J = [X_a; X_v], 2D x L:
        C_a = tanh(X_a W_ja J^T / sqrt(2D));  H_a = ReLU(W_a X_a^T + W_ca C_a^T);
        X_att,a = W_ha^T H_a + X_a; the visual side likewise. C_a is D x 2D: correlation of features over the L clips.

    Args:
        dim: D.
        clips: L.
        hidden: k.
    """

    def __init__(self, dim: int, clips: int, hidden: int = 32) -> None:
        super().__init__()
        self.scale = 1 / math.sqrt(2 * dim)
        for modality in MODALITIES:
            for name, rows, columns in (
                ("W_j", clips, clips),
                ("W", hidden, clips),
                ("W_c", hidden, 2 * dim),
                ("W_h", hidden, clips),
            ):
                matrix = nn.Parameter(torch.empty(rows, columns))
                nn.init.kaiming_uniform_(matrix, a=math.sqrt(5))
                self.register_parameter(f"{name}_{modality}", matrix)

    def forward(self, audio: Tensor, visual: Tensor) -> Attended:
        """Attend to the joint representation.

        Args:
            audio: (B, L, D).
            visual: (B, L, D).

        Returns:
            Attended features, unbounded; maps (B, D, 2D) in [-1, 1].
        """
        joint = torch.cat((audio, visual), dim=-1)  # (B, L, 2D)
        audio_residual, audio_map = self._attend(audio, joint, "audio")
        visual_residual, visual_map = self._attend(visual, joint, "visual")
        return Attended(
            audio,
            visual,
            audio + audio_residual,
            visual + visual_residual,
            audio_residual,
            visual_residual,
            audio_map,
            visual_map,
        )

    def _attend(self, features: Tensor, joint: Tensor, modality: str) -> tuple[Tensor, Tensor]:
        w_j, w, w_c, w_h = (getattr(self, f"{name}_{modality}") for name in ("W_j", "W", "W_c", "W_h"))
        # In place, since fresh memory for D x 2D maps costs more than the arithmetic in them.
        correlation = tanh_in_place(features.transpose(1, 2) @ ((w_j * self.scale) @ joint))  # (B, D, 2D)
        hidden = (w_c @ correlation.transpose(1, 2)).add_(w @ features).relu_()  # (B, k, D)
        return w_h.T @ hidden, correlation


def tanh_in_place(scores: Tensor) -> Tensor:
    """Compute tanh in a third of its time, which is most of JCA's on a CPU.

    Choice: small scores take x - x^3/3 + 2x^5/15, whose next term is below 6e-8 of x; the others 2 sigmoid(2x) - 1,
    which is off by up to 1.8e-7 and so would be too coarse for them. Gradients and other types take tanh
    itself, and so does an exported graph, which cannot branch on values.

    Args:
        scores: Any shape; overwritten.

    Returns:
        The same memory, in [-1, 1]; off by at most 2e-6 of the largest.
    """
    exact = scores.requires_grad or not scores.is_cpu or scores.dtype is not torch.float32
    if exact or torch.compiler.is_exporting() or not scores.numel():
        return scores.tanh_()
    lowest, highest = torch.aminmax(scores)
    if max(-float(lowest), float(highest)) <= QUINTIC_LIMIT:
        # The same with its square completed, which needs one temporary: 1 - u/3 + 2u^2/15 = 19/24 + 2 (u - 5/4)^2 / 15.
        factors = scores.square().sub_(5 / 4)
        torch.addcmul(scores.new_tensor(19 / 24), factors, factors, value=2 / 15, out=factors)
        return scores.mul_(factors)
    return scores.mul_(2).sigmoid_().mul_(2).sub_(1)


def joint_symbols(prefix: str = "", place: str = "") -> list[Symbol]:
    """List the matrices of one joint cross-attention.

    Args:
        prefix: Of their names in the state dict.
        place: Which one it is, where there are several.
    """
    return [
        Symbol(f"{symbol}{modality[0]}", f"{prefix}{name}_{modality}", place)
        for modality in MODALITIES
        for symbol, name in (("W_j", "W_j"), ("W_", "W"), ("W_c", "W_c"), ("W_h", "W_h"))
    ]


def _build(config: FusionConfig) -> nn.Module:
    return JointCrossAttention(config.dim, config.clips, config.jca_hidden)


def _symbols(config: FusionConfig) -> list[Symbol]:
    return joint_symbols()


register_fusion("jca", _build, title="JCA", symbols=_symbols, order=3)
