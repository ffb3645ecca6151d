"""What lies behind the curves: known episodes, simulated losses, masks, and where models differ."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from dashboard.timeline.declared import ATTENTION, INFLUENCE, STAGE_1, Band, Row, Shown
from iaca.clips import edges_s
from iaca.config import AUDIO, MODALITIES, TARGETS, VISUAL
from iaca.figures import palette
from iaca.types import Episode, Trace

MODALITY_COLOURS = {AUDIO: palette.AUDIO, VISUAL: palette.VISUAL}
SENSES = {AUDIO: "voice", VISUAL: "face"}

ANSWERS_APART = 0.1
"""Difference between two predictions, on the scale from -1 to 1, from which they count as different."""

GATE_MOVED = 0.2
"""How far a gate weight lies from its median over the recording where the gate counts as moved."""

SHORTEST_S = 0.5
"""Shortest span that is shown, in seconds: shorter ones flicker."""

GATES_OF = {
    "stage 1": tuple(f"stage1_{modality}_cross" for modality in MODALITIES),
    "stage 2": ("stage2_audio", "stage2_visual", "stage2_joint"),
}
"""Stage -> its weights that are compared; those of self attention mirror those of cross attention."""


def spans(mask: np.ndarray, pts_s: np.ndarray) -> list[tuple[float, float]]:
    """Spans of time in which a mask over frames is true; a frame lasts until the next one.

    Args:
        mask: (N,) bool.
        pts_s: (N,) seconds.

    Returns:
        (start, end) in seconds, in order.
    """
    edges = np.diff(np.concatenate(([0], mask.astype(np.int8), [0])))
    ends_s = edges_s(pts_s)
    starts, stops = np.flatnonzero(edges == 1), np.flatnonzero(edges == -1)
    return [(float(ends_s[a]), float(ends_s[b])) for a, b in zip(starts, stops, strict=True)]


def episode_label(episode: Episode) -> str:
    """What is wrong in an episode, in a few words; a control gives no cue that it is one."""
    if episode.truth_modality:
        kind = "control" if episode.kind.endswith("control") else "conflict"
        return f"{kind}: {SENSES[episode.truth_modality]} true"
    if episode.kind.startswith("stranger"):
        cue = ", no cue" if episode.kind.endswith("control") else ""
        return f"{SENSES[episode.modality]}: somebody else{cue}"
    return f"{SENSES[episode.modality]}: {episode.kind}"


def episode_bands(episodes: Sequence[Episode]) -> list[Band]:
    """One band for each known episode."""
    return [
        Band(
            "episode",
            episode_label(episode),
            [(episode.start_s, episode.end_s)],
            MODALITY_COLOURS[episode.modality],
            0.11,
            lane=f"known: {SENSES[episode.modality]}",
        )
        for episode in sorted(episodes, key=lambda one: (one.modality, one.start_s))
    ]


def dropped_bands(shown: Sequence[Shown], pts_s: np.ndarray) -> list[Band]:
    """One band for each modality that lost clips."""
    if not shown:
        return []
    bands = []
    for modality in MODALITIES:
        found = spans(shown[0].trace.columns[f"{modality}_dropped"], pts_s)
        if found:
            bands.append(Band("dropped", f"{modality} dropped", found, palette.TEXT, 0.11, lane=f"{modality} dropped"))
    return bands


def mask_bands(truth: pd.DataFrame, pts_s: np.ndarray, rows: Sequence[Row]) -> list[Band]:
    """What the recording does not have, behind the rows that it concerns."""
    unknown = np.logical_or(*(np.isnan(truth[f"{name}_truth"].to_numpy()) for name in TARGETS))
    masks = (
        ("not annotated", unknown, TARGETS),
        ("no face", ~truth["has_face"].to_numpy(), (ATTENTION, STAGE_1[VISUAL], INFLUENCE)),
        ("no audio", ~truth["has_audio"].to_numpy(), (ATTENTION, STAGE_1[AUDIO], INFLUENCE)),
    )
    return [
        Band(
            # A recording without any annotation has nothing to tell apart by hatching.
            "mask", label, found, palette.TEXT, 0.0 if behind is TARGETS and mask.all() else 0.3, hatched=True,
            lane=label, rows=tuple(row.key for row in rows if row.slot in behind),
        )
        for label, mask, behind in masks
        if (found := spans(mask, pts_s))
    ]  # fmt: skip


def differ_off_median(base: Trace, gated: Trace, target: str) -> np.ndarray:
    """Frames where two models differ while a gate is off its median.

    Two things at once: the predictions are at least `ANSWERS_APART` apart, and a weight of stage 1 or 2 is at least
    `GATE_MOVED` from its median over the recording. It does not say that the one is the cause of the other.

    Args:
        base: Of the model without gates.
        gated: Of the model with them.
        target: valence or arousal.

    Returns:
        (N,) bool.
    """
    differs = np.abs(gated.columns[target] - base.columns[target]) >= ANSWERS_APART
    moved = np.zeros(len(differs), bool)
    for column in (f"{target}_{name}" for names in GATES_OF.values() for name in names):
        weight = gated.columns[column]
        if np.isfinite(weight).any():
            moved |= np.abs(weight - np.nanmedian(weight)) >= GATE_MOVED
    return differs & moved


def lasting(found: Sequence[tuple[float, float]], shortest_s: float = SHORTEST_S) -> list[tuple[float, float]]:
    """Spans that last: gaps shorter than `shortest_s` seconds are closed, and spans that are still shorter left out."""
    joined: list[tuple[float, float]] = []
    for start, end in found:
        if joined and start - joined[-1][1] < shortest_s:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    return [(start, end) for start, end in joined if end - start >= shortest_s]


def differ_sentence(base: str, gated: str, target: str) -> str:
    """What `differ_bands` shows, of models by these names."""
    return (
        f"{base} and {gated} are at least {ANSWERS_APART} apart in {target} while a weight of stage 1 or 2 is at least "
        f"{GATE_MOVED} from its median over the recording, for {SHORTEST_S} s or longer; shorter gaps are closed."
    )


def differ_bands(shown: Sequence[Shown], pts_s: np.ndarray) -> list[Band]:
    """Behind each target where two models differ with a gate off its median; none unless exactly one has gates."""
    with_gates = [model for model in shown if model.has_gates]
    without = [model for model in shown if not model.has_gates]
    if len(with_gates) != 1 or len(without) != 1:
        return []
    gated, base = with_gates[0], without[0]
    bands = []
    for name in TARGETS:
        if not all(name in model.trace.scores for model in (base, gated)):
            continue
        found = lasting(spans(differ_off_median(base.trace, gated.trace, name), pts_s))
        if found:
            bands.append(
                Band(
                    "differ",
                    f"models differ in {name}, gate off median",
                    found,
                    gated.style.colour,
                    0.13,
                    rows=(name,),
                    lane=f"differ: {name}",
                    help=differ_sentence(base.title, gated.title, name),
                )
            )
    return bands
