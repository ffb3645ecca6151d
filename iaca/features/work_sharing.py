"""How the recordings of a corpus are shared among processes, machines and job arrays."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from iaca.data.media.apart import apart
from iaca.data.media.container import MediaError, announced_s
from iaca.types import Recording


def cut_by_length(recordings: Sequence[Recording], parts: int) -> list[list[Recording]]:
    """Cut recordings into parts that take about as long as each other: the longest first, each to the shortest part.

    Args:
        recordings: In an order that every run sees.
        parts: At least 1.

    Returns:
        The parts, each in the order of `recordings`.
    """
    if parts == 1:
        return [list(recordings)]
    lengths_s = [length_s(one) for one in recordings]
    taken_s = [0.0] * parts
    places: list[list[int]] = [[] for _ in range(parts)]
    for place in sorted(range(len(recordings)), key=lambda k: -lengths_s[k]):
        part = min(range(parts), key=lambda k: (taken_s[k], len(places[k])))
        taken_s[part] += lengths_s[place]
        places[part].append(place)
    return [[recordings[k] for k in sorted(part)] for part in places]


def length_s(recording: Recording) -> float:
    """How long a recording takes, as far as its video says; 0 where it cannot be read, which takes no time."""
    if recording.video_file is None:
        return 0.0
    try:
        return apart(recording.video_file, announced_s, recording.video_file, attempts=2)
    except MediaError:
        return 0.0


def absolute(recording: Recording) -> Recording:
    """A recording whose files are found from any working directory."""
    video, labels, faces = (
        None if path is None else path.absolute()
        for path in (recording.video_file, recording.label_file, recording.faces_file)
    )
    crops = tuple(folder.absolute() for folder in recording.crop_folders)
    return recording._replace(video_file=video, label_file=labels, faces_file=faces, crop_folders=crops)


def files_of(recording: Recording, out_dir: Path) -> list[Path]:
    """What the extraction of a subject reads and writes."""
    files = (recording.video_file, recording.label_file, recording.faces_file, *recording.crop_folders, out_dir)
    return [one for one in files if one is not None]
