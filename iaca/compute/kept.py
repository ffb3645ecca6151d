"""Processes that are kept from call to call: what may end its process is called in one, and rarely waits for a start.

A call costs less than a millisecond where a process is there. One that ends its process costs an error; the next call
starts another. A process goes after a while without calls, all but the last; none outlives whoever started it.
"""

from __future__ import annotations

import atexit
import os
import pickle
import queue
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from iaca.compute.lanes import CHECK_S, Failure, Job, Lane, Limits
from iaca.compute.worker import Returned, Start, Told, limit_memory
from iaca.errors import InputError
from iaca.logs import settings
from iaca.types import Progress, no_progress

Result = TypeVar("Result")

IDLE_S = 120.0
"""How long a process stays without a call, unless it is the last."""

STOPPING_S = 5.0
"""How long a call may take to stop by itself, tidy up, and keep its process."""

NO_LIMITS = Limits()


class ProcessEnded(InputError):
    """A piece of work that ended its process: the message says how."""


def call(
    work: Callable[..., Result], *args: object, limits: Limits = NO_LIMITS, progress: Progress | None = None
) -> Result:
    """Call a function in a process of its own. Calls of several threads do not wait for each other.

    Args:
        work: A function of an importable module, or a `functools.partial` of one.
        args: What it is called with.
        limits: What the process may take during this call.
        progress: Handed to `work` as `progress`; told what it reports, and again every half second. An error that it
            raises is raised in `work` at its next report, so that it leaves nothing half done; if none comes in
            `STOPPING_S`, the process is ended. None: `work` reports nothing.

    Returns:
        What `work` returned.

    Raises:
        ProcessEnded: The call ended its process, or took more than it may.
        Exception: What `work` raised.
    """
    job = pickle.dumps((work, args, progress is not None), pickle.HIGHEST_PROTOCOL), limits.memory_bytes
    process = _take()
    is_fit = limits.memory_bytes is not None  # what it has taken without a limit would leave nothing under one
    try:
        outcome = process.do(job, limits, progress or no_progress)
        is_fit &= not isinstance(getattr(outcome, "error", None), MemoryError)
    finally:
        _give_back(process, is_fit)
    if not isinstance(outcome, Failure):
        return outcome.result
    if outcome.error is None or isinstance(outcome.error, MemoryError):
        raise ProcessEnded(outcome.reason)
    raise outcome.error


def close() -> None:
    """End the processes that wait for a call."""
    with _lock:
        ended = _idle[:]
        _idle.clear()
    for process in ended:
        process.close()


class _Kept:
    """A lane with a process, and the one job at a time that it is given."""

    def __init__(self) -> None:
        path = [os.path.abspath(folder) for folder in sys.path]
        task = pickle.dumps((_called, None), pickle.HIGHEST_PROTOCOL)
        self.start = Start(path, None, (), None, task, settings())
        self.limits = NO_LIMITS
        self.jobs: list[Any] = [None]
        self.events: queue.SimpleQueue[tuple[int, Told | Returned | Failure]] = queue.SimpleQueue()
        self._waiting: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._lane = Lane(self)
        self._lane.start()

    def next_job(self) -> Job | None:
        """Wait for a job; None when there will be none."""
        while True:
            try:
                return self._waiting.get(timeout=IDLE_S)
            except queue.Empty:
                with _lock:
                    if self in _idle and len(_idle) > 1:
                        _idle.remove(self)
                        return None

    def ended_its_process(self, job: Job, how: str) -> None:
        """Take note that there is no result; the job is not tried again."""
        self.events.put((job.number, Failure(f"its process {how}")))

    def do(self, job: tuple[bytes, int | None], limits: Limits, progress: Progress) -> Returned | Failure:
        """Do a job while passing on what it reports."""
        self.jobs[0], self.limits = job, limits
        told = Told(0, 0, "")
        self._waiting.put(Job(0, 1))
        try:
            while True:
                with suppress(queue.Empty):
                    _, event = self.events.get(timeout=CHECK_S)
                    if not isinstance(event, Told):
                        return event
                    told = event
                self._lane.end_if_silent()
                progress(*told)
        except BaseException:
            self._stop()
            raise

    def _stop(self) -> None:
        until_s = time.monotonic() + STOPPING_S
        self._lane.ask_to_stop()
        while True:
            with suppress(queue.Empty):
                if not isinstance(self.events.get(timeout=CHECK_S)[1], Told):
                    return
            if time.monotonic() > until_s:
                self._lane.kill()

    def close(self) -> None:
        """End the process."""
        self._waiting.put(None)
        self._lane.close()


_idle: list[_Kept] = []
_lock = threading.Lock()


def _take() -> _Kept:
    with _lock:
        return _idle.pop() if _idle else _Kept()


def _give_back(process: _Kept, is_fit: bool) -> None:
    if not is_fit:
        process.close()
        return
    with _lock:
        _idle.append(process)


def _called(common: None, job: tuple[bytes, int | None], progress: Progress) -> Any:
    content, memory_bytes = job
    limit_memory(memory_bytes)
    work, args, reports = pickle.loads(content)
    return work(*args, progress=progress) if reports else work(*args)


def _after_fork() -> None:
    """The processes belong to the parent."""
    global _lock
    _lock = threading.Lock()
    _idle.clear()


atexit.register(close)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
