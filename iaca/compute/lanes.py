"""Processes side by side, each with one job at a time: how they start, what they answer, and how they end."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, NamedTuple, Protocol

import iaca
from iaca.compute.worker import Begun, Raised, Returned, Start, Stop, Told, receive, send
from iaca.errors import BAD_INPUT
from iaca.logs import settings

CHECK_S = 0.5
"""How often it is looked whether a process still gives signs of life."""

DYING_S = 5.0
"""How long a process that has closed its pipes may take to end."""

MAIN = "__main__"


class Limits(NamedTuple):
    """What a process may take before it is ended.

    Attributes:
        memory_bytes: Memory that it may write to; None: all there is. Only Linux holds to it.
        silent_s: Seconds without any progress of its job; None: any time.
    """

    memory_bytes: int | None = None
    silent_s: float | None = None


class Failure(NamedTuple):
    """A job without a result.

    Attributes:
        reason: Why, as a clause without a full stop.
        error: What the job raised; None where its process ended.
    """

    reason: str
    error: Exception | None = None


def reason_of(error: Exception) -> str:
    """What an error says, as a clause."""
    if isinstance(error, MemoryError):
        return "it needs more memory than it may take"
    return str(error) if isinstance(error, BAD_INPUT) else f"{type(error).__name__}: {error}"


class Job(NamedTuple):
    """A job by its number, and how often it has been tried, this time included."""

    number: int
    attempt: int


class Giver(Protocol):
    """What gives a lane its jobs, and is told what becomes of them.

    Attributes:
        start: What each process is told first.
        limits: What it may take.
        jobs: The jobs by their numbers.
        events: Receives the number of a job and its progress, result or failure.
    """

    start: Start
    limits: Limits
    jobs: Any
    events: queue.SimpleQueue[tuple[int, Told | Returned | Failure]]

    def next_job(self) -> Job | None:
        """The next job; None when there is none, and the lane ends."""

    def ended_its_process(self, job: Job, how: str) -> None:
        """Learn that a job ended its process."""


class Lanes:
    """Lanes side by side, each with a process at a time; what they learn comes to one queue."""

    def __init__(
        self,
        task: bytes,
        jobs: Sequence[Any],
        processes: int,
        attempts: int,
        limits: Limits,
        modules: Sequence[str],
        on_progress: Callable[[Any, int, int, str], None] | None,
        variables: Sequence[Mapping[str, str]],
    ) -> None:
        main = getattr(sys.modules[MAIN], "__file__", None) if MAIN in modules else None
        others = tuple(module for module in modules if module != MAIN)
        path = [os.path.abspath(folder) for folder in sys.path]
        self.start = Start(path, main and os.path.abspath(main), others, limits.memory_bytes, task, settings())
        self.jobs = jobs
        self.limits = limits
        self.events: queue.SimpleQueue[tuple[int, Told | Returned | Failure]] = queue.SimpleQueue()
        self._attempts = attempts
        self._on_progress = on_progress
        self._waiting = deque(Job(number, 1) for number in range(len(jobs)))
        self._lock = threading.Lock()
        turns = variables or ({},)
        self._lanes = [Lane(self, turns[number % len(turns)]) for number in range(min(processes, len(jobs)))]

    def ended(self) -> Generator[tuple[Any, Any]]:
        """Yield each job as it ends."""
        left = len(self.jobs)
        last = 0, Told(0, 0, "")
        try:
            for lane in self._lanes:
                lane.start()
            while left:
                for lane in self._lanes:
                    lane.end_if_silent()
                try:
                    number, event = self.events.get(timeout=CHECK_S)
                except queue.Empty:
                    self._report(*last)
                    continue
                if isinstance(event, Told):
                    last = number, event
                    self._report(*last)
                    continue
                left -= 1
                yield self.jobs[number], event.result if isinstance(event, Returned) else event
        finally:
            with self._lock:
                self._waiting.clear()
            for lane in self._lanes:
                lane.close()
            for lane in self._lanes:
                if lane.ident is not None:
                    lane.join(DYING_S)

    def _report(self, number: int, told: Told) -> None:
        if self._on_progress is not None:
            self._on_progress(self.jobs[number], *told)

    def next_job(self) -> Job | None:
        """Take a job that waits."""
        with self._lock:
            return self._waiting.popleft() if self._waiting else None

    def ended_its_process(self, job: Job, how: str) -> None:
        """Let a job be tried again after all that wait, or say that it failed."""
        if job.attempt < self._attempts:
            with self._lock:
                self._waiting.append(Job(job.number, job.attempt + 1))
            return
        times = "" if self._attempts == 1 else f" in each of {self._attempts} attempts"
        self.events.put((job.number, Failure(f"its process {how}{times}")))


class Lane(threading.Thread):
    """Hands one job after another to a process, and starts another process where one has ended."""

    def __init__(self, pool: Giver, variables: Mapping[str, str] | None = None) -> None:
        super().__init__(daemon=True, name="lane")
        self._pool = pool
        self._variables = variables or {}
        self._process: subprocess.Popen[bytes] | None = None
        self._closed = False
        self._lock = threading.Lock()
        self._sign_s: float | None = None
        self._silent = False
        self._is_at_work = False

    def run(self) -> None:
        """Work until no job waits."""
        while not self._closed and (job := self._pool.next_job()) is not None:
            self._silent, self._is_at_work, self._sign_s = False, False, time.monotonic()
            try:
                self._do(job)
            except (EOFError, OSError):
                self._sign_s = None
                self._pool.ended_its_process(job, self._how_it_ended())
            except Exception as error:  # the job or its result cannot be sent: nobody waits for it any longer
                self._sign_s = None
                self.kill()
                self._forget()
                self._pool.events.put((job.number, Failure(reason_of(error), error)))
        self.close()
        self._forget()

    def _do(self, job: Job) -> None:
        if self._process is not None:
            try:
                answers = self._hand_over(job, self._process)
            except (EOFError, OSError):  # it was ended while it had nothing to do: that is no fault of this job
                self.kill()
                self._forget()
                self._silent = False
        if self._process is None:
            answers = self._hand_over(job, self._begin())
        self._is_at_work = True
        while True:
            answer = receive(answers)
            self._sign_s = time.monotonic()
            if isinstance(answer, Raised):
                answer = Failure(reason_of(answer.error), answer.error)
            if not isinstance(answer, Told):
                self._sign_s = None
            self._pool.events.put((job.number, answer))
            if not isinstance(answer, Told):
                return

    def _hand_over(self, job: Job, process: subprocess.Popen[bytes]) -> IO[bytes]:
        """Give a job to a process; what it answers comes through the pipe that is returned."""
        assert process.stdin is not None
        assert process.stdout is not None
        send(process.stdin, self._pool.jobs[job.number])
        begun = receive(process.stdout)
        assert isinstance(begun, Begun)
        return process.stdout

    def _begin(self) -> subprocess.Popen[bytes]:
        """Start a process. A new interpreter: a fork of one that runs threads may hang, and what multiprocessing starts
        runs the main script once more."""
        root = str(Path(iaca.__file__).parents[1])
        code = f"import sys; sys.path.insert(0, {root!r}); from iaca.compute.worker import main; main()"
        with self._lock:
            if self._closed:
                raise EOFError
            process = self._process = subprocess.Popen(
                [sys.executable, "-c", code],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=os.environ | self._variables,
            )
        assert process.stdin is not None
        send(process.stdin, self._pool.start)
        return process

    def end_if_silent(self) -> None:
        """End a process that has given no sign of life for too long; the lane sees that it ended."""
        limit_s, sign_s = self._pool.limits.silent_s, self._sign_s
        if limit_s is not None and sign_s is not None and time.monotonic() - sign_s > limit_s:
            self._silent = True
            self.kill()

    def _how_it_ended(self) -> str:
        with suppress(subprocess.TimeoutExpired):
            if self._process is not None:
                self._process.wait(DYING_S)  # it has closed its pipes; killed now, it would not tell why it ended
        self.kill()
        code = self._forget()
        if self._silent:
            return f"showed no progress for {self._pool.limits.silent_s:.0f} s and was ended"
        if code is None:
            return "could not be started"
        if code >= 0:
            return f"ended with code {code}"
        name = signal.Signals(-code).name if -code in set(signal.Signals) else f"signal {-code}"
        return f"was ended by {name}" + (", as where memory runs out" if -code == signal.SIGKILL else "")

    def _forget(self) -> int | None:
        """Wait for the process to end, and return its code; None where there is none."""
        process, self._process = self._process, None
        if process is None:
            return None
        for pipe in (process.stdin, process.stdout):
            with suppress(OSError):  # what was not written is lost with the process
                pipe and pipe.close()
        return process.wait()

    def ask_to_stop(self) -> None:
        """Have the job that is under way raise an error at its next report."""
        with self._lock:
            if self._is_at_work and self._process is not None and self._process.stdin is not None:
                with suppress(OSError):  # it has ended
                    send(self._process.stdin, Stop())

    def kill(self) -> None:
        """End the process; the lane sees that it ended."""
        with self._lock:
            if self._process is not None and self._process.poll() is None:
                self._process.kill()

    def close(self) -> None:
        """End the process; the lane takes no further job."""
        with self._lock:
            self._closed = True
        self.kill()
