"""The sound of a video, mono at 44.1 kHz, on the clock of its pictures."""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from av.container import InputContainer

from iaca.data.media.container import MediaError, audio_stream, decoded, opened, picture_times, seconds

SAMPLE_RATE_HZ = 44_100

LOWEST_RATE_HZ = 1_000
LONGEST_S = 12 * 3600.0
"""Bounds of a sound track: beyond them a small file would fill the disk."""

GAP_S = 0.1
"""Sound whose timestamp is off by more than this from the samples before it is placed by its timestamp."""


class AudioTrack(NamedTuple):
    """The sound of a video, mono at 44.1 kHz, on the clock of its frames.

    Attributes:
        samples: (S,) float32; sample 0 sounds when the first frame is shown. On disk: slice it, do not copy it whole.
        start_s: First moment with sound, at least 0.
        end_s: Last moment with sound; samples end there.
    """

    samples: np.ndarray
    start_s: float
    end_s: float

    def release(self) -> None:
        """Release the memory of samples that were read; they stay on disk."""
        pages = self.samples.base
        if isinstance(pages, mmap.mmap) and hasattr(pages, "madvise"):
            pages.madvise(mmap.MADV_DONTNEED)


def read_audio(path: str | os.PathLike[str]) -> AudioTrack | None:
    """Decode the first sound track of a video once.

    Sound before the first frame is cut, a late start is filled with zeros. Memory does not grow with the length: the
    samples lie in an unnamed temporary file.

    Choice: what the encoder put before the sound is skipped where the file says how much (mp4, mkv). AVI cannot say it:
    the 25 ms of LAME stay, as in every player. Programs that write mp3 into AVI delay the pictures to match, by whole
    frames, so cutting them here would increase the offset (to 33 ms from 8 at 30 frames/s).

    Returns:
        The track, or None where there is no sound from the first frame on.

    Raises:
        MediaError: The file is missing or damaged, or its sound goes on for more than `LONGEST_S`.
    """
    path = Path(path)
    first_frame_s = float(picture_times(path).pts_s[0])
    with opened(path) as container, tempfile.TemporaryFile() as file:
        stream = audio_stream(container)
        if stream is None:
            return None
        start, end = None, 0
        for position, chunk in _placed_sound(path, container, stream, first_frame_s):
            chunk = chunk[max(0, -position) :]
            position = max(0, position)
            if len(chunk):
                file.seek(position * 4)  # gaps read as zeros
                file.write(chunk.astype(np.float32).tobytes())
                start = position if start is None else min(start, position)
                end = max(end, position + len(chunk))
        if start is None:
            return None
        file.flush()
        samples = np.memmap(file, np.float32, "r", shape=(end,))
    return AudioTrack(samples, start / SAMPLE_RATE_HZ, end / SAMPLE_RATE_HZ)


def first_sound_s(path: Path) -> float | None:
    with opened(path) as container:
        stream = audio_stream(container)
        if stream is None:
            return None
        starts = ((f.pts, f.time_base) for f in decoded(container, stream))
        return next((seconds(pts, time_base) for pts, time_base in starts if pts is not None), None)


def _placed_sound(
    path: Path, container: InputContainer, stream: av.AudioStream, first_frame_s: float
) -> Iterator[tuple[int, np.ndarray]]:
    """Mono samples at 44.1 kHz and the position of the first of them, from the first video frame."""
    stream.codec_context.thread_type = "AUTO"
    resampler: av.AudioResampler | None = None
    form, position, expected_s = None, 0, 0.0

    def converted(frame: av.AudioFrame | None) -> Iterator[tuple[int, np.ndarray]]:
        nonlocal position
        for out in resampler.resample(frame) if resampler else ():
            samples = out.to_ndarray()[0]
            yield position, samples
            position += len(samples)

    for frame in decoded(container, stream):
        time_s = expected_s if frame.pts is None else seconds(frame.pts, frame.time_base)
        if time_s - first_frame_s > LONGEST_S or frame.sample_rate < LOWEST_RATE_HZ:
            raise MediaError(
                f"{path} has sound of {frame.sample_rate} Hz at {time_s:.0f} s; expected at least {LOWEST_RATE_HZ} Hz, "
                f"and an end after {LONGEST_S / 3600:.0f} hours at the latest"
            )
        has_jumped = resampler is None or abs(time_s - expected_s) > GAP_S
        found = (frame.format.name, frame.layout.name, frame.sample_rate)
        if has_jumped or found != form:  # mono can turn into stereo on the way, and a resampler takes one form only
            yield from converted(None)
            # Without rematrix_maxval, stereo to float mono is 3 dB louder than to 16-bit mono.
            resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE_HZ, options={"rematrix_maxval": "1.0"})
            form = found
        if has_jumped:
            position = round((time_s - first_frame_s) * SAMPLE_RATE_HZ)
            expected_s = time_s
        expected_s += frame.samples / frame.sample_rate
        yield from converted(frame)
    yield from converted(None)
