"""Work that takes longer than a page may wait: in a thread, with progress, until it is done or stopped.

A job belongs to the server, not to a visit: it goes on while a page is reloaded, and whoever asks for the same sees it.
"""

from __future__ import annotations

import atexit
import logging
import threading
import time
from collections.abc import Callable
from typing import Any
from weakref import WeakSet

from dashboard.turns import Turns
from iaca.errors import InputError
from iaca.logs import log_fault
from iaca.types import Progress

KEPT = 64
"""Jobs that are remembered after they ended."""


LAST_S = 5.0
"""How long the end of the process waits for jobs that run."""

_log = logging.getLogger(__name__)
_alive: WeakSet[Job] = WeakSet()


class Stopped(Exception):
    """Raised inside a job that was asked to stop."""


class Job:
    """One piece of work.

    Attributes:
        done: Parts that are finished.
        total: Parts that there are; 0 before it is known.
        title: What is being done, in a few words, or "".
        ended: Whether it runs no more.
        stopped: Whether it was asked to stop.
        waiting: Whether it has not had its turn yet.
        result: What the work returned, once it ended well.
        error: Why it failed, in one sentence, or "".
        thread: Where it runs.
    """

    def __init__(self, work: Callable[[Progress], Any], turns: Turns | None = None, owner: str = "") -> None:
        self.done = self.total = 0
        self.title = ""
        self.ended = self.stopped = False
        self.waiting = turns is not None
        self.result: Any = None
        self.error = ""
        self._began_s = time.monotonic()
        self.thread = threading.Thread(target=self._run, args=(work, turns, owner), daemon=True, name="job")
        _alive.add(self)
        self.thread.start()

    def stop(self) -> None:
        """Ask it to stop; it does after the part that is under way."""
        self.stopped = True

    @property
    def elapsed_s(self) -> float:
        """Seconds since it began."""
        return time.monotonic() - self._began_s

    @property
    def left_s(self) -> float | None:
        """Seconds that it will take at the rate so far; None before anything is finished."""
        return self.elapsed_s * (self.total - self.done) / self.done if self.done else None

    @property
    def pace(self) -> str:
        """Rate and time left, to follow the number of parts; "" before anything is finished."""
        if not self.done:
            return ""
        rate = self.done / self.elapsed_s
        return f" · {rate:,.{0 if rate >= 10 else 1}f} per second{self.time_left}"

    @property
    def time_left(self) -> str:
        """The time left alone; "" before anything is finished."""
        return "" if self.left_s is None else f" · {duration(self.left_s)} left"

    def _run(self, work: Callable[[Progress], Any], turns: Turns | None, owner: str) -> None:
        try:
            if turns is None:
                self.result = work(self._progress)
                return
            with turns.turn(owner, self._still_wanted):
                self.waiting, self._began_s = False, time.monotonic()
                self.result = work(self._progress)
        except Stopped:
            self.stopped = True
        except (InputError, OSError) as error:
            self.error = str(error)
        except Exception as error:
            reference = log_fault(_log, self.title or "a job", error, visit=owner[:8])
            self.error = f"Something went wrong that nobody has foreseen; the server's log has it under {reference}."
        finally:
            self.ended = True
            how = "stopped" if self.stopped else "failed" if self.error else "done"
            _log.info("job %s", how, extra={"visit": owner[:8], "asked": self.title, "duration_s": self.elapsed_s})

    def _still_wanted(self, ahead: int) -> None:
        if self.stopped:
            raise Stopped

    def _progress(self, done: int, total: int, title: str = "") -> None:
        self.done, self.total, self.title = done, total, title
        if self.stopped:
            raise Stopped


_jobs: dict[str, Job] = {}
_lock = threading.Lock()


def find(key: str) -> Job | None:
    """The job of that name, running or ended; None where it was never begun or is forgotten."""
    with _lock:
        return _jobs.get(key)


def forget(key: str) -> None:
    """Let a job that ended be begun anew."""
    with _lock:
        if key in _jobs and _jobs[key].ended:
            del _jobs[key]


def stop_all(part: str) -> None:
    """Ask every job to stop whose name holds a text, such as a folder."""
    with _lock:
        found = [job for name, job in _jobs.items() if part in name]
    for job in found:
        job.stop()


def begin(key: str, work: Callable[[Progress], Any], turns: Turns | None = None, owner: str = "") -> Job:
    """Start work, or join the job of that name that is running or ended well.

    Args:
        key: What the work is; the same key means the same result.
        work: Called in a thread with a function to report progress to: parts finished and parts in all.
        turns: Whose turn it must wait for; None to start at once.
        owner: Whose job it is, among those that take turns.
    """
    with _lock:
        job = _jobs.get(key)
        if job is None or (job.ended and (job.stopped or job.error)):
            job = _jobs[key] = Job(work, turns, owner)
        for old in [name for name, other in _jobs.items() if other.ended][:-KEPT]:
            del _jobs[old]
    return job


def end_all() -> None:
    """Stop every job and wait for a moment: a thread that is inside a library when the process ends takes it down."""
    running = [job for job in _alive if not job.ended]
    for job in running:
        job.stop()
    until_s = time.monotonic() + LAST_S
    for job in running:
        job.thread.join(max(0.0, until_s - time.monotonic()))


atexit.register(end_all)


def duration(seconds: float) -> str:
    """A time that something takes, for reading: "8 s", "3 min", "1 h 5 min"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
