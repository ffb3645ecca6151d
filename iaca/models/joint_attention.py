"""Joint cross-attention, JCA, and its recursive form, RJCA."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from iaca.config import FusionConfig
from iaca.models.registry import register_fusion
from iaca.types import Attended


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
        for modality in ("audio", "visual"):
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
        correlation = torch.tanh(features.transpose(1, 2) @ (w_j @ joint) * self.scale)  # (B, D, 2D)
        hidden = F.relu(w @ features + w_c @ correlation.transpose(1, 2))  # (B, k, D)
        return w_h.T @ hidden, correlation


class RecursiveJointCrossAttention(nn.Module):
    """Recursive joint cross-attention, RJCA.

    Source: Praveen et al., ICASSP 2023. A BLSTM per modality makes X_m, which the gates call self-attended; then JCA
    is applied `num_recursions` times, each with its own weights, fed by the attended features of the one before.
    Residual: X_att,m - X_m. Map: that of the last recursion. With one recursion and no BLSTM it equals JCA.

    Args:
        dim: D, even.
        clips: L.
        hidden: k.
        num_recursions: At least 1.
        recurrent: Whether there are BLSTMs.
    """

    def __init__(self, dim: int, clips: int, hidden: int = 32, num_recursions: int = 2, recurrent: bool = True) -> None:
        super().__init__()
        self.audio_recurrence = Recurrence(dim, dim) if recurrent else nn.Identity()
        self.visual_recurrence = Recurrence(dim, dim) if recurrent else nn.Identity()
        self.recursions = nn.ModuleList(JointCrossAttention(dim, clips, hidden) for _ in range(num_recursions))

    def forward(self, audio: Tensor, visual: Tensor) -> Attended:
        """Attend recursively.

        Args:
            audio: (B, L, D).
            visual: (B, L, D).

        Returns:
            Attended features, unbounded; maps (B, D, 2D) in [-1, 1]; `audio` and `visual` are the BLSTMs' output.
        """
        audio, visual = self.audio_recurrence(audio), self.visual_recurrence(visual)
        attended_audio, attended_visual = audio, visual
        for recursion in self.recursions:
            last = recursion(attended_audio, attended_visual)
            attended_audio, attended_visual = last.attended_audio, last.attended_visual
        return last._replace(
            audio=audio,
            visual=visual,
            audio_residual=attended_audio - audio,
            visual_residual=attended_visual - visual,
        )


class Recurrence(nn.Module):
    """A bidirectional LSTM of one layer, D/2 units per direction, without skip.

    Args:
        input_dim: Dimension of its input.
        dim: D, even.
    """

    def __init__(self, input_dim: int, dim: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(input_dim, dim // 2, batch_first=True, bidirectional=True)

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, L, input_dim) to (B, L, D)."""
        return self.lstm(features)[0]


def _build_jca(config: FusionConfig) -> nn.Module:
    return JointCrossAttention(config.dim, config.clips, config.jca_hidden)


def _build_rjca(config: FusionConfig) -> nn.Module:
    return RecursiveJointCrossAttention(
        config.dim, config.clips, config.jca_hidden, config.num_recursions, config.recurrent
    )


def _build_joint_recurrence(config: FusionConfig, input_dim: int) -> nn.Module | None:
    return Recurrence(input_dim, config.dim) if config.recurrent else None


register_fusion("jca", _build_jca)
register_fusion("rjca", _build_rjca, _build_joint_recurrence)
