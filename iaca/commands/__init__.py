"""One module per command, each with `add_arguments(parser)` and `run(args)`; heavy imports stand inside `run`."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from iaca.errors import InputError

if TYPE_CHECKING:
    from iaca.types import Features


class CommandError(InputError):
    """Arguments that do not go together: the message names them and what was expected."""


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add --device, the same for every command."""
    parser.add_argument("--device", help="cpu, cuda, cuda:1 (default: IACA_DEVICE, else a GPU when there is one)")


def add_plugin(parser: argparse.ArgumentParser) -> None:
    """Add --plugin, the same for every command that builds models."""
    parser.add_argument(
        "--plugin", action="append", default=[], metavar="MODULE", help="import a module that registers fusions"
    )


def read_folder(folder: Path, split: str | None = None) -> list[Features]:
    """All feature files of a folder, sorted by name; only those of a split where it is given.

    Raises:
        CommandError: The folder holds none.
        FeatureError: A file cannot be read.
    """
    from iaca.data.features import read_features

    files = sorted(folder.glob("*.safetensors"))
    features = [read_features(file) for file in files]
    chosen = [item for item in features if split is None or item.split == split]
    if not chosen:
        wanted = "feature files (<subject>.safetensors)" if split is None else f"subjects of the split {split!r}"
        raise CommandError(f"{folder} holds no {wanted}; make them with: python -m iaca extract")
    return chosen


def groups_of(folder: Path, features: Sequence[Features]) -> dict[str, list[str]]:
    """Strong and weak subjects apart, where episodes.csv lies beside the features.

    Returns:
        Group -> subjects: "all", and where episodes are known "strong" (no episode) and "weak".
    """
    from iaca.data.episodes import read_episodes

    subjects = [item.subject for item in features]
    groups = {"all": subjects}
    file = folder / "episodes.csv"
    if file.is_file():
        weak = {episode.subject for episode in read_episodes(file)}
        groups["strong"] = [s for s in subjects if s not in weak]
        groups["weak"] = [s for s in subjects if s in weak]
    return {name: members for name, members in groups.items() if members}


def has_labels(features: Features) -> bool:
    """Whether any frame of a subject is annotated."""
    import numpy as np

    return bool(np.isfinite(features.valence).any() or np.isfinite(features.arousal).any())
