"""What the page shows first, as a study has chosen it."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from dashboard.state.known_files import shown_state
from iaca.files import FileState
from iaca.study.first_view import FILE, FirstView, read_first_view

__all__ = ["FirstView", "first_view"]


def first_view(results: Path) -> FirstView | None:
    """The first view of a folder of results; None where its study chose none.

    Raises:
        InputError: What it chose cannot be read.
    """
    return _read(shown_state(results / FILE))


@lru_cache(maxsize=16)
def _read(file: FileState) -> FirstView | None:
    return read_first_view(Path(file.path).parent)
