"""Scores of models on subjects: pooled and per subject, with intervals over subjects."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from iaca.evaluation.bootstrap import bootstrap_ccc
from iaca.evaluation.smoothing import Postprocess
from iaca.evaluation.smoothing import postprocess as smooth
from iaca.inference import predict
from iaca.metrics import ccc, pearson, rmse
from iaca.models.published.network import FusionNetwork
from iaca.types import Features


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
        groups: Group -> target -> Agreement over the pooled frames of its subjects; has at least "all".
        subjects: Subject -> target -> Agreement.
    """

    groups: dict[str, dict[str, Agreement]]
    subjects: dict[str, dict[str, Agreement]]

    def to_dict(self) -> dict[str, Any]:
        """The scores as plain values for JSON, with None where a score is not defined: JSON has no NaN."""
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
    model: FusionNetwork,
    features: Sequence[Features],
    groups: Mapping[str, Iterable[str]] | None = None,
    seed: int = 0,
    postprocess: Postprocess | str = Postprocess.NEAREST,
) -> Evaluation:
    """Score a model on subjects.

    Source: CCC over the concatenated annotated frames of all subjects, as in the ABAW challenges, and per subject.

    Args:
        model: The model, in eval mode.
        features: The subjects.
        groups: Group -> names of its subjects, scored separately; a group without any of the subjects is left out.
        seed: Seed of the bootstrap.
        postprocess: How smoothing treats both ends of a video.

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

    return Evaluation(
        {name: {t: score(subjects, t) for t in targets} for name, subjects in members.items()},
        {item.subject: {t: score([item.subject], t) for t in targets} for item in features},
    )
