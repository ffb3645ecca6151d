"""Fusions of other groups that can be built from the same features: rows of Table 1 of the paper.

None of them is cross-attention with a map, so they have no attention map. They keep the contract of every fusion, and
can be gated like any other. What stands here is the fusion stage alone; the backbones, losses and ensembles of the
publications are not rebuilt, so their published scores are not those of these rows.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from iaca.config import FusionConfig
from iaca.models.fusions.registry import register_fusion
from iaca.models.fusions.transformer_cross_attention import sinusoidal_positions
from iaca.types import Attended

KERNEL = 3
DILATIONS = (1, 2, 4)
"""Of the three blocks of a TCN: it sees 29 clips, more than a window."""


class TemporalBlock(nn.Module):
    """Two dilated convolutions over clips with a residual path.

    Source: Bai et al., arXiv:1803.01271. Deviates: not causal, since a window is seen whole.

    Args:
        dim: D.
        dilation: Clips between neighbouring taps.
        dropout: Share in [0, 1).
    """

    def __init__(self, dim: int, dilation: int, dropout: float) -> None:
        super().__init__()
        self.first = nn.Conv1d(dim, dim, KERNEL, padding=dilation, dilation=dilation)
        self.second = nn.Conv1d(dim, dim, KERNEL, padding=dilation, dilation=dilation)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, L, D) to (B, L, D)."""
        y = x.transpose(1, 2)
        y = self.dropout(F.relu(self.first(y)))
        y = self.dropout(F.relu(self.second(y)))
        return F.relu(x + y.transpose(1, 2))


class Recurrent(nn.Module):
    """A bidirectional LSTM over clips, (B, L, D) to (B, L, D); D is even."""

    def __init__(self, dim: int) -> None:
        super().__init__()
        self.lstm = nn.LSTM(dim, dim // 2, batch_first=True, bidirectional=True)

    def forward(self, x: Tensor) -> Tensor:
        """Map (B, L, D) to (B, L, D)."""
        return self.lstm(x)[0]


class ConcatenatedTransformer(nn.Module):
    """A temporal network per modality, then a transformer encoder on the concatenation of both.

    The first half of its output counts as the attended audio feature, the second as the visual one; residual:
    X_att,m - X_m. Attention here is over time within the concatenation, so there is no map between modalities.

    Args:
        audio: Module from (B, L, D) to (B, L, D).
        visual: Likewise.
        config: `dim`, `clips`, `num_layers`, `num_heads`, `attention_dropout`.
    """

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
        """Fuse.

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


class LeaderFollower(nn.Module):
    """Leader-follower attention: the visual feature leads, and attention over both modalities follows it.

    Source: Zhang et al., ABAW2, arXiv:2107.01175: a TCN per modality; per clip, queries, keys and values of both
    modalities; scaled dot-product attention among them; the leader is concatenated to what follows.
    Choice: attention runs over the two modalities of one clip, and the follower is the mean of both answers.

    Args:
        config: `dim` and `attention_dropout`.
    """

    def __init__(self, config: FusionConfig) -> None:
        super().__init__()
        dim, dropout = config.dim, config.attention_dropout
        self.audio = nn.Sequential(*(TemporalBlock(dim, d, dropout) for d in DILATIONS))
        self.visual = nn.Sequential(*(TemporalBlock(dim, d, dropout) for d in DILATIONS))
        self.query_key_value = nn.ModuleDict({m: nn.Linear(dim, 3 * dim) for m in ("audio", "visual")})
        self.norm = nn.LayerNorm(dim)

    def forward(self, audio: Tensor, visual: Tensor) -> Attended:
        """Fuse.

        Args:
            audio: (B, L, D).
            visual: (B, L, D).

        Returns:
            The follower as attended audio feature, the leader as the visual one; no map over clips.
        """
        heard, leader = self.audio(audio), self.visual(visual)
        projected = torch.stack((self.query_key_value["audio"](heard), self.query_key_value["visual"](leader)), dim=2)
        query, key, value = projected.chunk(3, dim=-1)  # (B, L, 2, D) each
        follower = self.norm(F.scaled_dot_product_attention(query, key, value).mean(dim=2) + heard)
        return Attended(audio, visual, follower, leader, follower - audio, leader - visual)


def _transformer(config: FusionConfig) -> nn.Module:
    """Source: Zhang et al., ABAW5 2023 (CVPRW): a transformer encoder on concatenated features."""
    return ConcatenatedTransformer(nn.Identity(), nn.Identity(), config)


def _lstm_transformer(config: FusionConfig) -> nn.Module:
    """Source: Karas et al. and Meng et al., ABAW3 2022 (CVPRW): LSTM and transformer encoder.

    Choice: one after the other; the publications also run them side by side and average.
    """
    return ConcatenatedTransformer(Recurrent(config.dim), Recurrent(config.dim), config)


def _tcn_transformer(config: FusionConfig) -> nn.Module:
    """Source: Zhou et al., ABAW5 2023 (CVPRW): a TCN per modality, then a transformer encoder."""

    def tcn() -> nn.Module:
        return nn.Sequential(*(TemporalBlock(config.dim, d, config.attention_dropout) for d in DILATIONS))

    return ConcatenatedTransformer(tcn(), tcn(), config)


register_fusion("leader_follower", LeaderFollower)
register_fusion("lstm_transformer", _lstm_transformer)
register_fusion("tcn_transformer", _tcn_transformer)
register_fusion("transformer", _transformer)
