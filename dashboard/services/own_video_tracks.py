"""Tracks of a video that a user brings: which there are, and the copy with those that are chosen."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from dashboard.services import jobs, own_video_features, own_videos
from dashboard.services.own_videos import Entry
from dashboard.state import visit
from dashboard.state.known_files import look as look_at_file
from iaca.data.media.apart import apart
from iaca.data.media.chosen_tracks import TRACK_FOLDER, Tracks, list_tracks, with_tracks
from iaca.files import FileState, file_state
from iaca.types import Progress


def tracks(entry: Entry) -> Tracks:
    """The tracks of a video as it was brought.

    Raises:
        MediaError: It cannot be read.
    """
    return _tracks(file_state(entry.original))


@lru_cache(maxsize=64)
def _tracks(video: FileState) -> Tracks:
    path = Path(video.path)
    return apart(path, list_tracks, path)


def chosen(entry: Entry) -> tuple[int, int]:
    """Numbers of the tracks with the pictures and the sound that are read and shown; 0 for no sound."""
    name = re.fullmatch(TRACK_FOLDER.format(r"(\d+)", r"(\d+)"), entry.video.parent.name)
    if name is not None and entry.video != entry.original:
        return int(name[1]), int(name[2])
    known = tracks(entry)
    pictures, sound = (next((one.number for one in kind if one.is_played), 0) for kind in known)
    return pictures, sound


def choose(entry: Entry, pictures: int, sound: int) -> jobs.Job:
    """Copy the chosen tracks in the background and let the copy stand for the video; no bit of them is changed."""

    def work(progress: Progress) -> None:
        def copied(done: int, total: int, title: str = "") -> None:
            progress(done, total, "Taking these tracks")

        with own_video_features.named(entry):
            video = apart(
                entry.original, with_tracks, entry.original, entry.folder, pictures, sound or None,
                progress=copied, making=True,
            )  # fmt: skip
            own_videos.set_video(entry, video)
            look_at_file(entry.folder)

    jobs.forget(entry.job_key)
    return jobs.begin(entry.job_key, work, own_video_features.turns("extract"), visit.current())
