"""What one model does on one subject, measured once: all that a view of a whole corpus is put together from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError
from safetensors import numpy as tensors
from scipy.stats import spearmanr

from iaca.checkpoints import Checkpoint
from iaca.config import MODALITIES, TARGETS, UNCHANGED, WhatIf
from iaca.errors import InputError
from iaca.evaluation import ccc_sums
from iaca.inference import infer_with_influence
from iaca.inference.influence import THRESHOLD, Relationship, relationships_of
from iaca.inference.moments import SPAN_S
from iaca.study.known import segments
from iaca.study.plan import ALL_FRAMES
from iaca.types import Episode, Features, Trace

WEIGHTS = ("stage1_audio_cross", "stage1_visual_cross", "stage2_audio", "stage2_visual", "stage2_joint")
"""Columns of a Trace, without the target, that say all of its gates: stage-1 weights sum to 1 with the self-attended
ones."""

STAGES = {"stage 1": WEIGHTS[:2], "stage 2": WEIGHTS[2:]}

RELATIONSHIPS = tuple(kind.value for kind in Relationship)

EVERYWHERE = "all clips"
"""The group of all clips of a subject."""

BINS = 20
"""Of a distribution of weights, from 0 to 1."""

BLOCK_S = 5.0
"""Length of the blocks of time that a subject's interval is computed over, seconds.

