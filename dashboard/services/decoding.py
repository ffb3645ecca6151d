"""The process in which videos are read, ready before somebody looks at one."""

from __future__ import annotations

import importlib

from iaca.compute.kept import call
from iaca.compute.lanes import Limits
from iaca.data.media.apart import READING_BYTES

NEEDED = "iaca.data.media.browser_copy"


def warm_up() -> None:
    """Start the process, and have it import what reading a video needs."""
    call(_import, limits=Limits(READING_BYTES))


def _import() -> None:
    importlib.import_module(NEEDED)
