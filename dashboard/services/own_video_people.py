"""Who is seen in a video that a user brings: looked for, listed, and chosen from."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from dashboard.services import jobs, own_video_features
from dashboard.services.own_videos import Entry
from dashboard.state import visit
from iaca.data.faces.people import LIST, People, Person, picture_file, read_people
from iaca.data.media.apart import apart
from iaca.files import FileState, file_state
from iaca.types import Progress

HEIGHT = 112
"""Pixels, at which faces are shown."""


class Seen(NamedTuple):
    """Somebody who is seen in a video.

    Attributes:
        person: Number, times, share and score.
        jpeg: The face where it was seen best.
    """

    person: Person
    jpeg: bytes


def folder_of(entry: Entry) -> Path:
    """Where the people of a video are kept."""
    from iaca.features.own_video import PEOPLE

    return entry.folder / PEOPLE


def people(entry: Entry, frames: int | None = None) -> list[Seen] | None:
    """The people of a video, the most visible first; None before anybody has looked for them.

    Args:
        entry: The video.
        frames: Frames from the start that must have been searched; None: as many as were.
    """
    from iaca.data.faces.detectors import choose_detector

    folder = folder_of(entry)
    if not entry.video.is_file():
        return None
    known = _known(file_state(folder / LIST), file_state(entry.video), choose_detector().name, frames)
    if known is None:
        return None
    files = [(one, picture_file(folder, one.number)) for one in known.people]
    return [Seen(one, file.read_bytes()) for one, file in files if file.is_file()]


def turn(entry: Entry) -> str:
    """A sentence about the turn by which a face is found where there is none; "" where none helps, or nobody looked."""
    from iaca.data.faces.detectors import choose_detector

    known = _known(file_state(folder_of(entry) / LIST), file_state(entry.video), choose_detector().name, None)
    return known.turn.sentence if known is not None and known.turn is not None else ""


@lru_cache(maxsize=64)
def _known(listed: FileState, video: FileState, detector: str, frames: int | None) -> People | None:
    return read_people(Path(listed.path).parent, Path(video.path), detector, frames)


def chosen(entry: Entry) -> tuple[int, ...]:
    """Whose features were extracted, as numbers of the people; (1,) where nobody has chosen."""
    from iaca.features.own_video import read_choice

    return read_choice(entry.folder)


def look_for(entry: Entry, frames: int) -> jobs.Job:
    """Look for everybody in a video, in the background; extraction need not look again."""

    def work(progress: Progress) -> None:
        from iaca.data.faces.detectors import choose_detector
        from iaca.features.own_video import search

        def searched(done: int, total: int, title: str = "") -> None:
            progress(done, total, "Looking for faces")

        with own_video_features.named(entry):
            apart(
                entry.video, search, choose_detector(), entry.video, folder_of(entry), frames,
                progress=searched, making=True,
            )  # fmt: skip

    jobs.forget(entry.job_key)
    return jobs.begin(entry.job_key, work, own_video_features.turns("extract"), visit.current())
