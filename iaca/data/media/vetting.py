"""A first look at a video that nobody vouches for, in a process of its own with limits of memory and time."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
from pathlib import Path

import iaca
from iaca.data.media.container import MediaError
from iaca.data.media.video import iterate_frames, probe

MEMORY_BYTES = 8 * 2**30
"""Address space of the process: ten times what an hour of 4K takes."""

PATIENCE_S = 120.0
BYTES_PER_S = 2_000_000
"""Time for any file, and for each byte of a large one, whose packets are all read."""

TRIED_FRAMES = 50


def vet(path: str | os.PathLike[str]) -> None:
    """Open a video, read its packets, and decode its first pictures, in a process that may fail.

    A file that is made to take all memory, or never to end, ends that process alone.

    Args:
        path: The video.

    Raises:
        MediaError: It cannot be read, or reading it took too much memory or time.
    """
    path = Path(path)
    limit_s = PATIENCE_S + (path.stat().st_size / BYTES_PER_S if os.path.isfile(path) else 0.0)
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(Path(iaca.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]),
        "PYTHONIOENCODING": "utf-8:surrogateescape",
        "MALLOC_ARENA_MAX": "2",  # each thread of a decoder would reserve 64 MB of the address space
    }
    command = [sys.executable, "-m", __name__, str(path), str(MEMORY_BYTES)]
    try:
        done = subprocess.run(command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, timeout=limit_s)
    except subprocess.TimeoutExpired:
        raise MediaError(f"{path} took more than {limit_s:.0f} s to be looked at; expected a whole video") from None
    told = done.stdout.decode("utf-8", "surrogateescape").strip()
    if told:
        raise MediaError(told)
    if done.returncode:
        raise MediaError(f"{path} ended the process that looked at it, or took all its memory; expected a whole video")


def _look(path: Path, memory_bytes: int) -> None:
    """Print why a video cannot be read, if so."""
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    except (ImportError, ValueError):
        pass  # Windows has no such limit, and a lower one may hold already
    try:
        probe(path)
        for _ in itertools.islice(iterate_frames(path), TRIED_FRAMES):
            pass
    except MediaError as error:
        if isinstance(error.__cause__, MemoryError):  # ffmpeg says politely what Python ends of
            raise
        print(error)


if __name__ == "__main__":
    _look(Path(sys.argv[1]), int(sys.argv[2]))
