"""The training loss: one minus the concordance correlation coefficient, on annotated clips."""

from __future__ import annotations

import torch
from torch import Tensor

EPSILON = 1e-8
"""Added to the denominator of the CCC, which is 0 for constant and equal sides."""


def ccc_loss(truth: Tensor, prediction: Tensor, valid: Tensor) -> Tensor:
    """1 - CCC over all valid places of a batch.

    Source: L = 1 - CCC, as the paper trains; population moments.

    Args:
        truth: (B, L); may be NaN where `valid` is false.
        prediction: (B, L).
        valid: (B, L) bool, the places that count.

    Returns:
        A scalar in [0, 2]; 0, with a gradient of 0, where fewer than two places are valid.
    """
    count = valid.sum()

    def mean(values: Tensor) -> Tensor:
        return torch.where(valid, values, 0.0).sum() / count.clamp(min=1)

    # Masked sums: taking the valid places out would make a GPU wait for their number.
    truth, prediction = torch.where(valid, truth.float(), 0.0), torch.where(valid, prediction.float(), 0.0)
    mean_x, mean_y = mean(truth), mean(prediction)
    x, y = truth - mean_x, prediction - mean_y
    spread = mean(x**2) + mean(y**2) + (mean_x - mean_y) ** 2
    return (1 - 2 * mean(x * y) / (spread + EPSILON)) * (count > 1)
