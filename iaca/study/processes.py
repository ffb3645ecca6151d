"""Independent jobs in processes of their own, each on one thread."""

from __future__ import annotations

import importlib
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from contextlib import contextmanager, suppress
from multiprocessing import get_context
from typing import Any, TypeVar

import torch

from iaca.models.fusions.registry import plugin_modules

Job = TypeVar("Job")

_work: Callable[[Any], Any] | None = None


def run_all(
    work: Callable[[Job], Any], jobs: Sequence[Job], device: str, processes: int | None = None
) -> Iterator[tuple[Job, Any]]:
    """Do every job, and yield each with its result as it ends.

    Every job computes on one thread, so that its result does not depend on how many run side by side. An interrupt
    waits for the jobs that run and drops those that wait.

    Args:
        work: A picklable function; what all jobs share is bound to it and sent to each process once.
        jobs: The jobs.
        device: Where it computes; several processes do not share a GPU.
        processes: Side by side; None: one a core on a CPU, one on a GPU.

    Yields:
        (job, result), in the order in which they end.
    """
    processes = min(len(jobs), processes or (os.cpu_count() or 1 if device == "cpu" else 1))
    if processes <= 1:
        for job in jobs:
            with one_thread():
                result = work(job)
            yield job, result
        return
    # Fresh processes: a fork of one that runs threads may hang.
    with ProcessPoolExecutor(
        processes, get_context("spawn"), initializer=_start, initargs=(work, plugin_modules())
    ) as pool:
        running = {pool.submit(_do, job): job for job in jobs}
        try:
            for finished in as_completed(running):
                yield running[finished], finished.result()
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute on one thread: the same additions in the same order, however many cores there are."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _start(work: Callable[[Any], Any], plugins: Sequence[str]) -> None:
    """Prepare a fresh process: import the plugins of the process that started it, and keep the work."""
    global _work
    for module in plugins:
        with suppress(ImportError):  # not a module: a model that needs it is refused by its name
            importlib.import_module(module)
    _work = work
    torch.set_num_threads(1)


def _do(job: Any) -> Any:
    assert _work is not None
    return _work(job)
