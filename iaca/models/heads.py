"""The regression head."""

from __future__ import annotations

from torch import nn


def build_head(input_dim: int, hidden: int = 128, dropout: float = 0.3) -> nn.Sequential:
    """Linear, ReLU, dropout, linear to one value; no tanh.

    Source: the two linear layers of the paper's prediction head.

    Args:
        input_dim: Dimension of the feature it receives.
        hidden: Hidden units.
        dropout: Share in [0, 1).

    Returns:
        A module from (..., input_dim) to (..., 1), unbounded.
    """
    return nn.Sequential(nn.Linear(input_dim, hidden), nn.ReLU(), nn.Dropout(dropout), nn.Linear(hidden, 1))
