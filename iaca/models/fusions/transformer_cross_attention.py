"""Transformer cross-attention, TCA."""

from __future__ import annotations

from torch import Tensor, nn

from iaca.config import FusionConfig
from iaca.models.fusions.registry import MapRows, register_fusion
from iaca.models.sequence_layers import check_even_dim, check_heads, sinusoidal_positions
from iaca.types import Attended


class TransformerStream(nn.Module):
    """One layer of one stream: cross-attention, self-attention, feed-forward; pre-norm, residual.

    Args:
        dim: D.
        heads: Heads; divides D.
        dropout: Share in [0, 1).
    """

    def __init__(self, dim: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.query_norm, self.other_norm = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.self_norm, self.feed_forward_norm = nn.LayerNorm(dim), nn.LayerNorm(dim)
        self.cross_attention = nn.MultiheadAttention(dim, heads, dropout, batch_first=True)
        self.self_attention = nn.MultiheadAttention(dim, heads, dropout, batch_first=True)
        self.feed_forward = nn.Sequential(
            nn.Linear(dim, 4 * dim), nn.ReLU(), nn.Dropout(dropout), nn.Linear(4 * dim, dim)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(self, stream: Tensor, other: Tensor, need_weights: bool) -> tuple[Tensor, Tensor | None]:
        """Map (B, L, D) to (B, L, D), with the cross weights (B, queries, keys), mean over heads, when needed."""
        keys = self.other_norm(other)
        added, weights = self.cross_attention(self.query_norm(stream), keys, keys, need_weights=need_weights)
        stream = stream + self.dropout(added)
        normed = self.self_norm(stream)
        stream = stream + self.dropout(self.self_attention(normed, normed, normed, need_weights=False)[0])
        stream = stream + self.dropout(self.feed_forward(self.feed_forward_norm(stream)))
        return stream, weights


class TransformerCrossAttention(nn.Module):
    """Transformer cross-attention, TCA.

    Source: Parthasarathy & Sundaram, SLT 2021. Per direction, layers of cross-attention (queries from the stream
    itself, keys and values from the other stream), self-attention and feed-forward (4D), with sinusoidal positions
    over the L clips and a last LayerNorm. Residual: X_att,m - X_m.
    Choice: both streams of a layer read the other's state as it enters the layer. Map: the last layer's cross
    weights, mean over heads, transposed so that columns (queries) sum to 1; row i is clip i of the other modality.

    Args:
        dim: D, even.
        clips: L.
        layers: At least 1.
        heads: Heads; divides D.
        dropout: Share in [0, 1).
    """

    positions: Tensor

    def __init__(self, dim: int, clips: int, layers: int = 2, heads: int = 4, dropout: float = 0.1) -> None:
        super().__init__()
        self.register_buffer("positions", sinusoidal_positions(clips, dim), persistent=False)
        self.audio_layers = nn.ModuleList(TransformerStream(dim, heads, dropout) for _ in range(layers))
        self.visual_layers = nn.ModuleList(TransformerStream(dim, heads, dropout) for _ in range(layers))
        self.audio_norm, self.visual_norm = nn.LayerNorm(dim), nn.LayerNorm(dim)

    def forward(self, audio: Tensor, visual: Tensor) -> Attended:
        """Attend in both directions.

        Args:
            audio: (B, L, D).
            visual: (B, L, D).

        Returns:
            Attended features, normalised over D; maps (B, L, L) whose columns sum to 1 (without dropout).
        """
        audio_stream, visual_stream = audio + self.positions, visual + self.positions
        last = len(self.audio_layers) - 1
        for i, (audio_layer, visual_layer) in enumerate(zip(self.audio_layers, self.visual_layers, strict=True)):
            next_audio, audio_weights = audio_layer(audio_stream, visual_stream, i == last)
            visual_stream, visual_weights = visual_layer(visual_stream, audio_stream, i == last)
            audio_stream = next_audio
        attended_audio, attended_visual = self.audio_norm(audio_stream), self.visual_norm(visual_stream)
        return Attended(
            audio,
            visual,
            attended_audio,
            attended_visual,
            attended_audio - audio,
            attended_visual - visual,
            audio_weights.transpose(1, 2),
            visual_weights.transpose(1, 2),
            maps_over_clips=True,
        )


def _check(config: FusionConfig) -> FusionConfig:
    check_heads(config)
    check_even_dim(config)
    return config


def _build(config: FusionConfig) -> nn.Module:
    return TransformerCrossAttention(
        config.dim, config.clips, config.num_layers, config.num_heads, config.attention_dropout
    )


register_fusion("tca", _build, title="TCA", check=_check, map_rows=MapRows.OTHER, order=2)
