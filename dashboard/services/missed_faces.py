"""Pictures of a user's video in which no face was found, small, kept beside its features."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dashboard.services.own_videos import Entry
from iaca.files import write_whole

if TYPE_CHECKING:
    import numpy as np

    from iaca.types import Features

PICTURES = 4
HEIGHT = 120
"""Pixels."""


class Missed(NamedTuple):
    """A frame in which no face was found.

    Attributes:
        frame: Its number, from 0.
        second: When it is shown.
        jpeg: A small copy of its picture, or None where none was kept.
    """

    frame: int
    second: float
    jpeg: bytes | None


def warning(features: Features) -> tuple[str, str]:
    """What is to be said of a video in few of whose frames a face was found, and what to do; both "" for all others."""
    from iaca.features import face_yield

    return (face_yield.sentence(features), face_yield.REMEDIES) if face_yield.is_poor(features) else ("", "")


def keep(entry: Entry, features: Features) -> None:
    """Keep pictures of the longest spans without a face, where they are many.

    Raises:
        MediaError: The video cannot be read.
        OSError: They cannot be written.
    """
    import numpy as np

    from iaca.data.media.video import iterate_frames
    from iaca.features import face_yield

    for file in entry.folder.glob("missed-*.jpg"):
        file.unlink()
    if not face_yield.is_poor(features):
        return
    wanted = np.zeros(len(features.pts_s), bool)
    wanted[face_yield.missed_frames(features, PICTURES)] = True
    last = int(np.flatnonzero(wanted)[-1])
    for frame, picture in iterate_frames(entry.video, wanted):
        write_whole(_file(entry, frame), _jpeg(picture))
        if frame >= last:
            break


def missed(entry: Entry, features: Features) -> list[Missed]:
    """Frames without a face, in the middle of the longest spans without one."""
    from iaca.features import face_yield

    found = []
    for frame in map(int, face_yield.missed_frames(features, PICTURES)):
        file = _file(entry, frame)
        jpeg = file.read_bytes() if file.is_file() else None
        found.append(Missed(frame, float(features.pts_s[frame]), jpeg))
    return found


def _file(entry: Entry, frame: int) -> Path:
    return entry.folder / f"missed-{frame}.jpg"


def _jpeg(picture: np.ndarray) -> bytes:
    import cv2

    height, width = picture.shape[:2]
    small = cv2.resize(picture, (max(1, round(width * HEIGHT / height)), HEIGHT), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR))[1].tobytes()
