"""What is computed once and kept for all visitors, within one budget of memory.

What nobody asked for longest goes first. What is kept is shared and read-only. Its size is that of its arrays, weights
and tables.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any, ParamSpec, TypeVar

from cachetools import LRUCache, cached
from cachetools.keys import hashkey

from dashboard.state.folders import read_options
from iaca.compute.memory import memory_bytes, size_of

SHARE = 0.25
"""Of the memory that there is, unless `--memory` says otherwise."""

UNKNOWN_BYTES = 2**30
"""The budget where the system does not say what there is."""

P = ParamSpec("P")
R = TypeVar("R")


def budget_bytes(asked_gb: float | None) -> int:
    """What may be kept.

    Args:
        asked_gb: What `--memory` says, GiB, or None.
    """
    if asked_gb is not None:
        return max(0, round(asked_gb * 2**30))
    there = memory_bytes()
    return UNKNOWN_BYTES if there is None else round(SHARE * there)


_kept: LRUCache[Any, Any] = LRUCache(budget_bytes(read_options().memory), getsizeof=size_of)
_changed = threading.Condition()


def keep(function: Callable[P, R]) -> Callable[P, R]:
    """Keep what a function returns. Of two threads that ask for the same, one computes it and the other waits."""
    name = f"{function.__module__}.{function.__qualname__}"
    return cached(_kept, key=partial(hashkey, name), condition=_changed)(function)


def weigh_again(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> None:
    """Count the size of something that is kept and has grown."""
    key = function.cache_key(*args, **kwargs)  # type: ignore[attr-defined]  # as `keep` has made it
    with _changed:
        if key in _kept:
            _kept[key] = _kept[key]


def kept_bytes() -> int:
    """What is kept now."""
    return int(_kept.currsize)
