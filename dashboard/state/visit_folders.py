"""Where everything lies that belongs to a visit."""

from __future__ import annotations

import secrets
import shutil
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from filelock import FileLock, Timeout

from iaca.resources import cache_folder

_locks: list[FileLock] = []


@lru_cache(maxsize=1)
def home() -> Path:
    """The folder of this server's visits. Those of servers that run no more are deleted: nobody can come back to them.

    Raises:
        OSError: It cannot be made.
    """
    root = cache_folder() / "visits"
    mine = root / secrets.token_hex(8)
    root.mkdir(parents=True, exist_ok=True)
    # Held until the process ends, however it ends.
    lock = FileLock(mine.with_suffix(".lock"), thread_local=False)
    lock.acquire()
    _locks.append(lock)
    mine.mkdir()
    for folder in root.iterdir():
        if folder.is_dir() and folder != mine:
            other = FileLock(folder.with_suffix(".lock"), blocking=False)
            with suppress(Timeout, OSError), other:
                shutil.rmtree(folder, ignore_errors=True)
                folder.with_suffix(".lock").unlink(missing_ok=True)
    return mine


def folder_of(key: str) -> Path:
    """Where everything lies that belongs to a visit."""
    return home() / key
