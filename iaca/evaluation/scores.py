"""Scores of models on subjects: pooled and per subject, with intervals over subjects."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any, NamedTuple

import numpy as np

from iaca.evaluation.bootstrap import bootstrap_ccc, bootstrap_mean
from iaca.evaluation.smoothing import Postprocess
from iaca.evaluation.smoothing import postprocess as smooth
from iaca.inference import predict
from iaca.metrics import ccc, pearson, rmse
from iaca.models.published.network import FusionNetwork
from iaca.types import Features


class Pooling(StrEnum):
    """How the agreement of several subjects becomes one number.

    POOLED is that of the ABAW challenges, of AVEC 2019 on SEWA and of MuSe; MEAN that of AVEC 2018 on RECOLA.
    """

    POOLED = "pooled"
    MEAN = "mean"

    @property
    def sentence(self) -> str:
        """What a table of scores says about it."""
        return {
            Pooling.POOLED: "Groups: over the annotated frames of all their recordings, taken together.",
            Pooling.MEAN: "Groups: the mean over their recordings, each scored alone; one without a score is left out.",
        }[self]


class Agreement(NamedTuple):
    """Agreement of predictions with the truth over the annotated frames of one or more subjects.

    Attributes:
        ccc: In [-1, 1]; NaN where undefined.
        pearson: In [-1, 1]; NaN where undefined.
        rmse: At least 0; NaN without annotated frames.
        smoothed_ccc: CCC of the prediction after `postprocess`.
        valid_frames: Number of annotated frames.
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
        groups: Group -> target -> Agreement over its subjects; has at least "all".
        subjects: Subject -> target -> Agreement.
        pooling: How the agreement of a group follows from its subjects.
    """

    groups: dict[str, dict[str, Agreement]]
    subjects: dict[str, dict[str, Agreement]]
    pooling: Pooling = Pooling.POOLED

    def to_dict(self) -> dict[str, Any]:
        """The scores as plain values for JSON, with None where a score is not defined: JSON has no NaN."""
        return {
            part: {
                name: {target: _plain(agreement) for target, agreement in by_target.items()}
                for name, by_target in getattr(self, part).items()
            }
            for part in ("groups", "subjects")
        } | {"pooling": str(self.pooling)}


def _plain(agreement: Agreement) -> dict[str, Any]:
    values = agreement._asdict() | {"interval": None if math.isnan(agreement.interval[0]) else agreement.interval}
    return {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in values.items()}


def evaluate(
    model: FusionNetwork,
    features: Sequence[Features],
    groups: Mapping[str, Iterable[str]] | None = None,
    seed: int = 0,
    postprocess: Postprocess | str = Postprocess.NEAREST,
    pooling: Pooling | str = Pooling.POOLED,
) -> Evaluation:
    """Score a model on subjects.

    Source: CCC over the concatenated annotated frames of all subjects, as in the ABAW challenges, and per subject; or,
    as in AVEC 2018, the mean over subjects.

    Args:
        model: The model, in eval mode.
        features: The subjects.
        groups: Group -> names of its subjects, scored separately; a group without any of the subjects is left out.
        seed: Seed of the bootstrap.
        postprocess: How smoothing treats both ends of a video.
        pooling: How the agreement of a group follows from its subjects.

    Returns:
        Scores of the raw predictions, with the CCC of the smoothed ones beside.
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

    alone = {item.subject: {t: score([item.subject], t) for t in targets} for item in features}
    pooling = Pooling(pooling)

    def together(subjects: Sequence[str], target: str) -> Agreement:
        if pooling is Pooling.POOLED:
            return score(subjects, target)
        return _mean([alone[s][target] for s in subjects], seed)

    groups_scores = {name: {t: together(subjects, t) for t in targets} for name, subjects in members.items()}
    return Evaluation(groups_scores, alone, pooling)


def _mean(agreements: Sequence[Agreement], seed: int) -> Agreement:
    """The mean of each score over the subjects that have it."""

    def mean(values: Sequence[float]) -> float:
        there = [value for value in values if not math.isnan(value)]
        return float(np.mean(there)) if there else float("nan")

    return Agreement(
        mean([one.ccc for one in agreements]),
        mean([one.pearson for one in agreements]),
        mean([one.rmse for one in agreements]),
        mean([one.smoothed_ccc for one in agreements]),
        sum(one.valid_frames for one in agreements),
        bootstrap_mean([one.ccc for one in agreements], seed),
    )
