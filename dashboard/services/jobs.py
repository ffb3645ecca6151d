"""Work that takes longer than a page may wait: in a thread, with progress, until it is done or stopped.

A job belongs to the server, not to a visit: it goes on while a page is reloaded, and whoever asks for the same sees it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

from iaca.errors import InputError
from iaca.types import Progress

KEPT = 64
"""Jobs that are remembered after they ended."""


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
        result: What the work returned, once it ended well.
        error: Why it failed, in one sentence, or "".
    """

    def __init__(self, work: Callable[[Progress], Any]) -> None:
        self.done = self.total = 0
        self.title = ""
        self.ended = self.stopped = False
        self.result: Any = None
        self.error = ""
        self._began_s = time.monotonic()
        threading.Thread(target=self._run, args=(work,), daemon=True, name="job").start()

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

    def _run(self, work: Callable[[Progress], Any]) -> None:
        try:
            self.result = work(self._progress)
        except Stopped:
            self.stopped = True
        except (InputError, OSError) as error:
            self.error = str(error)
        except Exception as error:
            self.error = f"{type(error).__name__}: {error}"
            raise
        finally:
            self.ended = True

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


def begin(key: str, work: Callable[[Progress], Any]) -> Job:
    """Start work, or join the job of that name that is running or ended well.

    Args:
        key: What the work is; the same key means the same result.
        work: Called in a thread with a function to report progress to: parts finished and parts in all.
    """
    with _lock:
        job = _jobs.get(key)
        if job is None or (job.ended and (job.stopped or job.error)):
            job = _jobs[key] = Job(work)
        for old in [name for name, other in _jobs.items() if other.ended][:-KEPT]:
            del _jobs[old]
    return job


def duration(seconds: float) -> str:
    """A time that something takes, for reading: "8 s", "3 min", "1 h 5 min"."""
    if seconds < 90:
        return f"{max(1, round(seconds))} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
