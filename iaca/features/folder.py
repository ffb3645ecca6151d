"""A folder of feature files: reading it, and grouping its subjects."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from iaca.data.episodes import read_episodes
from iaca.features.clip_networks import told_apart
from iaca.features.feature_files import FeatureError, read_features
from iaca.types import Features

_log = logging.getLogger(__name__)

FILES = "feature files (<subject>.safetensors)"
EPISODES = "episodes.csv"
"""File beside the features that lists known episodes of corruption."""


def read_folder(folder: Path, split: str | None = None) -> list[Features]:
    """Read all feature files of a folder. Where their number formats differ, the log says so.

    Args:
        folder: The folder.
        split: train, validation or test, to keep only its subjects; None: all.

    Returns:
        The features, sorted by file name; at least one subject.

    Raises:
        FeatureError: The folder holds none, a file cannot be read, or two files are of one subject.
    """
    files = sorted(folder.glob("*.safetensors"))
    features = [read_features(file) for file in files]
    known: dict[str, Path] = {}
    for file, item in zip(files, features, strict=True):
        other = known.setdefault(item.subject, file)
        if other != file:
            raise FeatureError(f"{file} and {other} are both of subject {item.subject!r}; expected one file a subject")
    if mixed := told_apart((item.subject, item.computed) for item in features):
        _log.warning("%s: %s", folder, mixed)
    chosen = [item for item in features if split is None or item.split == split]
    if not chosen:
        wanted = FILES if split is None else f"subjects of the split {split!r}"
        raise FeatureError(f"{folder} holds no {wanted}; make them with: python -m iaca extract")
    return chosen


def first_dimensions(folder: Path) -> tuple[int, int]:
    """Dimensions of the audio and the visual features of the first file of a folder, without reading the others.

    Raises:
        FeatureError: The folder holds none, or it cannot be read.
    """
    file = min(folder.glob("*.safetensors"), default=None)
    if file is None:
        raise FeatureError(f"{folder} holds no {FILES}; make them with: python -m iaca extract")
    first = read_features(file)
    return first.audio.shape[1], first.visual.shape[1]


def groups_of(folder: Path, features: Sequence[Features]) -> dict[str, list[str]]:
    """Group subjects by whether an episode of corruption is known of them.

    Args:
        folder: Folder that may hold episodes.csv.
        features: The subjects.

    Returns:
        Group -> subjects: "all", and where episodes.csv exists, "strong" (without episodes) and "weak". No group is
        empty.
    """
    subjects = [item.subject for item in features]
    groups = {"all": subjects}
    file = folder / EPISODES
    if file.is_file():
        weak = {episode.subject for episode in read_episodes(file)}
        groups["strong"] = [s for s in subjects if s not in weak]
        groups["weak"] = [s for s in subjects if s in weak]
    return {name: members for name, members in groups.items() if members}


def has_labels(features: Features) -> bool:
    """Whether any frame of a subject is annotated."""
    return bool(np.isfinite(features.valence).any() or np.isfinite(features.arousal).any())
