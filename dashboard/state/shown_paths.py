"""What a visitor of a locked page reads of the server's files: their names below the folders of the page, no more."""

from __future__ import annotations

import logging
import os
import re
from functools import lru_cache
from pathlib import Path

from dashboard.state.folders import read_options
from iaca.resources import PAGE, cache_folder, shipped

VARIABLES = ("IACA_DEMO", "IACA_DATA", "IACA_FEATURES", "IACA_CHECKPOINTS", "IACA_RESULTS")

ELSEWHERE = re.compile(r"(?<![\w/.<])(?:/|[A-Za-z]:\\)(?:[^\s/\\:;,'\"]+[/\\])+(?P<name>[^\s/\\:;,'\"]*)")
"""A path that lies in no folder of the page."""

_log = logging.getLogger(__name__)


def for_visitors(sentence: str) -> str:
    """A sentence as a visitor may read it: on a locked page its paths begin below the folders of the page.

    The log keeps the sentence as it was, once.
    """
    if not read_options().locked:
        return sentence
    shown = shortened(sentence, _folders())
    if shown != sentence:
        _note(sentence)
    return shown


def shortened(sentence: str, folders: tuple[str, ...]) -> str:
    """A sentence without the folders that its paths begin with; of a path that lies elsewhere, the last name is left.

    Args:
        sentence: May hold paths.
        folders: As they are named in sentences. A folder itself is left with its name.
    """
    for folder in sorted(folders, key=len, reverse=True):
        name = Path(folder).name
        if name:
            whole = rf"(?<![\w/.\\-]){re.escape(folder)}"
            sentence = re.sub(rf"{whole}[/\\]+(?=[^\s])", "", sentence)
            sentence = re.sub(rf"{whole}(?![\w-])", name.replace("\\", r"\\"), sentence)
    return ELSEWHERE.sub(lambda found: found["name"] or "a folder", sentence)


def _folders() -> tuple[str, ...]:
    """The folders of the page, as they were named and as they are."""
    options = read_options()
    named = [*options.data, options.features, options.checkpoints, options.results]
    named += [Path(one) for name in VARIABLES for one in os.environ.get(name, "").split(os.pathsep) if one]
    named += [shipped("demo"), shipped("checkpoints"), cache_folder(), PAGE.parent.parent]
    found = {str(form) for one in named if one is not None for form in (one, one.expanduser(), _resolved(one))}
    return tuple(sorted(found))


@lru_cache(maxsize=64)
def _resolved(folder: Path) -> Path:
    return folder.expanduser().resolve()


@lru_cache(maxsize=1000)
def _note(sentence: str) -> None:
    _log.warning("visitors are shown without its folders: %s", sentence)
