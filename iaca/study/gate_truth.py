"""Are gates evidence? Their weights against known corruption, and against what removing a modality changes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from scipy.stats import rankdata, spearmanr
from tqdm import tqdm

from iaca.checkpoints import Checkpoint, load_checkpoint
from iaca.compute.engine import HERE, Engine
from iaca.compute.threads import one_thread
from iaca.config import AUDIO, MODALITIES, VISUAL, DropoutConfig
from iaca.evaluation import BOOTSTRAP_DRAWS, INTERVAL
from iaca.inference import gate_health, infer, predict
from iaca.inference.gate_health import LEAST_RANGE
from iaca.inference.influence import shapley
from iaca.study.jobs import do_jobs
from iaca.study.known import inside_episodes, segment_of
from iaca.study.plan import Variant
from iaca.study.runs import model_file
from iaca.types import Episode, Features, Progress, Trace

FEWEST_SUBJECTS = 2
"""With fewer there is no interval."""

REMOVED = "removed"
"""Kind of a score against what removing the modality changes."""

INFLUENCE = "influence"
"""Kind of a score against the size of the modality's Shapley influence."""

FAITHFULNESS = (REMOVED, INFLUENCE)
"""Kinds of scores against what a prediction depends on, not against known episodes."""

WITHOUT = {modality: DropoutConfig(modality=modality, share=1.0) for modality in MODALITIES}
"""Modality -> its loss in every clip."""

Reading = Callable[[pd.DataFrame, str], pd.Series]


class Weight(NamedTuple):
    """A weight of a gate, and what it should do where a modality is wrong.

    Attributes:
        column: Its column in a Trace, without the target.
        sign: 1 where it should rise, -1 where it should fall.
    """

    column: str
    sign: int


