"""Positive control of the relationships: are they conflict or dominance where something is known to be wrong?

A model that is right about a clean frame may still lean on one modality: marks in episodes mean something only beside
those on clean frames of the same people.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from iaca.checkpoints import Checkpoint
from iaca.inference import Relationship, add_influence, infer
from iaca.inference.influence import THRESHOLD, relationships_of
from iaca.study.known import inside_episodes
from iaca.types import Episode, Features, Progress, Trace, no_progress

THRESHOLDS = (0.02, 0.05, THRESHOLD, 0.15, 0.2, 0.3)

MARKS: dict[str, tuple[Relationship, ...]] = {
    "conflict or dominance": (Relationship.CONFLICT, Relationship.AUDIO, Relationship.VISUAL),
    "conflict": (Relationship.CONFLICT,),
}
"""What counts as a mark -> the relationships."""


def _is_wrong_person(episode: Episode) -> bool:
    return episode.kind.startswith("stranger")


def _is_lie(episode: Episode) -> bool:
    return bool(episode.truth_modality)


GROUPS: dict[str, Callable[[Episode], bool]] = {
    "wrong person": _is_wrong_person,
    "lie": _is_lie,
    "other": lambda episode: not (_is_wrong_person(episode) or _is_lie(episode)),
    "all": lambda _: True,
}
"""Group of episodes -> whether one belongs to it."""


class ControlRow(NamedTuple):
    """What one threshold marks in one group of episodes; frames without a face or sound are left out.

    Attributes:
        model: Name of the model.
        target: valence or arousal.
        group: Of episodes, a key of `GROUPS`.
        mark: What counts, a key of `MARKS`.
        threshold: Influence from which a modality counts.
        frames: Frames of these episodes.
        marked: Share of them that is marked, 0 to 1.
        episodes: How many episodes there are.
        episodes_marked: Share of them of which at least half is marked.
        clean: Frames outside all episodes, of the same subjects.
        false_alarms: Share of those that is marked.
    """

    model: str
    target: str
    group: str
    mark: str
    threshold: float
    frames: int
    marked: float
    episodes: int
    episodes_marked: float
    clean: int
    false_alarms: float

    @property
    def gain(self) -> float:
        """Share of marked frames in episodes less that on clean ones: 0 where the mark tells nothing (Youden's J)."""
        return self.marked - self.false_alarms


def control(
    checkpoints: Sequence[Checkpoint],
    features: Sequence[Features],
    episodes: Sequence[Episode],
    thresholds: Sequence[float] = THRESHOLDS,
    progress: Progress = no_progress,
) -> list[ControlRow]:
    """What relationships mark inside known episodes, and outside of them.

    Args:
        checkpoints: Models.
        features: Subjects; those without an episode are left out.
        episodes: Known episodes.
        thresholds: Influences from which a modality counts, each above 0.
        progress: Told how many subjects of all models are done.

    Returns:
        A row for each model, target, group that occurs, mark and threshold.
    """
    subjects = {episode.subject for episode in episodes}
    items = [item for item in features if item.subject in subjects]
    rows: list[ControlRow] = []
    for number, checkpoint in enumerate(checkpoints):
        traces = []
        for item in items:
            traces.append(add_influence(infer(item, checkpoint), item, checkpoint))
            progress(number * len(items) + len(traces), len(checkpoints) * len(items))
        for target in checkpoint.config.targets:
            for threshold in thresholds:
                rows += _rows(checkpoint.name, target, threshold, traces, episodes)
    order = {name: place for place, name in enumerate(GROUPS)}
    return sorted(rows, key=lambda row: (row.model, row.target, order[row.group], list(MARKS).index(row.mark)))


def _rows(
    model: str, target: str, threshold: float, traces: Sequence[Trace], episodes: Sequence[Episode]
) -> list[ControlRow]:
    found: dict[tuple[str, str], list[np.ndarray]] = {}
    clean: dict[tuple[str, str], list[np.ndarray]] = {}
    for trace in traces:
        own = [episode for episode in episodes if episode.subject == trace.subject]
        kinds, pts_s = relationships_of(trace, target, threshold), trace.columns["pts_s"]
        outside = ~inside_episodes(pts_s, own) & (kinds != "")
        for mark, relations in MARKS.items():
            marked = np.isin(kinds, [relation.value for relation in relations])
            for group, belongs in GROUPS.items():
                parts = [marked[inside_episodes(pts_s, [one]) & (kinds != "")] for one in own if belongs(one)]
                parts = [part for part in parts if len(part)]
                if parts:
                    found.setdefault((group, mark), []).extend(parts)
                    clean.setdefault((group, mark), []).append(marked[outside])
    rows = []
    for (group, mark), parts in found.items():
        inside, rest = np.concatenate(parts), np.concatenate(clean[group, mark])
        whole = float(np.mean([part.mean() >= 0.5 for part in parts]))
        alarms = float(rest.mean()) if len(rest) else float("nan")
        rows.append(
            ControlRow(
                model, target, group, mark, threshold, len(inside), float(inside.mean()), len(parts), whole, len(rest),
                alarms,
            )
        )  # fmt: skip
    return rows


def as_table(rows: Sequence[ControlRow]) -> pd.DataFrame:
    """The rows with their gain, as a table."""
    table = pd.DataFrame([row._asdict() for row in rows], columns=ControlRow._fields)
    table["gain"] = [row.gain for row in rows]
    return table


def best_threshold(rows: Sequence[ControlRow], mark: str, group: str = "all") -> tuple[float, float]:
    """The threshold with the largest mean gain over models and targets, and that gain."""
    gains: dict[float, list[float]] = {}
    for row in rows:
        if (row.mark, row.group) == (mark, group):
            gains.setdefault(row.threshold, []).append(row.gain)
    means = {threshold: float(np.mean(values)) for threshold, values in gains.items()}
    best = max(means, key=lambda threshold: means[threshold])
    return best, means[best]
