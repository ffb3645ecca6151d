"""Reading episodes.csv: the known spans of corruption of a synthetic corpus."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Iterable
from pathlib import Path

from iaca.config import MODALITIES
from iaca.errors import InputError
from iaca.files import is_plain_name
from iaca.headers import shortened
from iaca.types import Episode

COLUMNS = ("subject", "start_s", "end_s", "modality", "kind", "truth_modality")


class EpisodeError(InputError):
    """An episodes.csv that cannot be used: the message names the file, the line and what was expected."""


def read_episodes(path: str | os.PathLike[str]) -> list[Episode]:
    """Read every episode of a corpus.

    Args:
        path: A CSV file with the columns subject, start_s, end_s, modality, kind, truth_modality.

    Returns:
        Episodes in the order of the file; empty for a corpus without any.

    Raises:
        EpisodeError: The file is missing or damaged, lacks a column, or has an invalid value.
    """
    path = Path(path)
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            table = csv.DictReader(file)
            columns = table.fieldnames or []
            rows = list(table)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise EpisodeError(f"{path} cannot be read ({error}); expected the columns {', '.join(COLUMNS)}") from error
    missing = [name for name in COLUMNS if name not in columns]
    if missing:
        raise EpisodeError(f"{path} has no column {missing[0]!r}; expected {', '.join(COLUMNS)}")
    return [_episode(path, line, row) for line, row in enumerate(rows, start=2)]


def by_subject(episodes: Iterable[Episode]) -> dict[str, list[Episode]]:
    """Subject -> its episodes, in their order; subjects without any are left out."""
    found: dict[str, list[Episode]] = {}
    for one in episodes:
        found.setdefault(one.subject, []).append(one)
    return found


def _episode(path: Path, line: int, row: dict[str, str]) -> Episode:
    values = [row[name] or "" for name in COLUMNS]
    found = f"{path}, line {line} is {shortened(','.join(values))}"
    subject, start, end, modality, kind, truth_modality = values
    try:
        start_s, end_s = float(start), float(end)
    except ValueError:
        start_s = end_s = float("nan")
    if not 0 <= start_s < end_s < math.inf:
        raise EpisodeError(
            f"{path}, line {line} runs from {shortened(start)} to {shortened(end)}; expected seconds, the first smaller"
        )
    if modality not in MODALITIES or truth_modality not in ("", *MODALITIES):
        raise EpisodeError(
            f"{found}; expected {' or '.join(MODALITIES)} as modality, and as truth_modality these or nothing"
        )
    if not is_plain_name(subject) or not kind:
        raise EpisodeError(f"{found}; expected a subject and a kind of episode")
    return Episode(subject, start_s, end_s, modality, kind, truth_modality)
