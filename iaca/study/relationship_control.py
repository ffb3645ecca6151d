"""Positive control of the relationships: are they conflict or dominance where something is known to be wrong?

A model that is right about a clean frame may still lean on one modality: marks in episodes mean something only beside
those on clean frames of the same people.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from iaca.checkpoints import Checkpoint
from iaca.inference import Relationship, infer_with_influence
from iaca.inference.influence import THRESHOLD, relationships_of
from iaca.study.known import inside_episodes
from iaca.types import Episode, Features

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


class Marks(NamedTuple):
    """What one threshold marks of one subject, or of several together.

    Attributes:
        frames: In episodes, with a face and sound.
        marked: Those of them that are marked.
        episodes: That have such frames.
        episodes_marked: Those of them of which at least half is marked.
        clean: Frames outside all episodes, with a face and sound.
        alarms: Those of them that are marked.
    """

    frames: int = 0
    marked: int = 0
    episodes: int = 0
    episodes_marked: int = 0
    clean: int = 0
    alarms: int = 0


Case = tuple[str, str, str, str, float]
"""Model, target, group, mark and threshold, as in `ControlRow`."""


def control(counted: Iterable[Mapping[Case, Marks]]) -> list[ControlRow]:
    """What relationships mark inside known episodes, and outside of them.

    Args:
        counted: What `count_marks` says of each subject; none is kept.

    Returns:
        A row for each model, target, group that occurs, mark and threshold.
    """
    totals: dict[Case, Marks] = {}
    for of_one in counted:
        for case, marks in of_one.items():
            totals[case] = Marks(*(a + b for a, b in zip(totals.get(case, Marks()), marks, strict=True)))
    rows = [
        ControlRow(
            *case, one.frames, _share(one.marked, one.frames), one.episodes, _share(one.episodes_marked, one.episodes),
            one.clean, _share(one.alarms, one.clean),
        )
        for case, one in totals.items()
    ]  # fmt: skip
    order = {name: place for place, name in enumerate(GROUPS)}
    return sorted(
        rows, key=lambda row: (row.model, row.target, order[row.group], list(MARKS).index(row.mark), row.threshold)
    )


def count_marks(
    features: Features,
    checkpoints: Sequence[Checkpoint],
    episodes: Sequence[Episode],
    thresholds: Sequence[float] = THRESHOLDS,
) -> dict[Case, Marks]:
    """What relationships mark of one subject.

    Args:
        features: The subject.
        checkpoints: Models.
        episodes: Known episodes of this subject.
        thresholds: Influences from which a modality counts, each above 0.

    Returns:
        Case -> its frames, for each group of which the subject has an episode.

    Raises:
        MismatchError: The features do not fit a model.
    """
    pts_s = features.pts_s
    outside = ~inside_episodes(pts_s, episodes)
    spans = [(one, inside_episodes(pts_s, [one])) for one in episodes]
    counted: dict[Case, Marks] = {}
    for checkpoint in checkpoints:
        trace = infer_with_influence(features, checkpoint)
        for target, threshold in itertools.product(checkpoint.config.targets, thresholds):
            kinds = relationships_of(trace, target, threshold)
            known = kinds != ""
            for mark, relations in MARKS.items():
                marked = np.logical_or.reduce([kinds == relation.value for relation in relations])
                clean = marked[outside & known]
                for group, belongs in GROUPS.items():
                    parts = [marked[inside & known] for one, inside in spans if belongs(one)]
                    parts = [part for part in parts if len(part)]
                    if parts:
                        counted[checkpoint.name, target, group, mark, threshold] = Marks(
                            sum(map(len, parts)),
                            sum(int(part.sum()) for part in parts),
                            len(parts),
                            sum(bool(part.mean() >= 0.5) for part in parts),
                            len(clean),
                            int(clean.sum()),
                        )
    return counted


def _share(count: int, total: int) -> float:
    return count / total if total else float("nan")


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
