"""Concatenation, the control: no attention at all."""

from __future__ import annotations

from dataclasses import replace

from torch import Tensor, nn

from iaca.config import ConfigError, FusionConfig
from iaca.models.fusions.registry import register_fusion
from iaca.types import Attended


class Concatenation(nn.Module):
    """No attention: both features as they are. The control that tells what attention is worth."""

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
    """Concatenation has no cross-attended feature to choose: of IACA only stage 2 is left."""
    if not config.iaca:
        return config
    if not config.stage2:
        raise ConfigError("fusion is 'concat' and stage2 is false; expected stage 2: concat has no stage 1")
    return replace(config, stage1=False)


def _build(config: FusionConfig) -> nn.Module:
    return Concatenation()


register_fusion("concat", _build, title="CONCAT", check=_check, order=0)
