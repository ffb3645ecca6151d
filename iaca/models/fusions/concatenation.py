"""Concatenation: the control without attention."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor, nn

from iaca.config import ConfigError, FusionConfig
from iaca.models.fusions.registry import register_fusion
from iaca.types import Attended


class Concatenation(nn.Module):
    """No attention: both features stay as they are. This control shows what attention is worth."""

    def forward(self, audio: Tensor, visual: Tensor) -> Attended:
        """Return the features unchanged.

        Args:
            audio: (B, L, D).
            visual: (B, L, D).

        Returns:
            Attended features equal to the features, no residual, no map.
        """
        return Attended(audio, visual, audio, visual)


def _check(config: FusionConfig) -> FusionConfig:
    """Turn off stage 1: without attention there is no cross-attended feature to choose."""
    if not config.iaca:
        return config
    if not config.stage2:
        raise ConfigError("fusion is 'concat' and stage2 is false; expected stage 2: concat has no stage 1")
    return replace(config, stage1=False)


def _build(config: FusionConfig) -> nn.Module:
    return Concatenation()


register_fusion("concat", _build, title="Concat", check=_check, order=0)
