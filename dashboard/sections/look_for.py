"""What to look for in the shown subject, computed from what the shown models do."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from dashboard.timeline.bands import SENSES
from dashboard.timeline.declared import Shown
from dashboard.timeline.meanings import LEAST_MOVE, WEIGHTS
from iaca.types import Episode

MOST_NAMED = 2
"""Weights in the sentence: those that move most."""


class _Move(NamedTuple):
    """Mean of one weight in the episodes and elsewhere."""

    weight: str
    inside: float
    outside: float

    @property
    def size(self) -> float:
        return abs(self.inside - self.outside)

    @property
    def stage(self) -> str:
        return self.weight[len("stage")]

    @property
    def to_or_from(self) -> str:
        return f"{'to' if self.inside > self.outside else 'from'} {WEIGHTS[self.weight]}"

    @property
    def change(self) -> str:
        return f"{self.outside:.2f} to {self.inside:.2f}"


def sentence(shown: Sequence[Shown], episodes: Sequence[Episode], pts_s: np.ndarray, target: str) -> str:
    """How the gates answer to a face or voice that is corrupted or misleading, in either stage.

    Args:
        shown: The models; the first one with gates is spoken of.
        episodes: Known episodes.
        pts_s: (N,) seconds.
        target: Whose gates, valence or arousal.

    Returns:
        A sentence, which says so where no gate moves; or "" where there is nothing to compare: no gates, or not exactly
        one modality that is wrong in a part of the recording.
    """
    modalities = {episode.modality for episode in episodes}
    gated = next((model for model in shown if model.has_gates), None)
    if gated is None or len(modalities) != 1 or any(episode.truth_modality for episode in episodes):
        return ""
    (modality,) = modalities
    inside = np.zeros(len(pts_s), bool)
    for episode in episodes:
        inside |= (pts_s >= episode.start_s) & (pts_s < episode.end_s)
    if inside.all() or not inside.any():
        return ""
    moves = _moves(gated, inside, target)
    if not moves:
        return ""
    where = f"Where the {SENSES[modality]} is {_wrong(episodes)} (shaded)"
    moved = [move for move in moves if move.size >= LEAST_MOVE][:MOST_NAMED]
    if not moved:
        return f"{where}, no gate of {gated.title} moves by {LEAST_MOVE:g} or more on average."
    if len({move.stage for move in moved}) == 1:
        turns = [f"{move.to_or_from} ({move.change})" for move in moved]
        return f"{where}, stage {moved[0].stage} of {gated.title} turns on average {' and '.join(turns)}."
    turns = [f"{move.to_or_from} in stage {move.stage} ({move.change})" for move in moved]
    return f"{where}, {gated.title} turns on average {' and '.join(turns)}."


def _moves(gated: Shown, inside: np.ndarray, target: str) -> list[_Move]:
    """Every weight of the gates that the model has, the one that moves most first."""
    moves = []
    for weight in WEIGHTS:
        values = gated.trace.columns[f"{target}_{weight}"]
        if np.isfinite(values).all():
            moves.append(_Move(weight, float(values[inside].mean()), float(values[~inside].mean())))
    return sorted(moves, key=lambda move: -move.size)


def _wrong(episodes: Sequence[Episode]) -> str:
    """What is the case in episodes of one modality, in a few words."""
    kinds = {episode.kind.partition("_")[0] for episode in episodes}
    if kinds == {"stranger"}:
        return "somebody else's"
    if kinds == {"restrained"}:
        return "restrained"
    return "corrupted" if not kinds & {"stranger", "restrained"} else "corrupted or misleading"
