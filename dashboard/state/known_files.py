"""The states of files as they were last looked at: a step of a slider must not wait for a disk, or for a network drive.

Every file is looked at when it is first asked for. All are looked at again with `refresh`: on a new visit, on another
page and by Rescan. Those that are shown are also looked at by `look_again`, when the curves of a run are on their way.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from iaca.files import FileState, file_state

LOOK_S = 3.0
"""How often the files that are shown are looked at, at most."""

WATCHED_S = 600.0
"""How long a file counts as shown after it was last asked for."""

_known: dict[str, FileState] = {}
_looked_s: dict[str, float] = {}
_asked_s: dict[str, float] = {}


def known_state(path: str | os.PathLike[str]) -> FileState:
    """The state of one of many files, as it was last looked at."""
    name = os.fspath(path)
    return _known.get(name) or look(name)


def shown_state(path: str | os.PathLike[str]) -> FileState:
    """The state of a file that is shown, as it was last looked at; `look_again` looks at it from now on."""
    name = os.fspath(path)
    _asked_s[name] = time.monotonic()
    return known_state(name)


def look(path: str | os.PathLike[str]) -> FileState:
    """The state of a file or folder now, for who waits until it is there, or has just changed it."""
    name = os.fspath(path)
    _looked_s[name] = time.monotonic()
    _known[name] = state = file_state(name)
    return state


def look_again() -> bool:
    """Look at the files that are shown, those that were not looked at within `LOOK_S`; for the end of a run.

    Returns:
        Whether one of them has changed.
    """
    now = time.monotonic()
    changed = False
    for name, asked_s in list(_asked_s.items()):
        if now - asked_s > WATCHED_S:
            _asked_s.pop(name, None)
            if not known_state(name).is_there:  # anybody can ask for any number of names
                _known.pop(name, None)
                _looked_s.pop(name, None)
        elif now - _looked_s.get(name, 0.0) >= LOOK_S:
            before = _known.get(name)
            changed |= look(name) != before
    return changed


def refresh() -> None:
    """Look at every file that is known; those that are gone, and that nobody has asked for lately, are forgotten."""
    for name in list(_known):
        if not look(name).is_there and name not in _asked_s:
            _known.pop(name, None)
            _looked_s.pop(name, None)


def is_there(path: Path) -> bool:
    """Whether a file or folder that is shown was there when it was last looked at."""
    return shown_state(path).is_there
