"""Are gates evidence? Their weights against known corruption, and against what removing a modality changes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import rankdata, spearmanr

from iaca.checkpoints import Checkpoint
from iaca.config import AUDIO, MODALITIES, VISUAL, DropoutConfig
from iaca.evaluation import BOOTSTRAP_DRAWS, INTERVAL
from iaca.inference import infer, predict
from iaca.types import Episode, Features, Trace

FEWEST_SUBJECTS = 2
"""With fewer there is no interval."""

REMOVED = "removed"
"""Kind of a score against what removing the modality changes."""

Reading = Callable[[pd.DataFrame, str], pd.Series]

SUSPICIONS: dict[str, dict[str, Reading]] = {
    VISUAL: {
        "stage 2: less visual": lambda frames, target: -frames[f"{target}_stage2_visual"],
        "stage 1: audio self-attended": lambda frames, target: frames[f"{target}_stage1_audio_self"],
        "stage 1: visual self-attended": lambda frames, target: frames[f"{target}_stage1_visual_self"],
    },
    AUDIO: {
        "stage 2: less audio": lambda frames, target: -frames[f"{target}_stage2_audio"],
        "stage 1: visual self-attended": lambda frames, target: frames[f"{target}_stage1_visual_self"],
        "stage 1: audio self-attended": lambda frames, target: frames[f"{target}_stage1_audio_self"],
    },
}
"""Corrupted modality -> what a gate that notices it would do, as a number that rises with the effect."""

RELIANCES: dict[str, dict[str, Reading]] = {
    AUDIO: {
        "stage 2: audio": lambda frames, target: frames[f"{target}_stage2_audio"],
        "stage 1: visual cross-attended": lambda frames, target: frames[f"{target}_stage1_visual_cross"],
    },
    VISUAL: {
        "stage 2: visual": lambda frames, target: frames[f"{target}_stage2_visual"],
        "stage 1: audio cross-attended": lambda frames, target: frames[f"{target}_stage1_audio_cross"],
    },
}
"""Modality -> gate weights that say how much the prediction relies on it."""


class GateScore(NamedTuple):
    """How well one gate detects one thing.

    Attributes:
        target: valence or arousal.
        modality: The one that is corrupted, or removed.
        kind: Kind of episode; "removed" where the modality is taken away.
        gate: Which of its weights is read.
        value: Area under the ROC curve in [0, 1] (0.5 is chance), or rank correlation in [-1, 1] (0 is chance).
        low: Lower bound of the 95 % bootstrap interval over subjects.
        high: Upper bound.
        subjects: Number of subjects.
    """

    target: str
    modality: str
    kind: str
    gate: str
    value: float
    low: float
    high: float
    subjects: int


def score_gates(
    checkpoints: Sequence[Checkpoint],
    features: Sequence[Features],
    episodes: Sequence[Episode],
    kind_of: Callable[[Episode], str] = lambda episode: episode.kind,
) -> list[GateScore]:
    """How well every gate separates the frames of each kind of episode from the rest of the same videos.

    The AUC is that of frames within one subject, averaged over seeds, then over subjects with the weight of their
    pairs of frames: a gate that merely differs between people gains nothing.

    Args:
        checkpoints: A gated model, once for each seed.
        features: Subjects.
        episodes: Their known episodes.
        kind_of: Names the kind of an episode; those of one name count together.

    Returns:
        One entry per target, kind and gate that the model has.
    """
    traces = [[infer(item, checkpoint) for item in features] for checkpoint in checkpoints]
    kinds = sorted({(e.modality, kind_of(e)) for e in episodes})
    results = []
    for target in checkpoints[0].config.targets:
        for modality, kind in kinds:
            wanted = [e for e in episodes if (e.modality, kind_of(e)) == (modality, kind)]
            for gate, reading in SUSPICIONS[modality].items():
                parts = [_auc_of_subject(one, wanted, reading, target) for one in zip(*traces, strict=True)]
                found = np.array([part for part in parts if part is not None], np.float64).reshape(-1, 2)
                if len(found):
                    results.append(GateScore(target, modality, kind, gate, *_pooled(found), len(found)))
    return results


def score_faithfulness(checkpoints: Sequence[Checkpoint], features: Sequence[Features]) -> list[GateScore]:
    """Rank correlation between a gate's weight and how much the prediction changes without the modality.

    Every clip loses the modality at once; the change is |prediction - prediction without it|. Spearman's correlation
    over the clips of one subject, averaged over seeds, then over subjects: a gate is faithful when it relies on a
    modality where the prediction depends on it.

    Args:
        checkpoints: A gated model, once for each seed.
        features: Subjects.

    Returns:
        One entry per target, modality and gate that the model has.
    """
    found: dict[tuple[str, str, str], list[list[float]]] = {}
    for item in features:
        per_seed: dict[tuple[str, str, str], list[float]] = {}
        for checkpoint in checkpoints:
            clips = infer(item, checkpoint).frames.iloc[item.frame]
            for modality in MODALITIES:
                without = predict(item, checkpoint.model, [DropoutConfig(modality=modality, share=1.0)])
                for target in checkpoint.config.targets:
                    change = np.abs(clips[target].to_numpy() - without[target][item.frame])
                    for gate, reading in RELIANCES[modality].items():
                        weights = reading(clips, target).to_numpy()
                        if np.isfinite(weights).all() and np.ptp(weights) > 0 and np.ptp(change) > 0:
                            correlation = float(spearmanr(weights, change).statistic)
                            per_seed.setdefault((target, modality, gate), []).append(correlation)
        for key, values in per_seed.items():
            found.setdefault(key, []).append([float(np.mean(values)), 1.0])
    return [
        GateScore(target, modality, REMOVED, gate, *_pooled(np.array(parts)), len(parts))
        for (target, modality, gate), parts in sorted(found.items())
    ]


def inside_episodes(pts_s: np.ndarray, episodes: Sequence[Episode]) -> np.ndarray:
    """(N,) bool, frames within any of the episodes of one subject; `pts_s` is (N,) seconds."""
    inside = np.zeros(len(pts_s), bool)
    for e in episodes:
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


def _auc_of_subject(
    traces: Sequence[Trace], episodes: Sequence[Episode], reading: Reading, target: str
) -> tuple[float, float] | None:
    """AUC of one subject, mean over seeds, and its pairs of frames; None where there is nothing to compare."""
    own = [e for e in episodes if e.subject == traces[0].subject]
    inside = inside_episodes(traces[0].frames.pts_s.to_numpy(), own)
    if not inside.any() or inside.all():
        return None
    values = [reading(trace.frames, target).to_numpy() for trace in traces]
    if not np.isfinite(values).all():
        return None
    return float(np.mean([auc(inside, one) for one in values])), float(inside.sum() * (~inside).sum())


def _pooled(parts: np.ndarray) -> tuple[float, float, float]:
    """Weighted mean of (M, 2) values and weights, and its bootstrap interval over rows."""
    value = float(np.average(parts[:, 0], weights=parts[:, 1]))
    if len(parts) < FEWEST_SUBJECTS:
        return value, float("nan"), float("nan")
    drawn = np.random.default_rng(0).integers(0, len(parts), (BOOTSTRAP_DRAWS, len(parts)))
    means = (parts[drawn, 0] * parts[drawn, 1]).sum(axis=1) / parts[drawn, 1].sum(axis=1)
    low, high = np.percentile(means, INTERVAL)
    return value, float(low), float(high)


def table_of(scores: Mapping[str, Sequence[GateScore]]) -> pd.DataFrame:
    """Scores of several models as one table, with a column `variant`."""
    rows = [{"variant": name} | score._asdict() for name, found in scores.items() for score in found]
    return pd.DataFrame(rows, columns=["variant", *GateScore._fields])
