"""What a study decides: contrasts that were fixed beforehand, with intervals, corrected for how many they are.

Paired over subjects and seeds: both models see the same subjects, and a seed is a training of each. Subjects and seeds
vary independently, so the variance of a mean difference is that over subjects plus that over seeds.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from enum import StrEnum
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from scipy import stats

from iaca.evaluation import ccc_of_sums

CONFIDENCE = 0.95
POWER = 0.80
"""Chance with which the smallest detectable difference would be found."""

FEWEST_SUBJECTS = 5
"""With fewer there is no verdict: an interval over so few subjects says nothing."""

EQUIVALENCE_MARGIN = 0.02
"""Differences of CCC within so much of 0 make no difference in practice."""

PRIMARY_FILE = files("iaca.study") / "primary.json"
"""The primary contrasts, fixed before any test subject was made."""


LEAST_HEADROOM = 0.02
"""Where a detector that was taught the episodes gains less, a gate has nothing to gain."""


class Verdict(StrEnum):
    """What a difference in CCC says."""

    HELPS = "helps"
    HURTS = "hurts"
    EQUIVALENT = "equivalent"
    NOTHING = "nothing to gain here"
    UNCLEAR = "no clear difference"
    TOO_FEW = "too few subjects"


class Contrast(NamedTuple):
    """One model against another on some frames.

    Attributes:
        question: What it answers.
        model: Name of the variant.
        against: Name of the variant that it is compared with.
        frames: Group of frames, such as "all".
        target: valence or arousal.
    """

    question: str
    model: str
    against: str
    frames: str
    target: str


class Estimate(NamedTuple):
    """A difference of CCC, mean over seeds.

    Attributes:
        value: The difference.
        error: Its standard error.
        freedom: Degrees of freedom of the t distribution that its interval is from.
        subjects: Number of subjects that have such frames.
        seeds: Number of seeds.
    """

    value: float
    error: float
    freedom: float
    subjects: int
    seeds: int

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Bounds of the interval that covers the difference with this probability; NaN without degrees of freedom."""
        reach = float(stats.t.ppf(0.5 + confidence / 2, self.freedom)) * self.error
        return self.value - reach, self.value + reach

    @property
    def p(self) -> float:
        """Two-sided probability of such a difference, or a larger one, where there is none."""
        return float(2 * stats.t.sf(abs(self.value) / self.error, self.freedom)) if self.error > 0 else float("nan")

    @property
    def smallest_detectable(self) -> float:
        """Difference that a study of this size would find with `POWER`, at the level of `CONFIDENCE`."""
        reach = stats.t.ppf(0.5 + CONFIDENCE / 2, self.freedom) + stats.t.ppf(POWER, self.freedom)
        return float(reach * self.error)


def primary_contrasts() -> tuple[list[Contrast], str]:
    """The contrasts that a study decides on, and the SHA-256 of the file that fixes them.

    Everything else that a study computes is exploratory.
    """
    content = PRIMARY_FILE.read_bytes()
    document = json.loads(content)
    contrasts = [
        Contrast(pair["question"], base + pair["model"], pair["against"].format(base=base), frames, target)
        for base in document["bases"]
        for pair in document["pairs"]
        for frames in document["frames"]
        for target in document["targets"]
    ]
    return contrasts, hashlib.sha256(content).hexdigest()


def estimate(ours: np.ndarray, other: np.ndarray | None = None) -> Estimate:
    """The difference of two models' pooled CCC, or the CCC of one, with a standard error over subjects and seeds.

    The error over subjects is a jackknife's of the mean over seeds, that over seeds the spread of their differences;
    degrees of freedom are Satterthwaite's. With one seed the error over seeds is left out.

    Args:
        ours: (seeds, ..., subjects, 6) sums of `ccc_sums`; the CCC is averaged over what stands between, such as draws
            of missing clips.
        other: Likewise, of the same seeds and subjects; None: the CCC itself. Subjects without frames (in all seeds)
            are left out.

    Returns:
        The estimate; error and degrees of freedom are NaN for fewer than two subjects.
    """
    having = (ours[..., 0] > 0).any(axis=tuple(range(ours.ndim - 2)))
    models = [ours[..., having, :]] + ([] if other is None else [other[..., having, :]])
    seeds, subjects = len(ours), int(having.sum())
    per_seed = _less(*(ccc_of_sums(sums.sum(axis=-2)).reshape(seeds, -1).mean(axis=1) for sums in models))
    if subjects < 2:
        return Estimate(float(per_seed.mean()), float("nan"), float("nan"), subjects, seeds)
    without = _less(*map(_without_each, models))  # (subjects,)
    over_subjects = (subjects - 1) / subjects * float(((without - without.mean()) ** 2).sum())
    over_seeds = float(per_seed.var(ddof=1)) / seeds if seeds > 1 else 0.0
    variance = over_subjects + over_seeds
    terms = [(over_subjects, subjects - 1), (over_seeds, seeds - 1)]
    shared = sum(part**2 / freedom for part, freedom in terms if part > 0 and freedom > 0)
    freedom = variance**2 / shared if shared > 0 else float(subjects - 1)
    return Estimate(float(per_seed.mean()), float(np.sqrt(variance)), freedom, subjects, seeds)


def verdict_of(found: Estimate, p: float | None = None, headroom: float | None = None) -> Verdict:
    """What a difference says.

    Args:
        found: The difference.
        p: Its probability, adjusted where it is one of several; None: its own.
        headroom: What a detector gains on the same frames; None: not known, or not asked.

    Returns:
        `HELPS` or `HURTS` where the probability is below 0.05; else `NOTHING` where the headroom is below
        `LEAST_HEADROOM`, `EQUIVALENT` where the interval lies within `EQUIVALENCE_MARGIN` of 0, or `UNCLEAR`.
    """
    if found.subjects < FEWEST_SUBJECTS:
        return Verdict.TOO_FEW
    if (found.p if p is None else p) < 1 - CONFIDENCE:
        return Verdict.HELPS if found.value > 0 else Verdict.HURTS
    if headroom is not None and headroom < LEAST_HEADROOM:
        return Verdict.NOTHING
    low, high = found.interval()
    return Verdict.EQUIVALENT if low > -EQUIVALENCE_MARGIN and high < EQUIVALENCE_MARGIN else Verdict.UNCLEAR


def _less(values: np.ndarray, others: np.ndarray | None = None) -> np.ndarray:
    """The difference, or the values where there are no others."""
    return values if others is None else values - others


def _without_each(sums: np.ndarray) -> np.ndarray:
    """(subjects,) the pooled CCC without each subject, mean over seeds and what stands between."""
    values = ccc_of_sums(sums.sum(axis=-2, keepdims=True) - sums)
    return values.mean(axis=tuple(range(values.ndim - 1)))


def holm(p: Sequence[float]) -> list[float]:
    """Holm's adjustment of the probabilities of several tests.

    Args:
        p: One probability a test; NaN for a test that could not be made, which does not count.

    Returns:
        Adjusted probabilities, in the same order, at most 1: below 0.05 a difference holds with all others in view.

    Examples:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    values = np.array(p, np.float64)
    adjusted = np.full(len(values), np.nan)
    order = [k for k in np.argsort(values, kind="stable") if np.isfinite(values[k])]
    highest = 0.0
    for place, k in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - place) * values[k]))
        adjusted[k] = highest
    return adjusted.tolist()
