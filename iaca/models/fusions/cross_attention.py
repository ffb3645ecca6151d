"""Cross-attention, CA: the paper's base fusion.

The paper writes features as d x L; here they are batch-first, (B, L, D), so X_a^T of the paper is `audio` itself.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from iaca.config import FusionConfig
from iaca.models.fusions.registry import Symbol, register_fusion
from iaca.types import Attended


class CrossAttention(nn.Module):
    """Cross-attention, CA.

    Source: eqs 1-4 of arXiv:2405.12853 (Praveen et al., FG 2021):
        Z = X_a^T W X_v;  A_a = column-wise softmax of Z;  A_v = column-wise softmax of Z^T;
        X^_m = X_m A_m;  X_att,m = tanh(X_m + X^_m).
    Choice: eq 1 prints the denominator of A_v along the other axis; the text and the authors' released code use the
    column-wise softmax for both.
    Deviates: Z is scaled by 1/sqrt(D), unless `scale` is false; unscaled, the softmax of standardised features has
    most of its weight on one clip from the start, that of features of unit length is nearly uniform.

    Args:
        dim: D.
        scale: Whether Z is scaled.
    """

    def __init__(self, dim: int, scale: bool = True) -> None:
        super().__init__()
        self.W = nn.Parameter(torch.empty(dim, dim))
        nn.init.xavier_uniform_(self.W)
        self.scale = dim**-0.5 if scale else 1.0

    def forward(self, audio: Tensor, visual: Tensor) -> Attended:
        """Attend across modalities.

        Args:
            audio: (B, L, D).
            visual: (B, L, D).

        Returns:
            Attended features in [-1, 1]; maps (B, L, L) whose columns sum to 1; `correlation` is Z as it enters the
            softmax.
        """
        correlation = (audio @ self.W) @ visual.transpose(1, 2) * self.scale  # (B, L, L): Z
        audio_map = correlation.softmax(dim=1)  # eq 1
        visual_map = correlation.transpose(1, 2).softmax(dim=1)  # eq 1
        audio_residual = audio_map.transpose(1, 2) @ audio  # eq 2
        visual_residual = visual_map.transpose(1, 2) @ visual  # eq 2
        attended_audio = torch.tanh(audio + audio_residual)  # eq 3
        attended_visual = torch.tanh(visual + visual_residual)  # eq 4
        return Attended(
            audio,
            visual,
            attended_audio,
            attended_visual,
            audio_residual,
            visual_residual,
            audio_map,
            visual_map,
            maps_over_clips=True,
            correlation=correlation,
        )


def _build(config: FusionConfig) -> nn.Module:
    return CrossAttention(config.dim, config.scale_correlation)


def _symbols(config: FusionConfig) -> list[Symbol]:
    return [Symbol("W", "W")]


register_fusion("ca", _build, title="CA", symbols=_symbols, order=1)
