"""Which pictures and which sound of a file with several tracks are meant: a copy of the file has these alone.

Whatever reads the copy, features and player alike, takes the same tracks. Nothing is encoded again.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import av

from iaca.data.media.container import MediaError, opened, picture_tracks, played, sound_tracks
from iaca.files import written_beside
from iaca.types import Progress, no_progress

KEPT_ENDINGS = (".mp4", ".m4v", ".mov", ".webm", ".mkv")
"""Endings whose containers hold any of their tracks alone; other files become mkv, which holds nearly everything."""

TRACK_FOLDER = "tracks-{}-{}"
"""Folder of a copy: the numbers of its tracks with the pictures and the sound, 0 for none, follow."""

REPORTED_PACKETS = 500


class Track(NamedTuple):
    """One of several tracks of a kind.

    Attributes:
        number: From 1, in the order of the file.
        facts: What is known of it, in a few words.
        is_played: Whether it is taken where nobody chooses.
    """

    number: int
    facts: str
    is_played: bool


class Tracks(NamedTuple):
    """The tracks of a file.

    Attributes:
        pictures: Those with a film; a cover picture is none.
        sounds: Those with sound.
    """

    pictures: tuple[Track, ...]
    sounds: tuple[Track, ...]

    @property
    def are_several(self) -> bool:
        """Whether there is anything to choose."""
        return len(self.pictures) > 1 or len(self.sounds) > 1


def list_tracks(path: str | os.PathLike[str]) -> Tracks:
    """The tracks of a file from which one can choose.

    Raises:
        MediaError: The file is missing or damaged.
    """
    with opened(Path(path)) as container:
        films, sounds = picture_tracks(container), sound_tracks(container)
        film, sound = played(films), played(sounds)
        return Tracks(
            tuple(Track(k, _picture_facts(one), one is film) for k, one in enumerate(films, 1)),
            tuple(Track(k, _sound_facts(one), one is sound) for k, one in enumerate(sounds, 1)),
        )


def with_tracks(
    path: str | os.PathLike[str],
    folder: str | os.PathLike[str],
    pictures: int | None = None,
    sound: int | None = None,
    progress: Progress = no_progress,
) -> Path:
    """A video with the chosen tracks alone.

    Args:
        path: The video.
        folder: A copy goes into its folder `tracks-PICTURES-SOUND`, under the name of the video.
        pictures: Number of the track with the pictures, from 1; None: the one that is played.
        sound: Likewise of the sound.
        progress: Told how many bytes are copied.

    Returns:
        The copy; the video itself where the chosen tracks are those that are played anyway.

    Raises:
        MediaError: There is no such track, or the file is missing or damaged, or cannot be copied.
        OSError: The copy cannot be written.
    """
    path = Path(path)
    tracks = list_tracks(path)
    chosen = (_chosen(path, "video", tracks.pictures, pictures), _chosen(path, "sound", tracks.sounds, sound))
    if all(one is None or one.is_played for one in chosen):
        return path
    film, voice = (None if one is None else one.number for one in chosen)
    ending = path.suffix if path.suffix.lower() in KEPT_ENDINGS else ".mkv"
    copy = Path(folder) / TRACK_FOLDER.format(film, voice or 0) / f"{path.stem}{ending}"
    if copy.is_file() and copy.stat().st_mtime_ns >= path.stat().st_mtime_ns:
        return copy
    try:
        _copy(path, copy, film, voice, progress)
    except (av.FFmpegError, ValueError) as error:
        raise MediaError(
            f"tracks {film} and {voice} of {path} cannot be copied to {copy} ({error}); expected tracks that "
            f"{ending} can hold"
        ) from error
    return copy


def _copy(path: Path, copy: Path, film: int | None, voice: int | None, progress: Progress) -> None:
    with opened(path) as container, written_beside(copy) as beside, av.open(f"file:{beside}", "w") as out:
        taken = [*([picture_tracks(container)[film - 1]] if film else [])]
        sounds = [*([sound_tracks(container)[voice - 1]] if voice else [])]
        targets = {one.index: out.add_stream_from_template(one) for one in (*taken, *sounds)}
        size = path.stat().st_size
        for count, packet in enumerate(container.demux([*taken, *sounds])):
            if count % REPORTED_PACKETS == 0:
                progress(min(size, packet.pos or 0), size)
            if packet.dts is None:
                continue
            packet.stream = targets[packet.stream.index]
            out.mux(packet)


def _chosen(path: Path, kind: str, tracks: tuple[Track, ...], number: int | None) -> Track | None:
    if number is None:
        return next((one for one in tracks if one.is_played), None)
    if not 1 <= number <= len(tracks):
        there = ", ".join(f"{one.number} ({one.facts})" for one in tracks) or "none"
        raise MediaError(f"{path} has no {kind} track {number}; expected one of {there}")
    return tracks[number - 1]


def _picture_facts(stream: av.VideoStream) -> str:
    codec = stream.codec_context
    if codec is None:
        return "of an unknown codec"
    return ", ".join((codec.codec.canonical_name, f"{codec.width} × {codec.height} pixels", *_title(stream)))


def _sound_facts(stream: av.AudioStream) -> str:
    codec = stream.codec_context
    facts = (codec.codec.canonical_name, codec.layout.name, f"{codec.sample_rate / 1000:g} kHz")
    return ", ".join((*facts, *_title(stream)))


def _title(stream: av.stream.Stream) -> list[str]:
    """What the file calls a track, and its language."""
    found = (stream.metadata.get("title", ""), stream.language or "")
    return [name for name in found if name and name != "und"]
