"""Do gates tell the truth? Their weights against episodes of corruption that are known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy.stats import rankdata

from iaca.checkpoints import Checkpoint
from iaca.evaluation import BOOTSTRAP_DRAWS, INTERVAL
from iaca.inference import infer
from iaca.types import Episode, Features

FEWEST_SUBJECTS = 2
"""Below it there is no interval."""

SUSPICIONS = {
    "visual": {
        "stage 2: less visual": lambda frames, target: -frames[f"{target}_stage2_visual"],
        "stage 1: audio self-attended": lambda frames, target: frames[f"{target}_stage1_audio_self"],
        "stage 1: visual self-attended": lambda frames, target: frames[f"{target}_stage1_visual_self"],
    },
    "audio": {
        "stage 2: less audio": lambda frames, target: -frames[f"{target}_stage2_audio"],
        "stage 1: visual self-attended": lambda frames, target: frames[f"{target}_stage1_visual_self"],
        "stage 1: audio self-attended": lambda frames, target: frames[f"{target}_stage1_audio_self"],
    },
}
"""Corrupted modality -> what a gate that noticed would do, as a number that rises with it."""


class GateTruth(NamedTuple):
    """How well one gate tells the frames of one kind of episode from the rest of the same videos.

    Attributes:
        target: valence or arousal.
        modality: The one that is corrupted.
        kind: Kind of episode.
        gate: What the gate would do if it noticed.
        auc: Area under the ROC curve in [0, 1]; 0.5 is chance.
        interval: 95 % bootstrap interval over subjects.
        subjects: Subjects with such episodes.
    """

    target: str
    modality: str
    kind: str
    gate: str
    auc: float
    interval: tuple[float, float]
    subjects: int


def score_gates(checkpoint: Checkpoint, features: Sequence[Features], episodes: Sequence[Episode]) -> list[GateTruth]:
    """Score every gate of a model on every kind of episode.

    The AUC is that of frames within one subject, averaged over subjects with the weight of their pairs of frames: a
    gate that merely differs between people gains nothing.

    Args:
        checkpoint: A gated model.
        features: Subjects.
        episodes: Their known episodes.

    Returns:
        One entry per target, kind and gate that the model has.
    """
    traces = {item.subject: infer(item, checkpoint).frames for item in features}
    kinds = sorted({(e.modality, e.kind) for e in episodes if e.subject in traces})
    results = []
    for target in checkpoint.config.targets:
        for modality, kind in kinds:
            for gate, suspicion in SUSPICIONS[modality].items():
                parts = []
                for subject, frames in traces.items():
                    inside = inside_episodes(frames.pts_s.to_numpy(), subject, episodes, modality, kind)
                    values = suspicion(frames, target).to_numpy()
                    if inside.any() and not inside.all() and np.isfinite(values).all():
                        parts.append((auc(inside, values), inside.sum() * (~inside).sum()))
                if parts:
                    value, interval = _pooled(np.array(parts, np.float64))
                    results.append(GateTruth(target, modality, kind, gate, value, interval, len(parts)))
    return results


def inside_episodes(
    pts_s: np.ndarray, subject: str, episodes: Sequence[Episode], modality: str, kind: str
) -> np.ndarray:
    """(N,) bool, frames of a subject within its episodes of one modality and kind."""
    inside = np.zeros(len(pts_s), bool)
    for e in episodes:
        if (e.subject, e.modality, e.kind) == (subject, modality, kind):
            inside |= (pts_s >= e.start_s) & (pts_s < e.end_s)
    return inside


def auc(positive: np.ndarray, values: np.ndarray) -> float:
    """Area under the ROC curve: chance that a positive frame has the larger value; ties count half.

    Args:
        positive: (N,) bool, at least one true and one false.
        values: (N,) finite.

    Returns:
        A number in [0, 1].
    """
    ranks = rankdata(values)
    count = positive.sum()
    return float((ranks[positive].sum() - count * (count + 1) / 2) / (count * (~positive).sum()))


def _pooled(parts: np.ndarray) -> tuple[float, tuple[float, float]]:
    value = float(np.average(parts[:, 0], weights=parts[:, 1]))
    if len(parts) < FEWEST_SUBJECTS:
        return value, (float("nan"), float("nan"))
    drawn = np.random.default_rng(0).integers(0, len(parts), (BOOTSTRAP_DRAWS, len(parts)))
    means = (parts[drawn, 0] * parts[drawn, 1]).sum(axis=1) / parts[drawn, 1].sum(axis=1)
    low, high = np.percentile(means, INTERVAL)
    return value, (float(low), float(high))
