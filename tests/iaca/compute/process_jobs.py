"""Jobs for the tests of processes: they run elsewhere, so they live in a module that can be imported."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path

from iaca.compute.processes import run_all
from iaca.errors import InputError


def half_done(path, progress):
    """Write a file, report once and again, and tidy up if that is not wanted."""
    path.touch()
    try:
        for _ in range(10_000):
            progress(1, 2, "half")
            time.sleep(0.01)
    except BaseException:
        path.unlink()
        raise


def record(folder, job, progress):
    """Write down that a job runs, and where; do to the process what the job says, unless it was done before."""
    log = Path(folder) / f"{job}.log"
    with log.open("a") as file:
        file.write(f"{os.getpid()}\n")
    attempt = len(log.read_text().splitlines())
    what, _, times = job.partition("-")
    if what == "refuse":
        raise InputError(f"{job} is bad")
    if what == "stumble":
        raise ZeroDivisionError("unforeseen")
    if what == "greedy":
        return len(bytearray(2**31))
    if what == "polite":
        raise InputError("it cannot be decoded") from MemoryError()
    if what == "hang":
        time.sleep(600)
    if what == "unsendable":
        return lambda: None
    if what == "die" and attempt <= int(times):
        os.kill(os.getpid(), signal.SIGKILL)
    if what == "exit" and attempt <= int(times):
        os._exit(int(times))
    if what == "slow":
        progress(1, 2, "half")
        time.sleep(float(times))
    return attempt, os.getpid()


class Unreadable:
    """Can be sent, and not be received."""

    def __reduce__(self):
        return int, ("no number",)


def unreadable(common, job, progress):
    """A result that breaks whoever receives it."""
    return Unreadable() if job else "fine"


def size_of(common, job, progress):
    """The length of what all jobs share."""
    return len(common)


def seen(folder, job, progress):
    """What a process sees of a GPU, once as many processes have begun as there are jobs."""
    (Path(folder) / str(os.getpid())).touch()
    while len(list(Path(folder).iterdir())) < job:
        time.sleep(0.01)
    return os.environ.get("CUDA_VISIBLE_DEVICES")


if __name__ == "__main__":  # a parent, for tests that kill it
    from tests.iaca.compute import process_jobs

    for ended, _ in run_all(process_jobs.record, sys.argv[1], sys.argv[2:], processes=2):
        print(ended, flush=True)
