"""The training loss: one minus the concordance correlation coefficient, on annotated clips."""

from __future__ import annotations

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
    truth, prediction = truth[valid].float(), prediction[valid].float()
    if truth.numel() < 2:
        return prediction.sum() * 0.0
    mean_x, mean_y = truth.mean(), prediction.mean()
    covariance = ((truth - mean_x) * (prediction - mean_y)).mean()
    spread = truth.var(unbiased=False) + prediction.var(unbiased=False) + (mean_x - mean_y) ** 2
    return 1 - 2 * covariance / (spread + EPSILON)
