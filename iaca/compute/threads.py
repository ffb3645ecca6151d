"""Running pieces of work side by side on the CPU, each on a thread of its own.

Layers of a fusion are so small that two threads in one layer mostly wait for each other: on 2 cores RJCA + IACA of
dimension 128 takes 137 ms that way, and 57 ms with half of the windows on each core.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
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
    """Apply a function to every piece, as many at a time as torch may use threads.

    Where torch has one thread, or computes on a GPU, the calling thread does one piece after the other.

    Args:
        work: The function; inside it, torch computes on one thread.
        pieces: Its arguments.
        device: Where torch computes.

    Returns:
        The results, in the order of the pieces.

    Raises:
        Exception: The first one that `work` raised.
    """
    done = dict(stream(lambda numbered: (numbered[0], work(numbered[1])), enumerate(pieces), device))
    return [done[number] for number in range(len(pieces))]


def stream(work: Callable[[Piece], Result], pieces: Iterable[Piece], device: torch.device = CPU) -> Iterator[Result]:
    """Apply a function to pieces that are still being prepared, as many at a time as torch may use threads.

    Only as many pieces are held as keep the threads busy. Results come as they are ready and not in order: pieces take
    unlike times, and waiting for the first would leave a thread idle that has finished a shorter one.

    Args:
        work: The function; inside it, torch computes on one thread.
        pieces: Its arguments; the calling thread iterates over them.
        device: Where torch computes.

    Yields:
        Each result, as soon as it is ready.

    Raises:
        Exception: The first one that `work` or `pieces` raised.
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


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread: the same additions in the same order, however many cores there are."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _first_done(running: set[Future[Result]]) -> Iterator[Result]:
    """Wait until at least one is done; take those that are done out of the set, and yield their results."""
    for future in wait(running, return_when=FIRST_COMPLETED).done:
        running.remove(future)
        yield future.result()


def threads_for(device: torch.device) -> int:
    """Pieces that are worked on at the same time: torch's threads on a CPU, one on a GPU."""
    return torch.get_num_threads() if device.type == "cpu" else 1


def _pool(threads: int) -> ThreadPoolExecutor:
    with _lock:
        if threads not in _pools:
            _pools[threads] = _start(threads)
        return _pools[threads]


def _start(threads: int) -> ThreadPoolExecutor:
    """A pool whose threads have all started, with torch computing on one thread in each."""
    keep_freed_memory(KEPT_BYTES)
    started = threading.Barrier(threads + 1)

    def initialise() -> None:
        torch.get_num_threads()  # the first call in a thread takes over the global number: before the next line
        torch.set_num_threads(1)
        started.wait()

    pool = ThreadPoolExecutor(threads, "iaca", initializer=initialise)
    for _ in range(threads):
        pool.submit(int)  # every submission starts a thread while all others are held by the barrier
    started.wait()
    # Threads that start later take over the number that was set last.
    torch.set_num_threads(threads)
    return pool
