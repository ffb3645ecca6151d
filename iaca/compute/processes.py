"""Independent jobs in processes of their own: a job that ends its process takes nothing else with it.

A process that dies, is killed or hangs costs one job one attempt; the others go on. Processes end with the one that
started them, however it ends, and on Ctrl-C.
"""

from __future__ import annotations

import os
import pickle
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any, Protocol, TypeVar

from iaca.compute.engine import HERE, Engine
from iaca.compute.lanes import Failure, Lanes, Limits, reason_of
from iaca.compute.ray_jobs import ended_on_ray
from iaca.errors import BAD_INPUT, InputError
from iaca.types import Progress

Common = TypeVar("Common")
Job = TypeVar("Job")
Result = TypeVar("Result")

ATTEMPTS = 2
"""How often a job is tried that ends its process: once more than none, because a machine may be short of memory."""

NO_LIMITS = Limits()


class JobsError(InputError):
    """Jobs that failed while all others were done: the message names each, and why."""


class Bar(Protocol):
    """What shows the progress of all jobs together, such as tqdm."""

    def update(self, n: float) -> Any:
        """Add what a finished job is worth."""


def run_all(
    work: Callable[[Common, Job, Progress], Result],
    common: Common,
    jobs: Sequence[Job],
    *,
    processes: int,
    engine: Engine = HERE,
    threads: int | None = None,
    needed: Callable[[Job], Iterable[str | os.PathLike[str]]] | None = None,
    length: Callable[[Job], float] | None = None,
    attempts: int = ATTEMPTS,
    limits: Limits = NO_LIMITS,
    modules: Sequence[str] = (),
    variables: Sequence[Mapping[str, str]] = (),
    bar: Bar | None = None,
    on_progress: Callable[[Job, int, int, str], None] | None = None,
) -> Iterator[tuple[Job, Result | Failure]]:
    """Do every job, and yield each with its result, or with why there is none, as it ends.

    Closing the iterator, an interrupt and an error of `on_progress` end all processes at once.

    Args:
        work: A function of an importable module, called with `common`, a job and a function to report progress to.
        common: What all jobs share; it is sent to each process once.
        jobs: Paths and specifications: they are sent to a process, and again to another where it ends.
        processes: Side by side; 0: one job after the other in this process, where nothing limits them. Ray goes by
            `engine` alone, knows no `limits`, and tells no progress within a job.
        engine: What jobs run on.
        threads: Threads that a job computes on in a cluster; None: those that Ray gives to one core.
        needed: A job -> files and folders that it needs: in a cluster, one that a machine does not see is named.
        length: How long a job takes, in any unit: longer ones begin first, and count for more in `bar`.
        attempts: How often a job is tried that ends its process.
        limits: What each process may take.
        modules: Modules that each process imports first, such as those that register fusions; `__main__` is the script
            that runs. Those that cannot be imported are left out.
        variables: Variables of the environment, one set for each process in turn, such as the GPU that it sees.
        bar: Told of each job that ended.
        on_progress: Called with a job and what it reports, in the thread that iterates; again while nothing comes.

    Yields:
        (job, result), in the order in which they end.

    Raises:
        EngineError: Ray is not installed, or there is no such cluster.
    """
    waiting = sorted(jobs, key=length, reverse=True) if length else list(jobs)
    if engine.is_ray:
        task = pickle.dumps((work, common), pickle.HIGHEST_PROTOCOL)
        ended = ended_on_ray(task, waiting, engine, attempts=attempts, modules=modules, threads=threads, needed=needed)
    elif processes == 0:
        ended = _here(work, common, waiting, on_progress)
    else:
        task = pickle.dumps((work, common), pickle.HIGHEST_PROTOCOL)
        ended = Lanes(task, waiting, processes, attempts, limits, modules, on_progress, variables).ended()
    try:
        for job, outcome in ended:
            if bar is not None:
                bar.update(length(job) if length else 1)
            yield job, outcome
    finally:
        ended.close()


def all_done(
    ended: Iterable[tuple[Job, Result | Failure]], name: Callable[[Job], str], what: str
) -> Iterator[tuple[Job, Result]]:
    """Pass on the jobs that ended well, and in the end refuse to go on without the others.

    Args:
        ended: What `run_all` yields.
        name: What a job is called.
        what: What all jobs are, in the plural.

    Yields:
        (job, result) of those that ended well.

    Raises:
        JobsError: Some failed; all others are done.
    """
    failed = []
    for job, outcome in ended:
        if isinstance(outcome, Failure):
            failed.append(f"{name(job)}: {outcome.reason}")
        else:
            yield job, outcome
    if failed:
        raise JobsError(
            f"{len(failed)} of the {what} failed, all others are done; run the same command again to repeat what "
            f"failed. {'; '.join(sorted(failed))}"
        )


def _here(
    work: Callable[[Common, Job, Progress], Result],
    common: Common,
    jobs: Sequence[Job],
    on_progress: Callable[[Job, int, int, str], None] | None,
) -> Generator[tuple[Job, Result | Failure]]:
    for job in jobs:

        def told(done: int, total: int, title: str = "", job: Job = job) -> None:
            if on_progress is not None:
                on_progress(job, done, total, title)

        try:
            outcome: Result | Failure = work(common, job, told)
        except BAD_INPUT as error:
            outcome = Failure(reason_of(error), error)
        yield job, outcome