Choice: neighbouring frames say nearly the same, so the interval of one recording is a jackknife that leaves out a block
at a time (Künsch, 1989). Labels and predictions keep little of what they were after five seconds.
"""

VERSION = 1
"""Of what is measured: with another one, measures that were kept are made anew."""


class OverviewError(InputError):
    """Kept measures that cannot be read."""


class Overview(NamedTuple):
    """What one model does on one subject. Arrays of two targets have valence first; NaN where the model has none.

    Attributes:
        subject: Name of the subject.
        split: train, validation, test or None.
        length_s: Length of the recording, seconds.
        stride: Frames between the ends of neighbouring clips.
        groups: Names of the groups of clips: `EVERYWHERE`, each relationship, and each kind of known episode.
        blocks: (2, K, 6) `ccc_sums` of each block of `BLOCK_S`; summed over K, those of the subject.
        relations: (2, 5) share of the clips of each relationship, in the order of `RELATIONSHIPS`, 0 to 1.
        extent: (2, 5, 2) smallest and largest weight over the clips, in the order of `WEIGHTS`.
        counts: (2, 5, G, BINS) clips of each group whose weight lies in each bin.
        sums: (2, 5, G) sum of the weights over the clips of each group.
        influence: (2, 2) mean size of the influence of audio and of visual.
        follows: (2, 2) rank correlation over clips between the stage-2 weight of audio and the size of its influence,
            and likewise of visual; NaN where one of them does not vary.
    """

    subject: str
    split: str | None
    length_s: float
    stride: int
    groups: tuple[str, ...]
    blocks: np.ndarray
    relations: np.ndarray
    extent: np.ndarray
    counts: np.ndarray
    sums: np.ndarray
    influence: np.ndarray
    follows: np.ndarray

    def to_bytes(self) -> bytes:
        """All of it as the content of a safetensors file."""
        facts = {name: getattr(self, name) for name in FACTS}
        return tensors.save({name: getattr(self, name) for name in ARRAYS}, {"facts": json.dumps(facts)})

    @classmethod
    def from_bytes(cls, content: bytes) -> Overview:
        """Read what `to_bytes` made.

        Raises:
            OverviewError: It is something else.
        """
        try:
            arrays = tensors.load(content)
            size = int.from_bytes(content[:8], "little")
            facts = json.loads(json.loads(content[8 : 8 + size])["__metadata__"]["facts"])
            groups = tuple(facts["groups"])
            values: dict[str, Any] = facts | {name: arrays[name] for name in ARRAYS} | {"groups": groups}
            return cls(**values)
        except (SafetensorError, ValueError, KeyError, TypeError) as error:
            raise OverviewError(f"measures cannot be read ({error}); expected those that `to_bytes` wrote") from error


FACTS = ("subject", "split", "length_s", "stride", "groups")
ARRAYS = tuple(name for name in Overview._fields if name not in FACTS)


def measure(
    features: Features,
    checkpoint: Checkpoint,
    change: WhatIf = UNCHANGED,
    episodes: Sequence[Episode] = (),
    threshold: float = THRESHOLD,
) -> Overview:
    """Measure one model on one subject; four forward passes.

    Args:
        features: The subject.
        checkpoint: The model.
        change: Dropout and gates; its corruptions do not count.
        episodes: Known episodes of any subjects.
        threshold: Influence from which a modality counts for a relationship, above 0.

    Returns:
        The measures. Gates and relationships count clips, scores annotated frames.

    Raises:
        MismatchError: The features do not fit the model.
    """
    trace = infer_with_influence(features, checkpoint, change.dropouts, gates=change.gates)
    known = {name: mask[features.frame] for name, mask in segments(features, episodes).items()}
    known.pop(ALL_FRAMES)
    groups = (EVERYWHERE, *RELATIONSHIPS, *known)
    measured = [_of_target(trace, target, features.frame, known, threshold) for target in TARGETS]
    arrays: dict[str, Any] = {name: np.stack([one[name] for one in measured]) for name in ARRAYS}
    pts_s = features.pts_s
    interval_s = float(np.median(np.diff(pts_s))) if len(pts_s) > 1 else 0.0
    return Overview(
        subject=features.subject,
        split=features.split,
        length_s=float(pts_s[-1]) + interval_s,
        stride=features.clip_stride,
        groups=groups,
        **arrays,
    )


def _of_target(
    trace: Trace, target: str, clips: np.ndarray, known: dict[str, np.ndarray], threshold: float
) -> dict[str, Any]:
    columns = trace.columns
    kinds = relationships_of(trace, target, threshold)[clips]
    masks = np.stack([np.ones(len(clips), bool), *(kinds == kind for kind in RELATIONSHIPS), *known.values()])
    weights = np.stack([columns[f"{target}_{name}"][clips] for name in WEIGHTS]).astype(np.float64)  # (5, T)
    finite = np.isfinite(weights)
    bins = np.clip((np.where(finite, weights, 0.0) * BINS).astype(int), 0, BINS - 1)
    one_hot = (bins[..., None] == np.arange(BINS)) & finite[..., None]  # (5, T, BINS)
    has_gate = finite.any(axis=1)
    extent = np.full((len(WEIGHTS), 2), np.nan)
    extent[has_gate] = np.stack((np.nanmin(weights[has_gate], 1), np.nanmax(weights[has_gate], 1)), 1)
    sizes = [np.abs(columns[f"{target}_{m}_influence"][clips]).astype(np.float64) for m in MODALITIES]
    gates = [columns[f"{target}_stage2_{m}"][clips] for m in MODALITIES]
    stated = kinds != ""
    counts = np.einsum("gt,wtb->wgb", masks.astype(np.int32), one_hot.astype(np.int32))
    return {
        "blocks": _blocks(trace, target),
        "relations": masks[1:6].sum(1) / stated.sum() if stated.any() else np.full(len(RELATIONSHIPS), np.nan),
        "extent": extent,
        "counts": counts.astype(np.uint16 if len(clips) < 2**16 else np.uint32),
        "sums": np.where(finite, weights, 0.0) @ masks.T.astype(np.float64),
        "influence": np.mean(sizes, axis=1),
        "follows": np.array([_rank_correlation(*both) for both in zip(gates, sizes, strict=True)]),
    }


def _blocks(trace: Trace, target: str) -> np.ndarray:
    """(K, 6) sums of the blocks of time, one after the other."""
    pts_s = trace.columns["pts_s"]
    number = ((pts_s - pts_s[0]) // BLOCK_S).astype(int)
    starts = np.searchsorted(number, np.arange(1, number[-1] + 1))
    truth, said = (np.split(trace.columns[name], starts) for name in (f"{target}_truth", target))
    return np.stack([ccc_sums(t, p) for t, p in zip(truth, said, strict=True)])


def _rank_correlation(weights: np.ndarray, sizes: np.ndarray) -> float:
    if not (np.isfinite(weights).all() and np.isfinite(sizes).all()) or len(sizes) < 2:
        return float("nan")
    if np.ptp(weights) == 0 or np.ptp(sizes) == 0:
        return float("nan")
    return float(spearmanr(weights, sizes).statistic)


def best_and_worst(trace: Trace, target: str, base: Trace | None = None) -> tuple[int, int] | None:
    """The frames where a model does best and worst.

    Choice: errors are means over the second around a frame, as those of moments are.

    Args:
        trace: The model's.
        target: valence or arousal.
        base: Another model's of the same subject: best is then where the first one gains most on it, worst where it
            loses most. None: best is the smallest error, worst the largest.

    Returns:
        Two frames; None where no frame is annotated, or the model does not predict the target.
    """
    truth = trace.columns[f"{target}_truth"].astype(np.float64)
    gain = -np.abs(trace.columns[target] - truth)
    if base is not None:
        gain = gain + np.abs(base.columns[target] - truth)
    valid = np.isfinite(gain)
    if not valid.any():
        return None
    pts_s = trace.columns["pts_s"]
    first = np.searchsorted(pts_s, pts_s - SPAN_S / 2 - 1e-6)
    stop = np.searchsorted(pts_s, pts_s + SPAN_S / 2 - 1e-6)
    total, count = (np.concatenate(([0.0], np.cumsum(one))) for one in (np.where(valid, gain, 0.0), valid))
    mean = np.full(len(gain), np.nan)
    mean[valid] = (total[stop] - total[first])[valid] / (count[stop] - count[first])[valid]
    return int(np.nanargmax(mean)), int(np.nanargmin(mean))
