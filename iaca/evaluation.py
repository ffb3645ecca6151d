"""Scores of models on subjects: pooled and per subject, with intervals over subjects."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from iaca.inference import predict
from iaca.metrics import MINIMUM_FRAMES, annotated, ccc, pearson, rmse
from iaca.models.fusion_model import FusionModel
from iaca.postprocess import Postprocess
from iaca.postprocess import postprocess as smooth
from iaca.types import Features

BOOTSTRAP_DRAWS = 2000
MOMENT_COLUMNS = tuple(f"moment_{i}" for i in range(6))
"""What tables call the sums of `ccc_moments`."""

INTERVAL = (2.5, 97.5)
"""Percentiles of the interval that is reported."""

ROUNDING = 1e-14
"""Share of the mean square below which a difference of sums is nothing but rounding."""


class Agreement(NamedTuple):
    """Agreement with the truth over the annotated frames of one subject, or of many together.

    Attributes:
        ccc: In [-1, 1]; NaN where undefined.
        pearson: In [-1, 1]; NaN where undefined.
        rmse: At least 0; NaN without annotated frames.
        smoothed_ccc: CCC of the prediction after `postprocess`.
        valid_frames: Annotated frames.
        interval: 95 % bootstrap interval of the CCC over subjects; NaN for fewer than two.
    """

    ccc: float
    pearson: float
    rmse: float
    smoothed_ccc: float
    valid_frames: int
    interval: tuple[float, float] = (float("nan"), float("nan"))


class Evaluation(NamedTuple):
    """Scores of one model.

    Attributes:
        groups: Group -> target -> Agreement over the pooled frames of its subjects; "all" is always there.
        subjects: Subject -> target -> Agreement.
    """

    groups: dict[str, dict[str, Agreement]]
    subjects: dict[str, dict[str, Agreement]]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON: None where a score is not defined, since JSON has no NaN."""
        return {
            part: {
                name: {target: _plain(agreement) for target, agreement in by_target.items()}
                for name, by_target in getattr(self, part).items()
            }
            for part in self._fields
        }


def _plain(agreement: Agreement) -> dict[str, Any]:
    values = agreement._asdict() | {"interval": None if math.isnan(agreement.interval[0]) else agreement.interval}
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in values.items()}


def evaluate(
    model: FusionModel,
    features: Sequence[Features],
    groups: Mapping[str, Iterable[str]] | None = None,
    seed: int = 0,
    postprocess: Postprocess | str = Postprocess.NEAREST,
) -> Evaluation:
    """Score a model on subjects.

    Source: CCC over the concatenated annotated frames of all subjects (the challenge's way) and per subject.

    Args:
        model: The model, in eval mode.
        features: Subjects.
        groups: Group -> names of its subjects, reported apart; a group without a subject here is left out.
        seed: Seed of the bootstrap.
        postprocess: How the smoothed predictions treat both ends of a video.

    Returns:
        Scores of raw predictions, with those of smoothed ones beside.
    """
    authors = Postprocess(postprocess) is Postprocess.AUTHORS
    predictions = {item.subject: predict(item, model) for item in features}
    smoothed = {
        subject: {target: smooth(values, target, authors) for target, values in by_target.items()}
        for subject, by_target in predictions.items()
    }
    targets = model.config.targets
    members = {"all": [item.subject for item in features]}
    for name, subjects in (groups or {}).items():
        chosen = [item.subject for item in features if item.subject in set(subjects)]
        if chosen:
            members[name] = chosen
    by_subject = {item.subject: item for item in features}

    def score(subjects: Sequence[str], target: str) -> Agreement:
        truths = [getattr(by_subject[s], target) for s in subjects]
        raw = [predictions[s][target] for s in subjects]
        truth, prediction = np.concatenate(truths), np.concatenate(raw)
        return Agreement(
            ccc(truth, prediction),
            pearson(truth, prediction),
            rmse(truth, prediction),
            ccc(truth, np.concatenate([smoothed[s][target] for s in subjects])),
            int(np.isfinite(truth).sum()),
            bootstrap_ccc(truths, raw, seed),
        )

    return Evaluation(
        {name: {t: score(subjects, t) for t in targets} for name, subjects in members.items()},
        {item.subject: {t: score([item.subject], t) for t in targets} for item in features},
    )


def bootstrap_ccc(
    truths: Sequence[np.ndarray], predictions: Sequence[np.ndarray], seed: int = 0
) -> tuple[float, float]:
    """Percentile interval of the pooled CCC when subjects are drawn with replacement.

    Args:
        truths: One array a subject; NaN where not annotated.
        predictions: Likewise.
        seed: Seed of the draws.

    Returns:
        Bounds of the 95 % interval; NaN for fewer than two subjects.
    """
    if len(truths) < 2:
        return float("nan"), float("nan")
    moments = np.stack([ccc_moments(t, p) for t, p in zip(truths, predictions, strict=True)])
    values = ccc_of_moments(draw_subjects(len(moments), seed) @ moments)
    values = values[np.isfinite(values)]
    low, high = np.percentile(values, INTERVAL) if len(values) else (np.nan, np.nan)
    return float(low), float(high)


def draw_subjects(count: int, seed: int = 0) -> np.ndarray:
    """How often each of `count` subjects is drawn, in each of BOOTSTRAP_DRAWS draws with replacement."""
    return np.random.default_rng(seed).multinomial(count, np.full(count, 1 / count), BOOTSTRAP_DRAWS)


def ccc_moments(truth: np.ndarray, prediction: np.ndarray) -> np.ndarray:
    """Sums from which the CCC of a subject, or of many together, follows.

    Args:
        truth: (N,), NaN where not annotated.
        prediction: (N,).

    Returns:
        (6,) float64: count, sums of x, y, x^2, y^2 and x y over annotated frames; they add up over subjects.
    """
    x, y = annotated(truth, prediction)
    return np.array([len(x), x.sum(), y.sum(), (x * x).sum(), (y * y).sum(), (x * y).sum()])


def ccc_of_moments(moments: np.ndarray) -> np.ndarray:
    """CCC from sums.

    Args:
        moments: (..., 6), as `ccc_moments` returns them, added up.

    Returns:
        (...,) in [-1, 1]. NaN where undefined: fewer than two frames, or a denominator that is zero but for the
        rounding of the sums.
    """
    count, sum_x, sum_y, sum_xx, sum_yy, sum_xy = np.moveaxis(moments, -1, 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_x, mean_y = sum_x / count, sum_y / count
        covariance = sum_xy / count - mean_x * mean_y
        spread = sum_xx / count - mean_x**2 + sum_yy / count - mean_y**2
        denominator = spread + (mean_x - mean_y) ** 2
        defined = (count >= MINIMUM_FRAMES) & (denominator > ROUNDING * (sum_xx + sum_yy) / count)
        return np.where(defined, 2 * covariance / denominator, np.nan)[()]  # a number where one was asked for
