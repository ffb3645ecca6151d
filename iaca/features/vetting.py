"""A first look at a video that nobody vouches for, in a process of its own with limits of memory and time."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import NamedTuple

from iaca.data.faces.detectors import FaceDetector
from iaca.data.faces.tracks import STEP_FRAMES
from iaca.data.media.apart import apart
from iaca.data.media.video import MediaInfo, iterate_frames, probe

TRIED_FRAMES = 24
"""Frames that are decoded to time one of them."""


class Look(NamedTuple):
    """What a first look at a video finds.

    Attributes:
        info: Times and codecs of the video.
        frame_s: Time to decode a frame on this machine, seconds.
        search_s: Time to look for faces in a frame, seconds.
    """

    info: MediaInfo
    frame_s: float
    search_s: float


def vet(path: str | os.PathLike[str], detector: FaceDetector) -> Look:
    """Open a video, read its packets, decode its first pictures and search them for faces, in a process that may fail.

    A file that is made to take all memory, or never to end, ends that process alone.

    Args:
        path: The video.
        detector: The face detector; the process gets a copy of it.

    Returns:
        What was found.

    Raises:
        MediaError: It cannot be read, or reading it took too much memory or time.
    """
    return apart(path, _look, detector, Path(path))


def _look(detector: FaceDetector, path: Path) -> Look:
    """Time decoding and searching; holds one picture at a time, since they may be large."""
    info = probe(path)
    decoding_s = searching_s = 0.0
    tried = searched = 0
    since_s = time.perf_counter()
    for _, picture in iterate_frames(path):
        decoding_s += time.perf_counter() - since_s
        if tried % STEP_FRAMES == 0:
            began_s = time.perf_counter()
            detector.detect(picture)
            searching_s += time.perf_counter() - began_s
            searched += 1
        tried += 1
        if tried == TRIED_FRAMES:
            break
        since_s = time.perf_counter()
    return Look(info, decoding_s / max(1, tried), searching_s / max(1, searched))
