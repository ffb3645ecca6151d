"""Copies of videos that a browser cannot play, made once and kept in the cache."""

from __future__ import annotations

import itertools
import os
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from iaca.data.media.container import EDITION, MediaError
from iaca.data.media.sound import SAMPLE_RATE_HZ, read_audio
from iaca.data.media.video import iterate_frames, probe
from iaca.data.media.writing import TICKS_PER_S, Sound, open_mp4
from iaca.files import file_state
from iaca.types import Progress, no_progress

GOP_FRAMES = 12
"""Frames between key frames: a seek takes 22 ms instead of 100."""


def browser_copy(
    path: str | os.PathLike[str],
    cache_dir: str | os.PathLike[str],
    progress: Progress = no_progress,
    sound: str | os.PathLike[str] | None = None,
) -> Path:
    """A copy of a video that every browser plays, with the same frames at the same times.

    H.264 and AAC in mp4, the table of contents first, a key frame every 12 frames. Frame k of the copy is frame k of
    the original, `pts_s` of both are equal to the resolution of the copy (1/90000 s), and the sound starts with the
    first frame.

    Args:
        path: The original.
        cache_dir: Where copies are kept, named after path, size and modification time of the original.
        progress: Told how many frames are copied, after each.
        sound: File with the sound where it is not in the video.

    Returns:
        The copy; the original itself where a browser plays it with its sound.

    Raises:
        MediaError: The original cannot be read, or the copy cannot be written.
    """
    path = Path(path)
    info = probe(path)
    if info.browser_playable and sound is None:
        return path
    digest = file_state(path.resolve()).digest[:16]
    if sound is not None:
        digest += f".{file_state(Path(sound).resolve()).digest[:16]}"
    copy = Path(cache_dir) / f"{path.stem}.{digest}.{EDITION}.mp4"
    if copy.is_file():
        with suppress(MediaError):  # it is damaged, and made again
            probe(copy)
            return copy
    try:
        _encode(path, path if sound is None else Path(sound), copy, info.pts_s, progress)
    except (OSError, av.FFmpegError) as error:
        raise MediaError(f"{path} cannot be copied for the browser to {copy}: {error}") from error
    return copy


def _encode(source: Path, sound: Path, target: Path, pts_s: np.ndarray, progress: Progress) -> None:
    pictures = iterate_frames(source)
    first = next(pictures, None)
    if first is None:
        raise MediaError(f"{source} has no picture that can be decoded; expected a video")
    height, width = first[1].shape[:2]
    track = read_audio(sound)
    # Pictures that share a time would be refused.
    numbers = np.arange(len(pts_s))
    shown_s = (np.maximum.accumulate(np.round(pts_s * TICKS_PER_S) - numbers) + numbers) / TICKS_PER_S
    interval_s = (float(np.median(np.diff(pts_s))) if len(pts_s) > 1 else 0.0) or 0.04
    with open_mp4(
        target,
        # yuv420p needs even sides: one more row or column is not noticed.
        width=width + width % 2,
        height=height + height % 2,
        rate=Fraction(max(1, round(1000 / interval_s)), 1000),
        options={"preset": "veryfast", "crf": "20", "bf": "0"},
        sound=None if track is None else Sound(track.samples, SAMPLE_RATE_HZ),
        gop_frames=GOP_FRAMES,
    ) as writer:
        for k, picture in itertools.chain([first], pictures):
            writer.add(np.pad(picture, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge"), float(shown_s[k]))
            progress(k + 1, len(pts_s))
