"""The room for uploads on the disk: what one visit may take, and all of them together."""

from __future__ import annotations

import os
import shutil
import threading
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from dashboard.state.folders import Options
from dashboard.state.visit_folders import folder_of, home
from iaca.resources import cache_folder

CLUSTER = 4096
"""What the smallest file takes on a disk."""


_expected: dict[str, tuple[str, int]] = {}
"""Secret -> visit and bytes of a file that is under way."""

_lock = threading.Lock()
_admitting = threading.Lock()
"""Held while it is looked whether there is room for one more: several at a time would each find the same room."""


class Quota(NamedTuple):
    """What uploads may take, with everything that is made from them.

    Attributes:
        visit: Bytes of one visit.
        all: Bytes of all visits, those that were kept from earlier ones included.
    """

    visit: int
    all: int


def quota_of(options: Options) -> Quota:
    """What the options of the command line allow."""
    return Quota(int(options.visit_quota * 2**30), int(options.upload_quota * 2**30))


def room(key: str, quota: Quota) -> int:
    """Bytes that a visit may still bring; not below 0."""
    with _lock:  # before the disk: a file that ends meanwhile counts twice, and not at all the other way round
        every = sum(size for _, size in _expected.values())
        own = sum(size for visitor, size in _expected.values() if visitor == key)
    kept = _size(cache_folder() / "your-videos") + _size(home().parent)
    free = shutil.disk_usage(home()).free
    return max(0, min(quota.visit - _size(folder_of(key)) - own, min(quota.all - kept, free) - every))


def expect(secret: str, key: str, size: int, quota: Quota) -> int | None:
    """Keep room for a file; the room that there is where it does not suffice."""
    with _admitting:
        left = room(key, quota)
        if size > left:
            return left
        with _lock:
            _expected[secret] = key, size
    return None


def release(secret: str) -> None:
    """Keep room for a file no more: it has arrived, or does not come."""
    with _lock:
        del _expected[secret]


def _size(folder: Path) -> int:
    """Bytes that the files below a folder take, as far as they are still there."""
    total = 0
    for place, _, names in os.walk(folder):  # unlike rglob, it passes over a folder that goes meanwhile
        for name in names:
            with suppress(OSError):
                total += -(-os.lstat(os.path.join(place, name)).st_size // CLUSTER) * CLUSTER
    return total
