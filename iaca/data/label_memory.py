"""How long labels stay alike: their autocorrelation, by which attention over a window can help or blur."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from iaca.config import TARGETS

LAGS_S = (1.28, 2.56, 5.0, 10.0)
"""One and two clips of 32 frames at 25 frames a second, and about a quarter and a half of a window of 16 clips."""

MINIMUM_PAIRS = 250
"""Pairs of annotated frames, 10 s of them at 25 a second, below which a subject says nothing about a lag."""

TOLERANCE_S = 0.05
"""By so much, the frames of a pair may be closer or farther than the lag."""


class Autocorrelation(NamedTuple):
    """How alike labels are that lie some time apart.

    Attributes:
        lag_s: How far apart, seconds.
        target: valence or arousal.
        value: Mean autocorrelation of the subjects; None where there are none.
        subjects: Subjects with `MINIMUM_PAIRS` pairs or more, whose labels change.
        pairs: Their pairs of annotated frames.
    """

    lag_s: float
    target: str
    value: float | None
    subjects: int
    pairs: int


def subject_autocorrelation(
    pts_s: np.ndarray, labels: np.ndarray, lags_s: Sequence[float] = LAGS_S
) -> tuple[np.ndarray, np.ndarray]:
    """Autocorrelation of the labels of one subject.

    The mean product of labels that lie a lag apart, less the subject's mean, divided by their variance.

    Args:
        pts_s: (N,) seconds, ascending.
        labels: (N,) labels of one target, NaN where not annotated.
        lags_s: Lags, above 0.

    Returns:
        (lags,) float64, NaN with fewer than `MINIMUM_PAIRS` pairs or constant labels; and (lags,) int, pairs of
        annotated frames that are so far apart.

    Raises:
        ValueError: The lengths differ.
    """
    pts_s, labels = np.asarray(pts_s, np.float64), np.asarray(labels, np.float64)
    if pts_s.shape != labels.shape:
        raise ValueError(f"pts_s has the shape {pts_s.shape} and labels {labels.shape}; expected the same")
    values, pairs = np.full(len(lags_s), np.nan), np.zeros(len(lags_s), np.int64)
    is_annotated = np.isfinite(labels)
    if is_annotated.sum() < 2:
        return values, pairs
    centred = labels - labels[is_annotated].mean()
    changes = np.ptp(labels[is_annotated]) > 0
    variance = (centred[is_annotated] ** 2).mean()
    for k, lag_s in enumerate(lags_s):
        wanted_s = pts_s + lag_s
        after = np.searchsorted(pts_s, wanted_s).clip(1, len(pts_s) - 1)
        later = np.where(wanted_s - pts_s[after - 1] <= pts_s[after] - wanted_s, after - 1, after)
        reached = (np.abs(pts_s[later] - wanted_s) <= TOLERANCE_S) & (wanted_s <= pts_s[-1] + 1e-6)
        paired = reached & is_annotated & is_annotated[later]
        pairs[k] = paired.sum()
        if pairs[k] >= MINIMUM_PAIRS and changes:
            values[k] = (centred[paired] * centred[later[paired]]).mean() / variance
    return values, pairs


def label_autocorrelation(
    subjects: Iterable[Sequence[tuple[np.ndarray, np.ndarray]]], lags_s: Sequence[float] = LAGS_S
) -> tuple[Autocorrelation, ...]:
    """Autocorrelation of valence and arousal, mean over subjects.

    Choice: within subjects, so that what sets people apart does not count as memory, and each subject counts alike. In
    recordings that are not much longer than the memory it comes out too low, as about any mean of the same data.

    Args:
        subjects: What `subject_autocorrelation` returns for valence and for arousal, for each subject.
        lags_s: Their lags.

    Returns:
        One entry per target and lag, valence first.
    """
    everyone = list(subjects)
    found = []
    for i, target in enumerate(TARGETS):
        for j, lag_s in enumerate(lags_s):
            own = [(values[j], int(pairs[j])) for values, pairs in (one[i] for one in everyone)]
            counted = [(value, pairs) for value, pairs in own if np.isfinite(value)]
            mean = float(np.mean([value for value, _ in counted])) if counted else None
            found.append(Autocorrelation(lag_s, target, mean, len(counted), sum(pairs for _, pairs in counted)))
    return tuple(found)
