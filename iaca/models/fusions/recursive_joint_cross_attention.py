"""Recursive joint cross-attention, RJCA."""

from __future__ import annotations

from torch import Tensor, nn

from iaca.config import FusionConfig
from iaca.models.fusions.joint_cross_attention import JointCrossAttention, joint_symbols
from iaca.models.fusions.registry import Symbol, register_fusion
from iaca.models.sequence_layers import BLSTM, check_even_dim
from iaca.types import Attended


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
        self.audio_recurrence = BLSTM(dim, dim) if recurrent else nn.Identity()
        self.visual_recurrence = BLSTM(dim, dim) if recurrent else nn.Identity()
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


def _check(config: FusionConfig) -> FusionConfig:
    check_even_dim(config)
    return config


def _build(config: FusionConfig) -> nn.Module:
    return RecursiveJointCrossAttention(
        config.dim, config.clips, config.jca_hidden, config.num_recursions, config.recurrent
    )


def _build_joint_blstm(config: FusionConfig, input_dim: int) -> nn.Module | None:
    return BLSTM(input_dim, config.dim) if config.recurrent else None


def _symbols(config: FusionConfig) -> list[Symbol]:
    return [
        symbol
        for i in range(config.num_recursions)
        for symbol in joint_symbols(f"recursions.{i}.", f"recursion {i + 1}")
    ]


register_fusion("rjca", _build, _build_joint_blstm, title="RJCA", check=_check, symbols=_symbols, order=4)
