"""Pictures of a user's video in which no face was found, small, kept beside its features."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dashboard.services.own_videos import Entry

if TYPE_CHECKING:
    from iaca.types import Features

HEIGHT = 120
"""Pixels, at which they are shown."""


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


def missed(entry: Entry, features: Features) -> list[Missed]:
    """Frames without a face, in the middle of the longest spans without one."""
    from iaca.features import face_yield, missed_pictures

    found = []
    for frame in map(int, face_yield.missed_frames(features, missed_pictures.PICTURES)):
        file = missed_pictures.picture_file(entry.folder, frame)
        jpeg = file.read_bytes() if file.is_file() else None
        found.append(Missed(frame, float(features.pts_s[frame]), jpeg))
    return found
