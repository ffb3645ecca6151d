"""Pieces of work side by side on the CPU, each on a thread of its own.

Layers of a fusion are so small that two threads in one layer mostly wait for each other: on 2 cores RJCA + IACA of
dimension 128 takes 137 ms that way, and 57 ms with half of the windows on each core.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

import torch

from iaca.compute.devices import keep_freed_memory

KEPT_BYTES = 2**28
"""Freed memory that a thread may keep for its next piece."""

CPU = torch.device("cpu")

Piece = TypeVar("Piece")
Result = TypeVar("Result")

_lock = threading.Lock()
_pools: dict[int, ThreadPoolExecutor] = {}


def side_by_side(work: Callable[[Piece], Result], pieces: Sequence[Piece], device: torch.device = CPU) -> list[Result]:
    """Do the work on every piece, as many at a time as torch may use threads.

    Where torch has one thread, or the work is not for the CPU, the pieces are done one after the other on the thread
    that asks.

    Args:
        work: What is to be done; inside, torch computes on one thread.
        pieces: What it is done to.
        device: Where torch computes.

    Returns:
        A result for each piece, in their order.

    Raises:
        Exception: What `work` raised first.
    """
    done = dict(stream(lambda numbered: (numbered[0], work(numbered[1])), enumerate(pieces), device))
    return [done[number] for number in range(len(pieces))]


def stream(work: Callable[[Piece], Result], pieces: Iterable[Piece], device: torch.device = CPU) -> Iterator[Result]:
    """The same for pieces that are still being made: no more are held than the threads have work with.

    Pieces need not be alike: who waits for the first of them leaves a thread idle that is done with a shorter one.

    Args:
        work: What is to be done; inside, torch computes on one thread.
        pieces: What it is done to; consumed on the thread that asks.
        device: Where torch computes.

    Yields:
        A result for each piece, as soon as it is done.

    Raises:
        Exception: What `work` or `pieces` raised first.
    """
    threads = threads_for(device)
    if threads == 1:
        yield from map(work, pieces)
        return
    pool = _pool(threads)
    running: set[Future[Result]] = set()
    try:
        for piece in pieces:
            running.add(pool.submit(work, piece))
            if len(running) > threads:  # one waits, so that no thread does
                yield from _first_done(running)
        while running:
            yield from _first_done(running)
    finally:
        for future in running:
            future.cancel()
        wait(running)


def _first_done(running: set[Future[Result]]) -> Iterator[Result]:
    """Wait until one of them is done, and take those that are out of the set."""
    for future in wait(running, return_when=FIRST_COMPLETED).done:
        running.remove(future)
        yield future.result()


def threads_for(device: torch.device) -> int:
    """Pieces that are worked on at a time."""
    return torch.get_num_threads() if device.type == "cpu" else 1


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
