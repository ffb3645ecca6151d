"""Reading media that nobody vouches for: in a process of its own, with limits of memory and time."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from iaca.compute.kept import ProcessEnded, call
from iaca.compute.lanes import Limits
from iaca.data.media.container import MediaError
from iaca.types import Progress

Result = TypeVar("Result")

READING_BYTES = 8 * 2**30
"""Memory to read a file: ten times what an hour of 4K takes."""

MAKING_BYTES = 24 * 2**30
"""Memory to make features, copies or films of it: a large backbone takes some, pictures of 8K take some."""

READING_S, READ_BYTES_PER_S = 120.0, 2_000_000
"""How long reading may show no progress: for any file, and for each byte of a large one, all of which is read."""

MAKING_S, MADE_BYTES_PER_S = 600.0, 1_000_000
"""Likewise for what is made of it, where all of the sound is decoded first."""


def apart(
    file: str | os.PathLike[str],
    work: Callable[..., Result],
    *args: object,
    progress: Progress | None = None,
    making: bool = False,
    limited: bool = True,
    attempts: int = 1,
) -> Result:
    """Call a function that decodes media in a process that may fail, and is kept for the next call.

    A file that is made to take all memory, or never to end, ends that process alone.

    Args:
        file: What is decoded; errors name it.
        work: A function of an importable module, or a `functools.partial` of one.
        args: What it is called with.
        progress: Handed to `work` as `progress`, as in `iaca.compute.kept.call`; None: it reports nothing.
        making: Whether something is made of the file that takes more than reading it.
        limited: Whether memory is limited: not where a GPU is used, whose libraries take it as they like.
        attempts: How often it is tried: twice where nobody is there to ask again, since it may be the machine.

    Returns:
        What `work` returned.

    Raises:
        MediaError: Reading the file ended the process, or took too much memory, or too long without any progress.
        Exception: What `work` raised.
    """
    memory_bytes = (MAKING_BYTES if making else READING_BYTES) if limited else None
    patience_s, bytes_per_s = (MAKING_S, MADE_BYTES_PER_S) if making else (READING_S, READ_BYTES_PER_S)
    size = os.path.getsize(file) if os.path.isfile(file) else 0
    limits = Limits(memory_bytes, patience_s + size / bytes_per_s)
    for _ in range(attempts):
        try:
            return call(work, *args, limits=limits, progress=progress)
        except ProcessEnded as error:
            ended = error
    raise MediaError(f"{Path(file)} cannot be decoded: {ended}; expected a whole video, or more memory") from ended
