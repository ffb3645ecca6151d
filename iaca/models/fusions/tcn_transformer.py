"""A temporal convolutional network (TCN) per modality, then a transformer encoder on the concatenation of both.

Only the fusion stage of the publication is rebuilt, not its backbones, losses and ensembles, so its published scores
are not those of this fusion.
"""

from __future__ import annotations

from torch import nn

from iaca.config import FusionConfig
from iaca.models.fusions.registry import register_fusion
from iaca.models.fusions.transformer import ConcatenatedTransformer
from iaca.models.sequence_layers import build_tcn, check_heads


def _check(config: FusionConfig) -> FusionConfig:
    check_heads(config, over_both=True)
    return config


def _build(config: FusionConfig) -> nn.Module:
    """Source: Zhou et al., ABAW5 2023 (CVPRW): a TCN per modality, then a transformer encoder."""
    return ConcatenatedTransformer(build_tcn(config), build_tcn(config), config)


register_fusion("tcn_transformer", _build, title="TCN-transformer", check=_check, order=7)
