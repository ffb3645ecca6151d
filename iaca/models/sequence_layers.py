"""Layers over the clips of a window that several fusions share, and the checks that they need."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from iaca.config import ConfigError, FusionConfig

KERNEL = 3
DILATIONS = (1, 2, 4)
"""Of the three blocks of a TCN: it sees 29 clips, more than a window."""


class BLSTM(nn.Module):
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


def build_tcn(config: FusionConfig) -> nn.Sequential:
    """A temporal convolutional network from (B, L, D) to (B, L, D)."""
    return nn.Sequential(*(TemporalBlock(config.dim, d, config.attention_dropout) for d in DILATIONS))


def sinusoidal_positions(length: int, dim: int) -> Tensor:
    """The positions of "Attention is all you need": sine in even columns, cosine in odd ones.

    Args:
        length: Number of positions.
        dim: Even.

    Returns:
        (length, dim) in [-1, 1].
    """
    place = torch.arange(length)[:, None]
    rate = torch.exp(torch.arange(0, dim, 2) * (-math.log(10000.0) / dim))
    positions = torch.zeros(length, dim)
    positions[:, 0::2] = torch.sin(place * rate)
    positions[:, 1::2] = torch.cos(place * rate)
    return positions


def check_even_dim(config: FusionConfig) -> None:
    """Refuse an odd D, which neither a BLSTM nor sinusoidal positions can split in two.

    Raises:
        ConfigError: `dim` is odd.
    """
    if config.dim % 2:
        raise ConfigError(f"dim is {config.dim}; expected an even number for fusion {config.fusion!r}")


def check_heads(config: FusionConfig, *, over_both: bool = False) -> None:
    """Refuse heads that cannot share the features evenly.

    Args:
        config: The configuration.
        over_both: Whether they share the concatenation of both modalities, 2D, instead of D.

    Raises:
        ConfigError: `num_heads` does not divide it.
    """
    if (2 * config.dim if over_both else config.dim) % config.num_heads:
        whole = "twice dim" if over_both else "dim"
        raise ConfigError(f"num_heads is {config.num_heads} and dim is {config.dim}; expected a divisor of {whole}")
