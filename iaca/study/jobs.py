"""The study's jobs, side by side: each on one thread, with the plugins that its models need."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from tqdm import tqdm

from iaca.compute.engine import Engine
from iaca.compute.processes import all_done, run_all
from iaca.compute.ray_jobs import cluster
from iaca.files import check_writable
from iaca.models.fusions.registry import plugin_modules
from iaca.types import Progress

Common = TypeVar("Common")
Job = TypeVar("Job")
Result = TypeVar("Result")


THREADS = 1
"""Threads of a job."""


@contextmanager
def held(engine: Engine) -> Iterator[None]:
    """Keep one cluster for all calls of `do_jobs` inside, where the engine has one.

    Raises:
        EngineError: Ray is not installed, or there is no such cluster.
    """
    if not engine.is_ray:
        yield
        return
    with cluster(engine, THREADS):
        yield


def do_jobs(
    work: Callable[[Common, Job, Progress], Result],
    common: Common,
    jobs: Sequence[Job],
    folder: Path,
    *,
    name: Callable[[Job], str],
    what: str,
    device: str,
    engine: Engine,
    bar: tqdm[Any],
) -> Iterator[tuple[Job, Result]]:
    """Do every job, and yield each with its result as it ends.

    Args:
        work: As in `run_all`; on one thread, so that its result does not depend on how many run side by side.
        common: As in `run_all`; its paths absolute, because a worker of a cluster has a working directory of its own.
        jobs: As in `run_all`.
        folder: What jobs read and write: every machine of a cluster must see it.
        name: What a job is called.
        what: What the jobs are, in the plural.
        device: Where it computes; several processes do not share a GPU.
        engine: What jobs run on; where it does not say how many side by side, one a core on a CPU, one on a GPU. One
            alone is this process.
        bar: Told of each job that ended.

    Yields:
        (job, result), in the order in which they end.

    Raises:
        JobsError: Some failed; all others are done.
        EngineError: Ray is not installed, or there is no such cluster.
        OutputError: `folder` cannot be written to.
    """
    if not jobs:
        return
    check_writable(folder, "the study")
    at_once = min(len(jobs), engine.workers or (os.cpu_count() or 1 if device == "cpu" else 1))
    at_once = 0 if at_once <= 1 else at_once
    ended = run_all(
        work,
        common,
        jobs,
        processes=at_once,
        engine=engine,
        threads=THREADS,
        needed=lambda _: [folder.absolute()],
        modules=plugin_modules(),
        bar=bar,
    )
    yield from all_done(ended, name, f"{len(jobs)} {what}")
