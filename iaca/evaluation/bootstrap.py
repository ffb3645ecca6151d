"""Bootstrap intervals of the concordance correlation coefficient (CCC) over subjects, computed from sums."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from iaca.metrics import MINIMUM_FRAMES, annotated

BOOTSTRAP_DRAWS = 2000
"""Bootstrap samples of an interval."""

SUM_COLUMNS = tuple(f"moment_{i}" for i in range(6))
"""Columns of the sums of `ccc_sums` in the tables of a study; tables of earlier versions have the same names."""

INTERVAL = (2.5, 97.5)
"""Percentiles at the ends of a reported interval: 95 %."""

ROUNDING = 1e-14
"""Share of the mean square below which a difference of sums is rounding error."""


def bootstrap_ccc(
    truths: Sequence[np.ndarray], predictions: Sequence[np.ndarray], seed: int = 0
) -> tuple[float, float]:
    """Percentile interval of the pooled CCC when subjects are drawn with replacement.

    Args:
        truths: One (N,) array per subject; NaN where not annotated.
        predictions: One (N,) array per subject, in the same order.
        seed: Seed of the draws.

    Returns:
        Lower and upper end of the 95 % interval, in [-1, 1]; NaN for fewer than two subjects.
    """
    if len(truths) < 2:
        return float("nan"), float("nan")
    sums = np.stack([ccc_sums(t, p) for t, p in zip(truths, predictions, strict=True)])
    values = ccc_of_sums(draw_subjects(len(sums), seed) @ sums)
    values = values[np.isfinite(values)]
    low, high = np.percentile(values, INTERVAL) if len(values) else (np.nan, np.nan)
    return float(low), float(high)


def bootstrap_mean(scores: Sequence[float], seed: int = 0) -> tuple[float, float]:
    """Percentile interval of the mean score when subjects are drawn with replacement.

    Args:
        scores: One per subject; NaN where it is not defined, which is left out.
        seed: Seed of the draws.

    Returns:
        Lower and upper end of the 95 % interval; NaN for fewer than two scores.
    """
    values = np.array([score for score in scores if np.isfinite(score)])
    if len(values) < 2:
        return float("nan"), float("nan")
    low, high = np.percentile(draw_subjects(len(values), seed) @ values / len(values), INTERVAL)
    return float(low), float(high)


def draw_subjects(count: int, seed: int = 0) -> np.ndarray:
    """Draw bootstrap samples of subjects.

    Args:
        count: Number of subjects, at least 1.
        seed: Seed of the draws.

    Returns:
        (BOOTSTRAP_DRAWS, count) int64, how often each subject is in each sample; rows sum to `count`.
    """
    return np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), BOOTSTRAP_DRAWS)


def ccc_sums(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """The sums that the CCC of a subject follows from; added over subjects, they give the pooled CCC.

    Args:
        truth: (N,), NaN where not annotated.
        prediction: (N,).

    Returns:
        (6,) float64: number of annotated frames, and over these the sums of x, y, x^2, y^2 and x y, where x is the
        truth and y the prediction.
    """
    x, y = annotated(truth, prediction)
    return np.array([len(x), x.sum(), y.sum(), (x * x).sum(), (y * y).sum(), (x * y).sum()])


def ccc_of_sums(sums: np.ndarray) -> np.ndarray:
    """The CCC that follows from sums over frames.

    Args:
        sums: (..., 6), what `ccc_sums` returns, of one subject or added over several.

    Returns:
        (...,) in [-1, 1]. NaN where undefined: fewer than two frames, or a denominator that is zero up to rounding.
    """
    count, sum_x, sum_y, sum_xx, sum_yy, sum_xy = np.moveaxis(sums, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_x, mean_y = sum_x / count, sum_y / count
        covariance = sum_xy / count - mean_x * mean_y
        spread = sum_xx / count - mean_x**2 + sum_yy / count - mean_y**2
        denominator = spread + (mean_x - mean_y) ** 2
        defined = (count >= MINIMUM_FRAMES) & (denominator > ROUNDING * (sum_xx + sum_yy) / count)
        return np.where(defined, 2 * covariance / denominator, np.nan)[()]  # a number for a single row of sums
