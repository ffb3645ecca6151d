"""Garbage of the server, looked for once a while instead of everywhere after every run.

Streamlit looks through every object after each run of a page, with everything else waiting. With many visits and what
is kept for them this is most of the work: with 20 visits, 130 ms of processor time a run, against 30. So whatever is
there is set aside, and looked through from time to time by a thread.
"""

from __future__ import annotations

import gc
import threading

PERIOD_S = 10.0
"""How long garbage in rings that reaches what was set aside may stay."""

_lock = threading.Lock()
_threads: list[threading.Thread] = []


def set_aside() -> None:
    """Free the garbage that is there, and leave all else out of the collections to come."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


def keep_aside(period_s: float = PERIOD_S) -> None:
    """Do so now and again, as long as the process lives; calling it twice changes nothing."""
    gc.freeze()  # at once: what is imported by now stays for good
    with _lock:
        if not _threads:
            _threads.append(threading.Thread(target=_repeat, args=(period_s,), daemon=True, name="garbage"))
            _threads[0].start()


def _repeat(period_s: float) -> None:
    rest = threading.Event()
    while not rest.wait(period_s):
        set_aside()
