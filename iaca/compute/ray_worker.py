"""A job in a worker of a Ray cluster: the worker becomes like the process that started the run, then does the job."""

from __future__ import annotations

import importlib
import os
import pickle
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import lru_cache
from typing import Any, NamedTuple

import torch

import iaca
from iaca.compute.worker import Raised, Returned, portable
from iaca.errors import InputError
from iaca.logs import LogSettings, configure
from iaca.types import no_progress


class Begin(NamedTuple):
    """What every worker of a run is told, once.

    Attributes:
        version: Of iaca, where the run was started.
        path: Folders in which modules are searched after the worker's own.
        modules: Modules to import first, such as those that register fusions.
        task: The pickled function, and what all of its jobs share.
        log: How whoever started the run logs.
        threads: Threads that torch computes on; None: as many as it likes.
    """

    version: str
    path: tuple[str, ...]
    modules: tuple[str, ...]
    task: bytes
    log: LogSettings
    threads: int | None


class NotSeenError(InputError):
    """A path that this machine does not have: the message names both."""


def do_job(begin: Begin, job: bytes, needed: tuple[str, ...]) -> Returned | Raised:
    """Do a job.

    Args:
        begin: What every worker is told.
        job: The job, pickled.
        needed: Files and folders of the machine that started the run, without which the job cannot be done.

    Returns:
        What the job returned or raised, as it can be sent.
    """
    try:
        missing = next((path for path in needed if not os.path.exists(path)), None)
        if missing is not None:
            raise NotSeenError(
                f"{missing} is not there on the machine {socket.gethostname()}; expected a path that every machine of "
                "the cluster sees, such as one on a shared disk"
            )
        work, common = _task(begin)
        result = work(common, pickle.loads(job), no_progress)
        pickle.dumps(result)  # here, so that what cannot be sent is the job's own failure
        return Returned(result)
    except Exception as error:
        return Raised(portable(error))


@lru_cache(1)
def _task(begin: Begin) -> tuple[Callable[..., Any], Any]:
    if begin.version != iaca.__version__:
        raise InputError(
            f"the machine {socket.gethostname()} has iaca {iaca.__version__}; expected {begin.version}, as where the "
            "run was started"
        )
    sys.path += [folder for folder in begin.path if folder not in sys.path]
    configure(begin.log.level, as_json=begin.log.as_json)
    if begin.threads is not None:
        torch.set_num_threads(begin.threads)
    for module in begin.modules:
        with suppress(ImportError):  # whatever needs it says so by its name
            importlib.import_module(module)
    return pickle.loads(begin.task)
