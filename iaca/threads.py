"""Pieces of work side by side on the CPU, each on a thread of its own.

Layers of a fusion are so small that two threads in one layer mostly wait for each other: on 2 cores RJCA + IACA of
dimension 128 takes 137 ms that way, and 57 ms with half of the windows on each core.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import torch

from iaca.devices import keep_freed_memory

KEPT_BYTES = 2**28
"""Freed memory that a thread may keep for its next piece."""

Piece = TypeVar("Piece")
Result = TypeVar("Result")

_lock = threading.Lock()
_pools: dict[int, ThreadPoolExecutor] = {}


def side_by_side(work: Callable[[Piece], Result], pieces: Sequence[Piece]) -> list[Result]:
    """Do the work on every piece, as many at a time as torch may use threads.

    Where torch has one thread the pieces are done one after the other on the thread that asks.

    Args:
        work: What is to be done; inside, torch computes on one thread.
        pieces: What it is done to.

    Returns:
        A result for each piece, in their order.

    Raises:
        Exception: What `work` raised first.
    """
    threads = torch.get_num_threads()
    if threads == 1:
        return [work(piece) for piece in pieces]
    return list(_pool(threads).map(work, pieces))


def _pool(threads: int) -> ThreadPoolExecutor:
    with _lock:
        if threads not in _pools:
            _pools[threads] = _start(threads)
        return _pools[threads]


def _start(threads: int) -> ThreadPoolExecutor:
    """A pool whose threads all run by now, each computing alone."""
    keep_freed_memory(KEPT_BYTES)
    started = threading.Barrier(threads + 1)

    def alone() -> None:
        torch.get_num_threads()  # the first call in a thread takes the number of all: later it would undo the next
        torch.set_num_threads(1)
        started.wait()

    pool = ThreadPoolExecutor(threads, "iaca", initializer=alone)
    for _ in range(threads):
        pool.submit(int)  # every submission starts a thread while all others are held by the barrier
    started.wait()
    # Torch hands the last number that was set to threads that are yet to come.
    torch.set_num_threads(threads)
    return pool
