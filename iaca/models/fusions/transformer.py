"""A transformer encoder on concatenated features.

Only the fusion stage of the publication is rebuilt, not its backbones, losses and ensembles, so its published scores
are not those of this fusion.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from iaca.config import FusionConfig
from iaca.models.fusions.registry import register_fusion
from iaca.models.sequence_layers import check_heads, sinusoidal_positions
from iaca.types import Attended


class ConcatenatedTransformer(nn.Module):
    """A temporal network per modality, then a transformer encoder on the concatenation of both.

    The first half of its output counts as the attended audio feature, the second as the visual one; residual:
    X_att,m - X_m. Attention here is over time within the concatenation, so there is no map between modalities.

    Args:
        audio: Module from (B, L, D) to (B, L, D).
        visual: Likewise.
        config: `dim`, `clips`, `num_layers`, `num_heads`, `attention_dropout`.
    """

    positions: Tensor

    def __init__(self, audio: nn.Module, visual: nn.Module, config: FusionConfig) -> None:
        super().__init__()
        self.audio, self.visual = audio, visual
        width = 2 * config.dim
        self.register_buffer("positions", sinusoidal_positions(config.clips, width), persistent=False)
        layer = nn.TransformerEncoderLayer(
            width, config.num_heads, 2 * width, config.attention_dropout, batch_first=True, norm_first=True
        )
        self.encoder = nn.TransformerEncoder(layer, config.num_layers, nn.LayerNorm(width), enable_nested_tensor=False)

    def forward(self, audio: Tensor, visual: Tensor) -> Attended:
        """Fuse both modalities.

        Args:
            audio: (B, L, D).
            visual: (B, L, D).

        Returns:
            Attended features, normalised over 2D; no map.
        """
        both = torch.cat((self.audio(audio), self.visual(visual)), dim=-1) + self.positions
        attended_audio, attended_visual = self.encoder(both).chunk(2, dim=-1)
        return Attended(
            audio, visual, attended_audio, attended_visual, attended_audio - audio, attended_visual - visual
        )


def _check(config: FusionConfig) -> FusionConfig:
    check_heads(config, over_both=True)
    return config


def _build(config: FusionConfig) -> nn.Module:
    """Source: Zhang et al., ABAW5 2023 (CVPRW): a transformer encoder on concatenated features."""
    return ConcatenatedTransformer(nn.Identity(), nn.Identity(), config)


register_fusion("transformer", _build, title="Transformer", check=_check, order=8)
