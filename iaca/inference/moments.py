"""Moments worth a look: a gate flips, modalities or models disagree, or a prediction is far from the annotation."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from enum import StrEnum
from functools import partial
from typing import NamedTuple

import numpy as np

from iaca.config import (
    AUDIO,
    MODALITIES,
    TARGETS,
    UNCHANGED,
    VISUAL,
    DropoutConfig,
    ForcedGates,
    FusionConfig,
    Stage2Choice,
    WhatIf,
)
from iaca.inference.influence import THRESHOLD, Relationship, has_influence, relationships
from iaca.types import Trace

SPAN_S = 1.0
"""Span that measures are averaged over, seconds: a single frame may be noise."""

APART_S = 2.0
"""Least distance between two moments of a kind, seconds."""

MOST = 10
"""Moments of a kind in one subject, at most."""


UNBOUNDED = "A prediction can lie beyond ±1: no bound is set to a model's output, only annotations lie within ±1."
"""What is to be said of such a value."""


class MomentKind(StrEnum):
    """What happens at a moment, in the order in which kinds are listed."""

    GATE_FLIP = "gate flip"
    DISAGREEMENT = "audio-visual disagreement"
    ERROR = "largest error"
    GAP = "gap between models"
    GAIN = "gain by IACA"
    CONFLICT = "conflict"
    DOMINANCE = "dominance"


class Reading(NamedTuple):
    """The predictions of one model for one subject.

    Attributes:
        title: Name of the model.
        iaca: Whether it has the gates of IACA.
        trace: Its predictions; with influences, or there are neither conflicts nor dominance.
        audio_only: Its predictions from the audio alone, changed as `single_modality` says; None where unknown.
        visual_only: Likewise from the visual modality.
    """

    title: str
    iaca: bool
    trace: Trace
    audio_only: Trace | None = None
    visual_only: Trace | None = None


class Moment(NamedTuple):
    """A moment worth a look.

    Attributes:
        subject: Name of the subject.
        kind: What happens.
        start_s: Where to start watching, seconds on the clock of the video.
        peak_s: Where the measure is largest, likewise.
        value: The measure: for a gate flip the weight in [0, 1] that moves from one side to the other, else a distance
            between valences or arousals, at least 0; for conflict and dominance an influence.
        sentence: What happens, in words; where a value in it lies outside [-1, 1], a second sentence explains that.
    """

    subject: str
    kind: MomentKind
    start_s: float
    peak_s: float
    value: float
    sentence: str


class _Lane(NamedTuple):
    """A measure over time: (N,) values, NaN where it is not defined, and the sentence of a frame."""

    values: np.ndarray
    sentence: Callable[[int], str]


def single_modality(config: FusionConfig, modality: str, change: WhatIf = UNCHANGED) -> WhatIf:
    """What to change so that a model predicts from one modality only.

    Choice: where the model has the second stage, that gate takes the branch of the modality, so the features are real;
    elsewhere the other modality is missing from end to end.

    Args:
        config: Configuration of the model.
        modality: audio or visual, the one that is left.
        change: What is changed besides; gates forced in it give way.

    Returns:
        `change` with the dropout or the forced gate added.
    """
    if config.iaca and config.stage2:
        return replace(change, gates=replace(change.gates, forced=ForcedGates(stage2=Stage2Choice(modality))))
    other = VISUAL if modality == AUDIO else AUDIO
    return replace(change, dropouts=(*change.dropouts, DropoutConfig(modality=other, share=1.0)))


def find_moments(
    readings: Sequence[Reading], kinds: Sequence[MomentKind] = tuple(MomentKind), threshold: float = THRESHOLD
) -> list[Moment]:
    """The largest moments of each kind in one subject.

    Choice: gate flips compare the second before a frame with the second after it; all other measures are means over a
    second. Errors and gains exist on annotated frames only, all other measures only on frames with a face and sound.
    Moments of a kind are at least two seconds apart.

    Args:
        readings: Predictions of one or more models for the same subject.
        kinds: The kinds to look for.
        threshold: Influence from which a modality counts, above 0.

    Returns:
        At most ten moments of each kind, in the order of `rank`.
    """
    if not readings:
        return []
    frames = readings[0].trace.frames
    pts_s = frames["pts_s"].to_numpy()
    present = (frames["has_face"] & frames["has_audio"]).to_numpy()
    measures: dict[MomentKind, Callable[..., Iterator[_Lane]]] = {
        MomentKind.GATE_FLIP: _flips,
        MomentKind.DISAGREEMENT: _disagreements,
        MomentKind.ERROR: _errors,
        MomentKind.GAP: _gaps,
        MomentKind.GAIN: _gains,
        MomentKind.CONFLICT: partial(_relations, threshold, (Relationship.CONFLICT,)),
        MomentKind.DOMINANCE: partial(_relations, threshold, (Relationship.AUDIO, Relationship.VISUAL)),
    }
    found: list[Moment] = []
    for kind in kinds:
        lanes = list(measures[kind](readings, pts_s, present))
        found += _largest(lanes, pts_s, readings[0].trace.subject, MomentKind(kind))
    return rank(found)


def rank(moments: Sequence[Moment], at_most: int | None = None) -> list[Moment]:
    """Sort moments within their kind, the largest first: sizes of two kinds cannot be compared.

    Args:
        moments: In any order.
        at_most: How many of a kind are kept; None for all.

    Returns:
        Kind after kind, in the order of `MomentKind`.
    """
    return [
        moment
        for kind in MomentKind
        for moment in sorted((m for m in moments if m.kind is kind), key=lambda m: -m.value)[:at_most]
    ]


def _largest(lanes: Sequence[_Lane], pts_s: np.ndarray, subject: str, kind: MomentKind) -> Iterator[Moment]:
    """Greedy non-maximum suppression over time, over all lanes at once."""
    if not lanes:
        return
    whole = np.stack([lane.values for lane in lanes])
    left = np.where(whole > 0, whole, -1.0)  # NaN compares false
    for _ in range(MOST):
        lane, peak = divmod(int(np.argmax(left)), left.shape[1])
        if not left[lane, peak] > 0:
            return
        near = np.abs(pts_s - pts_s[peak]) < APART_S
        left[:, near] = -1.0
        # The moment begins where the measure rises above half of its peak.
        low = ~(whole[lane] >= whole[lane, peak] / 2) | ~near
        before = np.flatnonzero(low[:peak])
        start = before[-1] + 1 if len(before) else 0
        yield Moment(
            subject,
            kind,
            float(pts_s[start]),
            float(pts_s[peak]),
            float(whole[lane, peak]),
            lanes[lane].sentence(peak).replace("-0.", "−0.").replace("-1.", "−1."),
        )


def _flips(readings: Sequence[Reading], pts_s: np.ndarray, present: np.ndarray) -> Iterator[_Lane]:
    inside = (pts_s >= pts_s[0] + SPAN_S) & (pts_s <= pts_s[-1] - SPAN_S)
    for reading in readings:
        for gate, (columns, names) in _GATES.items():
            for whose, weights in _weights(reading, columns):
                valid = present & np.isfinite(weights).all(axis=1)
                before = _mean(weights, valid, pts_s, -SPAN_S, 0.0)
                after = _mean(weights, valid, pts_s, 0.0, SPAN_S)
                flipped = before.argmax(1) != after.argmax(1)
                moved = np.abs(after - before).sum(1) / 2

                def sentence(k, name=f"{reading.title}: {gate}{whose}", names=names, before=before, after=after):
                    old, new = (f"{names[w[k].argmax()]} ({w[k].max():.2f})" for w in (before, after))
                    return f"{name} turns from {old} to {new}"

                yield _Lane(np.where(flipped & inside & valid, moved, np.nan), sentence)


def _weights(reading: Reading, columns: Sequence[str]) -> Iterator[tuple[str, np.ndarray]]:
    """(N, K) weights of a gate for each target, or once for both where they share it; nothing where there is none."""
    found = {
        target: reading.trace.frames[[f"{target}_{column}" for column in columns]].to_numpy(np.float64)
        for target in TARGETS
    }
    found = {target: weights for target, weights in found.items() if np.isfinite(weights).any()}
    first, *others = found.values() or [np.zeros(0)]
    if len(found) == len(TARGETS) and all(np.array_equal(first, other, equal_nan=True) for other in others):
        yield "", first
        return
    for target, weights in found.items():
        yield f" of {target}", weights


def _disagreements(readings: Sequence[Reading], pts_s: np.ndarray, present: np.ndarray) -> Iterator[_Lane]:
    for reading in readings:
        if reading.audio_only is None or reading.visual_only is None:
            continue
        for target in reading.trace.scores:
            audio, visual = (one.frames[target].to_numpy() for one in (reading.audio_only, reading.visual_only))
            values, audio, visual = _apart(audio, visual, present, pts_s)

            def sentence(k, title=reading.title, target=target, audio=audio, visual=visual):
                said = (
                    f"{title}: {target} is {audio[k]:+.2f} by the audio alone and {visual[k]:+.2f} by the visual alone"
                )
                return _explained(said, audio[k], visual[k])

            yield _Lane(values, sentence)


def _errors(readings: Sequence[Reading], pts_s: np.ndarray, present: np.ndarray) -> Iterator[_Lane]:
    for reading in readings:
        for target in reading.trace.scores:
            prediction, truth = (reading.trace.frames[name].to_numpy() for name in (target, f"{target}_truth"))
            values, prediction, truth = _apart(prediction, truth, np.isfinite(truth), pts_s)

            def sentence(k, title=reading.title, target=target, prediction=prediction, truth=truth):
                return _explained(f"{title}: {target} {prediction[k]:+.2f}, annotated {truth[k]:+.2f}", prediction[k])

            yield _Lane(values, sentence)


def _gaps(readings: Sequence[Reading], pts_s: np.ndarray, present: np.ndarray) -> Iterator[_Lane]:
    for i, one in enumerate(readings):
        for other in readings[i + 1 :]:
            for target in one.trace.scores.keys() & other.trace.scores.keys():
                a, b = (reading.trace.frames[target].to_numpy() for reading in (one, other))
                values, a, b = _apart(a, b, present, pts_s)

                def sentence(k, titles=(one.title, other.title), target=target, a=a, b=b):
                    said = f"{target.capitalize()}: {titles[0]} {a[k]:+.2f}, {titles[1]} {b[k]:+.2f}"
                    return _explained(said, a[k], b[k])

                yield _Lane(values, sentence)


def _gains(readings: Sequence[Reading], pts_s: np.ndarray, present: np.ndarray) -> Iterator[_Lane]:
    for base in (reading for reading in readings if not reading.iaca):
        for gated in (reading for reading in readings if reading.iaca):
            for target in base.trace.scores.keys() & gated.trace.scores.keys():
                truth = gated.trace.frames[f"{target}_truth"].to_numpy(np.float64)
                error, other = (np.abs(r.trace.frames[target].to_numpy(np.float64) - truth) for r in (gated, base))
                valid = np.isfinite(other - error)
                values = _mean((other - error)[:, None], valid, pts_s, -SPAN_S / 2, SPAN_S / 2)[:, 0]

                def sentence(k, titles=(gated.title, base.title), target=target, values=values):
                    return f"{titles[0]} is {values[k]:.2f} nearer to the annotated {target} than {titles[1]}"

                yield _Lane(np.where(valid, values, np.nan), sentence)


def _relations(
    threshold: float, wanted: Sequence[str], readings: Sequence[Reading], pts_s: np.ndarray, present: np.ndarray
) -> Iterator[_Lane]:
    """The size of a conflict is its smaller influence, that of dominance how far one influence is larger in size."""
    for reading in filter(lambda one: has_influence(one.trace), readings):
        for target in reading.trace.scores:
            both = np.stack([reading.trace.columns[f"{target}_{m}_influence"] for m in MODALITIES], axis=1)
            valid = present & np.isfinite(both).all(axis=1)
            audio, visual = _mean(both.astype(np.float64), valid, pts_s, -SPAN_S / 2, SPAN_S / 2).T
            found = valid & np.isin(relationships(audio, visual, threshold), wanted)
            sizes = np.abs(audio), np.abs(visual)
            values = np.minimum(*sizes) if Relationship.CONFLICT in wanted else np.abs(sizes[0] - sizes[1])

            def sentence(k, title=reading.title, target=target, audio=audio, visual=visual):
                return f"{title}: the audio moves {target} by {audio[k]:+.2f}, the visual by {visual[k]:+.2f}"

            yield _Lane(np.where(found, values, np.nan), sentence)


def _explained(sentence: str, *predictions: float) -> str:
    """A sentence, and after it what explains a prediction in it that lies outside [-1, 1] as it is printed."""
    return f"{sentence}. {UNBOUNDED}" if any(round(abs(value), 2) > 1 for value in predictions) else sentence


def _apart(
    one: np.ndarray, other: np.ndarray, valid: np.ndarray, pts_s: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Mean distance of two curves around each frame, NaN where it is not valid, and the means of both."""
    both = np.stack((np.abs(one - other), one, other), axis=1).astype(np.float64)
    valid = valid & np.isfinite(both).all(axis=1)
    means = _mean(both, valid, pts_s, -SPAN_S / 2, SPAN_S / 2)
    return np.where(valid, means[:, 0], np.nan), means[:, 1], means[:, 2]


def _mean(values: np.ndarray, valid: np.ndarray, pts_s: np.ndarray, from_s: float, to_s: float) -> np.ndarray:
    """Mean over the valid frames of [t + from_s, t + to_s) for each time t: (N, K) -> (N, K), NaN for none."""
    total = np.concatenate((np.zeros((1, values.shape[1])), np.cumsum(np.where(valid[:, None], values, 0.0), axis=0)))
    count = np.concatenate(([0], np.cumsum(valid)))
    first = np.searchsorted(pts_s, pts_s + from_s - 1e-6)
    stop = np.searchsorted(pts_s, pts_s + to_s - 1e-6)
    frames = (count[stop] - count[first]).astype(np.float64)
    frames[frames == 0] = np.nan
    return (total[stop] - total[first]) / frames[:, None]


_GATES = {
    **{
        f"stage-1 {modality} gate": (
            (f"stage1_{modality}_self", f"stage1_{modality}_cross"),
            ("self-attended", "cross-attended"),
        )
        for modality in MODALITIES
    },
    "stage-2 gate": (("stage2_audio", "stage2_visual", "stage2_joint"), ("audio", "visual", "joint")),
}
"""Gate -> columns of its weights in a Trace, and what they choose."""
