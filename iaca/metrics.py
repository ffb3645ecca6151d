"""Agreement of predictions with annotations."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

MINIMUM_FRAMES = 2
"""Annotated frames below which agreement is not defined."""


def ccc(truth: ArrayLike, prediction: ArrayLike, valid: ArrayLike | None = None) -> float:
    """Concordance correlation coefficient.

    Source: Lin (1989), doi:10.2307/2532051; the measure of the ABAW challenges:
        CCC = 2 s_xy / (s_x^2 + s_y^2 + (m_x - m_y)^2), population moments (ddof 0), in float64.

    Args:
        truth: (N,), labels in [-1, 1]; NaN where not annotated.
        prediction: (N,), of the same length.
        valid: (N,) bool, frames that count; frames without annotation never do. None: all annotated frames.

    Returns:
        A number in [-1, 1]. NaN where it is undefined: fewer than two frames, both sides constant and equal, or a
        prediction that is NaN on a frame that counts.

    Raises:
        ValueError: The lengths differ.

    Examples:
        A prediction that is right but for a constant correlates perfectly and agrees less:

        >>> truth = [0.0, 0.5, 1.0, float("nan")]
        >>> round(ccc(truth, [0.5, 1.0, 1.5, 9.0]), 4)
        0.5714
        >>> round(ccc(truth, truth), 4)
        1.0
        >>> ccc([0.2, 0.2], [0.2, 0.2])
        nan
    """
    x, y = annotated(truth, prediction, valid)
    if len(x) < MINIMUM_FRAMES:
        return float("nan")
    mean_x, mean_y = x.mean(), y.mean()
    covariance = ((x - mean_x) * (y - mean_y)).mean()
    denominator = x.var() + y.var() + (mean_x - mean_y) ** 2
    # The mean of equal numbers may be off by a rounding error, and the ratio of two such errors is 1.
    both_equal = x.min() == x.max() == y.min() == y.max()
    return float("nan") if both_equal or denominator == 0 else float(2 * covariance / denominator)


def pearson(truth: ArrayLike, prediction: ArrayLike, valid: ArrayLike | None = None) -> float:
    """Pearson correlation over annotated frames, in [-1, 1]; NaN with fewer than two or a constant side.

    Source: r = s_xy / (s_x s_y). Args and errors are those of `ccc`.

    Examples:
        >>> round(pearson([0.0, 0.5, 1.0], [0.5, 1.0, 1.5]), 4)
        1.0
        >>> pearson([0.0, 0.5, 1.0], [0.3, 0.3, 0.3])
        nan
    """
    x, y = annotated(truth, prediction, valid)
    if len(x) < MINIMUM_FRAMES:
        return float("nan")
    denominator = x.std() * y.std()
    constant = x.min() == x.max() or y.min() == y.max()
    if constant or not denominator > 0:
        return float("nan")
    return float(((x - x.mean()) * (y - y.mean())).mean() / denominator)


def rmse(truth: ArrayLike, prediction: ArrayLike, valid: ArrayLike | None = None) -> float:
    """Root of the mean squared error over annotated frames, at least 0; NaN without any.

    Args and errors are those of `ccc`.

    Examples:
        >>> rmse([0.0, 0.5, float("nan")], [0.25, 0.75, 0.0])
        0.25
    """
    x, y = annotated(truth, prediction, valid)
    return float(np.sqrt(((x - y) ** 2).mean())) if len(x) else float("nan")


def annotated(truth: ArrayLike, prediction: ArrayLike, valid: ArrayLike | None = None) -> tuple[np.ndarray, np.ndarray]:
    """Truth and prediction on the frames that count.

    Args:
        truth: (N,), NaN where not annotated.
        prediction: (N,), of the same length.
        valid: (N,) bool, frames that count besides; None: all annotated frames.

    Returns:
        Both as float64, of one length of at most N.

    Raises:
        ValueError: The lengths differ.
    """
    x = np.asarray(truth, np.float64).ravel()
    y = np.asarray(prediction, np.float64).ravel()
    mask = np.ones(len(x), bool) if valid is None else np.asarray(valid, bool).ravel()
    if not len(x) == len(y) == len(mask):
        raise ValueError(f"truth has {len(x)} frames, prediction {len(y)}, valid {len(mask)}; expected equal lengths")
    mask = mask & np.isfinite(x)
    return x[mask], y[mask]