SUSPICIONS: dict[str, dict[str, Weight]] = {
    VISUAL: {
        "stage 2: less visual": Weight("stage2_visual", -1),
        "stage 1: audio self-attended": Weight("stage1_audio_self", 1),
        "stage 1: visual self-attended": Weight("stage1_visual_self", 1),
    },
    AUDIO: {
        "stage 2: less audio": Weight("stage2_audio", -1),
        "stage 1: visual self-attended": Weight("stage1_visual_self", 1),
        "stage 1: audio self-attended": Weight("stage1_audio_self", 1),
    },
}
"""Wrong modality -> what a gate that notices it would do."""

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
        kind: Kind of episode; one of FAITHFULNESS where it is compared with what the prediction depends on.
        gate: Which of its weights is read.
        value: Area under the ROC curve in [0, 1] (0.5 is chance), or rank correlation in [-1, 1] (0 is chance). NaN
            for a gate that moves in no seed.
        low: Lower bound of the 95 % bootstrap interval over subjects.
        high: Upper bound.
        subjects: Number of subjects.
        inside: Mean weight inside the episodes, over frames and the seeds in which the gate moves; NaN for the kinds
            of FAITHFULNESS.
        outside: The same outside of them, in the same videos.
        moving_seeds: Seeds in which its range over all clips is at least 0.05; only these count.
    """

    target: str
    modality: str
    kind: str
    gate: str
    value: float
    low: float
    high: float
    subjects: int
    inside: float = float("nan")
    outside: float = float("nan")
    moving_seeds: int = 0


def score_gates(
    traces: Sequence[Sequence[Trace]],
    episodes: Sequence[Episode],
    kind_of: Callable[[Episode], str] = lambda episode: episode.kind,
) -> list[GateScore]:
    """How well every gate separates the frames of each kind of episode from the rest of the same videos.

    The AUC is that of frames within one subject, averaged over seeds, then over subjects with the weight of their
    pairs of frames: a gate that merely differs between people gains nothing.

    Args:
        traces: Seed -> traces of all subjects, in the same order, of a gated model.
        episodes: Their known episodes.
        kind_of: Names the kind of an episode; those of one name count together.

    Returns:
        One entry per target, kind and gate that the model has.
    """
    kinds = sorted({(e.modality, kind_of(e)) for e in episodes})
    results = []
    for target in traces[0][0].scores:
        for modality, kind in kinds:
            wanted = [e for e in episodes if (e.modality, kind_of(e)) == (modality, kind)]
            for gate, weight in SUSPICIONS[modality].items():
                column = f"{target}_{weight.column}"
                moving = [seed for seed in traces if _range(seed, column) >= LEAST_RANGE]
                if not np.isfinite([_range(seed, column) for seed in traces]).any():
                    continue
                parts = [_of_subject(one, wanted, column, weight.sign) for one in zip(*moving, strict=True)]
                found = np.array([part for part in parts if part is not None], np.float64).reshape(-1, 4)
                if not moving:
                    results.append(GateScore(target, modality, kind, gate, float("nan"), float("nan"), float("nan"), 0))
                elif len(found):
                    pooled = _pooled(found[:, :2])
                    inside, outside = np.average(found[:, 2:], axis=0, weights=found[:, 1]).tolist()
                    score = GateScore(target, modality, kind, gate, *pooled, len(found), inside, outside, len(moving))
                    results.append(score)
    return results


def _range(traces: Sequence[Trace], column: str) -> float:
    """Largest less smallest weight over all frames of all subjects; NaN for a gate that the model does not have."""
    values = np.concatenate([trace.frames[column].to_numpy() for trace in traces])
    return float(np.ptp(values[np.isfinite(values)])) if np.isfinite(values).any() else float("nan")


def score_faithfulness(
    checkpoints: Sequence[Checkpoint], traces: Sequence[Sequence[Trace]], features: Sequence[Features]
) -> list[GateScore]:
    """Rank correlation between a gate's weight and how much the prediction depends on the modality.

    Every clip loses the modality at once. Removed: the change |y - y without it|. Influence: the size of its Shapley
    value, which also counts what it gives alone; see `iaca.inference.influence`. Spearman's correlation over the clips
    of one subject, averaged over seeds, then over subjects: a gate is faithful when it relies on a modality where the
    prediction depends on it.

    Args:
        checkpoints: A gated model, once for each seed.
        traces: Seed -> its traces of all subjects.
        features: The subjects.

    Returns:
        One entry per target, kind of FAITHFULNESS, modality and gate that the model has.
    """
    found: dict[tuple[str, str, str, str], list[list[float]]] = {}
    for number, item in enumerate(features):
        per_seed: dict[tuple[str, str, str, str], list[float]] = {}
        for checkpoint, own in zip(checkpoints, traces, strict=True):
            clips = own[number].frames.iloc[item.frame]
            for (target, kind, modality), size in _dependence(checkpoint, clips, item).items():
                for gate, reading in RELIANCES[modality].items():
                    weights = reading(clips, target).to_numpy()
                    if np.isfinite(weights).all() and np.ptp(weights) > 0 and np.ptp(size) > 0:
                        correlation = float(spearmanr(weights, size).statistic)
                        per_seed.setdefault((target, kind, modality, gate), []).append(correlation)
        for key, values in per_seed.items():
            found.setdefault(key, []).append([float(np.mean(values)), 1.0])
    return [
        GateScore(target, modality, kind, gate, *_pooled(np.array(parts)), len(parts))
        for (target, kind, modality, gate), parts in sorted(found.items())
    ]


def _dependence(checkpoint: Checkpoint, clips: pd.DataFrame, item: Features) -> dict[tuple[str, str, str], np.ndarray]:
    """Target, kind of FAITHFULNESS and modality -> (clips,) how much each prediction depends on it."""
    audio_lost, visual_lost, both_lost = (
        predict(item, checkpoint.model, lost, keep_features=True)
        for lost in ([WITHOUT[AUDIO]], [WITHOUT[VISUAL]], [WITHOUT[AUDIO], WITHOUT[VISUAL]])
    )
    found: dict[tuple[str, str, str], np.ndarray] = {}
    for target in checkpoint.config.targets:
        y = clips[target].to_numpy(np.float64)
        y_v, y_a, y_0 = (lost[target][item.frame].astype(np.float64) for lost in (audio_lost, visual_lost, both_lost))
        changes = {AUDIO: y - y_v, VISUAL: y - y_a}
        values = dict(zip((AUDIO, VISUAL), shapley(y, y_a, y_v, y_0), strict=True))
        for kind, sizes in ((REMOVED, changes), (INFLUENCE, values)):
            found |= {(target, kind, modality): np.abs(sizes[modality]) for modality in MODALITIES}
    return found


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


def _of_subject(
    traces: Sequence[Trace], episodes: Sequence[Episode], column: str, sign: int
) -> tuple[float, float, float, float] | None:
    """Of one subject: AUC, mean over seeds; its pairs of frames; mean weight inside and outside.

    None where there is nothing to compare.
    """
    own = [e for e in episodes if e.subject == traces[0].subject]
    inside = inside_episodes(traces[0].frames.pts_s.to_numpy(), own)
    if not inside.any() or inside.all():
        return None
    values = np.stack([trace.frames[column].to_numpy() for trace in traces])
    if not np.isfinite(values).all():
        return None
    area = float(np.mean([auc(inside, sign * one) for one in values]))
    pairs = float(inside.sum() * (~inside).sum())
    return area, pairs, float(values[:, inside].mean()), float(values[:, ~inside].mean())


def _pooled(parts: np.ndarray) -> tuple[float, float, float]:
    """Weighted mean of (M, 2) values and weights, and its bootstrap interval over rows."""
    value = float(np.average(parts[:, 0], weights=parts[:, 1]))
    if len(parts) < FEWEST_SUBJECTS:
        return value, float("nan"), float("nan")
    drawn = np.random.default_rng(0).integers(0, len(parts), (BOOTSTRAP_DRAWS, len(parts)))
    means = (parts[drawn, 0] * parts[drawn, 1]).sum(axis=1) / parts[drawn, 1].sum(axis=1)
    low, high = np.percentile(means, INTERVAL)
    return value, float(low), float(high)


class Gates(NamedTuple):
    """What the gates of the study's models do.

    Attributes:
        truth: Columns variant and those of `GateScore`.
        health: Columns variant, model, seed, target, gate, range, column (the side with the largest mean weight),
            share (of clips on which that is above 0.95) and dead.
    """

    truth: pd.DataFrame
    health: pd.DataFrame


HEALTH_COLUMNS = ["variant", "model", "seed", "target", "gate", "range", "column", "share", "dead"]


def watch_gates(
    out: Path,
    variants: Sequence[Variant],
    seeds: int,
    features: Sequence[Features],
    episodes: Sequence[Episode],
    *,
    device: str = "cpu",
    engine: Engine = HERE,
    progress: bool = True,
) -> Gates:
    """Score every gate of the study against known episodes, and against the removal of a modality.

    Args:
        out: Folder of the study.
        variants: Models; those without gates that see the input are skipped.
        seeds: Seeds of the study.
        features: Validation subjects.
        episodes: Their known episodes; none: only removal counts.
        device: Where to predict.
        engine: What models run on.
        progress: Whether to show a bar.
    """
    gated = [variant for variant in variants if variant.config.iaca and not variant.is_control]
    common = (out.absolute(), seeds, features, episodes, device)
    with tqdm(total=len(gated), desc="gates", unit="model", disable=not progress) as bar:
        ended = do_jobs(
            _watch, common, gated, out, name=lambda v: v.name, what="models", device=device, engine=engine, bar=bar
        )
        found = {variant.name: result for variant, result in ended}
    truth = [{"variant": v.name} | score._asdict() for v in gated for score in found[v.name][0]]
    health = [row for v in gated for row in found[v.name][1]]
    return Gates(
        pd.DataFrame(truth, columns=["variant", *GateScore._fields]), pd.DataFrame(health, columns=HEALTH_COLUMNS)
    )


@one_thread()
def _watch(
    common: tuple[Path, int, Sequence[Features], Sequence[Episode], str], variant: Variant, progress: Progress
) -> tuple[list[GateScore], list[dict[str, Any]]]:
    out, seeds, features, episodes, device = common
    models = [load_checkpoint(model_file(out, variant.name, seed), device) for seed in range(seeds)]
    traces = []
    for seed, model in enumerate(models):
        traces.append([infer(item, model) for item in features])
        progress(seed + 1, seeds)
    truth: list[GateScore] = []
    if episodes:
        truth = score_gates(traces, episodes, segment_of)
        known = {score.kind for score in truth}
        truth += [score for score in score_gates(traces, episodes) if score.kind not in known]
    truth += score_faithfulness(models, traces, features)
    health = [
        {
            "variant": variant.name,
            "model": variant.title,
            "seed": seed,
            "target": gate.target,
            "gate": gate.gate,
            "range": gate.range,
            "column": gate.side,
            "share": gate.share,
            "dead": gate.is_dead,
        }
        for seed, own in enumerate(traces)
        for gate in gate_health(own)
    ]
    return truth, health
