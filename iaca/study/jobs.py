"""The study's jobs, side by side: each on one thread, with the plugins that its models need."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from tqdm import tqdm

from iaca.compute.processes import all_done, run_all
from iaca.models.fusions.registry import plugin_modules
from iaca.types import Progress

Common = TypeVar("Common")
Job = TypeVar("Job")
Result = TypeVar("Result")


def do_jobs(
    work: Callable[[Common, Job, Progress], Result],
    common: Common,
    jobs: Sequence[Job],
    *,
    name: Callable[[Job], str],
    what: str,
    device: str,
    processes: int | None,
    bar: tqdm[Any],
) -> Iterator[tuple[Job, Result]]:
    """Do every job, and yield each with its result as it ends.

    Args:
        work: As in `run_all`; on one thread, so that its result does not depend on how many run side by side.
        common: As in `run_all`.
        jobs: As in `run_all`.
        name: What a job is called.
        what: What the jobs are, in the plural.
        device: Where it computes; several processes do not share a GPU.
        processes: Side by side; None: one a core on a CPU, one on a GPU. One alone is this process.
        bar: Told of each job that ended.

    Yields:
        (job, result), in the order in which they end.

    Raises:
        JobsError: Some failed; all others are done.
    """
    at_once = min(len(jobs), processes or (os.cpu_count() or 1 if device == "cpu" else 1))
    at_once = 0 if at_once <= 1 else at_once
    ended = run_all(work, common, jobs, processes=at_once, modules=plugin_modules(), bar=bar)
    yield from all_done(ended, name, f"{len(jobs)} {what}")
