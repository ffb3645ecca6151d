"""An LSTM per modality, then a transformer encoder on the concatenation of both.

Only the fusion stage of the publications is rebuilt, not their backbones, losses and ensembles, so their published
scores are not those of this fusion.
"""

from __future__ import annotations

from torch import nn

from iaca.config import FusionConfig
from iaca.models.fusions.registry import register_fusion
from iaca.models.fusions.transformer import ConcatenatedTransformer
from iaca.models.sequence_layers import BLSTM, check_even_dim, check_heads


def _check(config: FusionConfig) -> FusionConfig:
    check_heads(config, over_both=True)
    check_even_dim(config)
    return config


def _build(config: FusionConfig) -> nn.Module:
    """Source: Karas et al. and Meng et al., ABAW3 2022 (CVPRW): LSTM and transformer encoder.

    Choice: one after the other; the publications also run them side by side and average.
    """
    return ConcatenatedTransformer(BLSTM(config.dim, config.dim), BLSTM(config.dim, config.dim), config)


register_fusion("lstm_transformer", _build, title="LSTM-transformer", check=_check, order=6)
