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

from iaca.data.media.container import (
    SOUND_CONTAINERS,
    CoverError,
    MediaError,
    audio_stream,
    decoded,
    opened,
    picture_times,
    picture_tracks,
    seconds,
)

SAMPLE_RATE_HZ = 44_100

LOWEST_RATE_HZ = 1_000
LONGEST_S = 12 * 3600.0
"""Bounds of a sound track: beyond them a small file would fill the disk."""

OUT_OF_PHASE = 0.2
"""Stereo whose mean is below this share of its louder channel cancels itself; one silent channel leaves 0.5."""

GAP_S = 0.1
"""Sound whose timestamp is off by more than this from the samples before it is placed by its timestamp."""


class AudioTrack(NamedTuple):
    """The sound of a video, mono at 44.1 kHz, on the clock of its frames.

    Attributes:
        samples: (S,) float32; sample 0 sounds when the first frame is shown. On disk: slice it, do not copy it whole.
        start_s: First moment with sound, at least 0.
        end_s: Last moment with sound; samples end there.
        remark: What is unusual about it, in a sentence, or "".
    """

    samples: np.ndarray
    start_s: float
    end_s: float
    remark: str = ""

    def release(self) -> None:
        """Release the memory of samples that were read; they stay on disk."""
        pages = self.samples.base
        if isinstance(pages, mmap.mmap) and hasattr(pages, "madvise"):
            pages.madvise(mmap.MADV_DONTNEED)


def read_audio(path: str | os.PathLike[str]) -> AudioTrack | None:
    """Decode the first sound track of a video once.

    Sound before the first frame is cut, a late start is filled with zeros. In a file that is sound alone, the recording
    of a video beside it, sample 0 is the first moment of the file. Memory does not grow with the length: the
    samples lie in an unnamed temporary file.

    Choice: the mean of the channels; where those of stereo are out of phase and cancel each other, the louder alone.

    Choice: what the encoder put before the sound is skipped where the file says how much (mp4, mkv). AVI cannot say it:
    the 25 ms of LAME stay, as in every player. Programs that write mp3 into AVI delay the pictures to match, by whole
    frames, so cutting them here would increase the offset (to 33 ms from 8 at 30 frames/s).

    Returns:
        The track, or None where there is no sound from the first frame on.

    Raises:
        MediaError: The file is missing or damaged, or its sound goes on for more than `LONGEST_S`.
    """
    path = Path(path)
    first_frame_s = _first_frame_s(path)
    loudness = _Loudness()
    track = _decode(path, first_frame_s, loudness)
    if track is None or not loudness.is_out_of_phase:
        return track
    one = _decode(path, first_frame_s, loudness, channel=loudness.louder)
    return one and one._replace(
        remark=f"{path.name} has stereo sound out of phase, whose mean is nearly silent: the "
        f"{('left', 'right')[loudness.louder]} channel alone is used"
    )


def _first_frame_s(path: Path) -> float:
    """When the pictures of a file begin, on its timeline; 0 for one without, or with a cover alone."""
    with opened(path, SOUND_CONTAINERS) as container:
        if not picture_tracks(container):
            return 0.0
    try:
        return float(picture_times(path).pts_s[0])
    except CoverError:
        return 0.0


class _Loudness:
    """Energy of both channels of a stereo track, and of their mean."""

    def __init__(self) -> None:
        self.channels = np.zeros(2)
        self.mean = 0.0

    def add(self, frame: av.AudioFrame) -> None:
        if frame.layout.nb_channels == 2:
            samples = _channels(frame)
            self.channels += np.square(samples).sum(axis=1)
            self.mean += float(np.square(samples.mean(axis=0)).sum())

    @property
    def louder(self) -> int:
        return int(self.channels.argmax())

    @property
    def is_out_of_phase(self) -> bool:
        return self.mean < OUT_OF_PHASE**2 * self.channels.max()


def _channels(frame: av.AudioFrame) -> np.ndarray:
    """Every channel of a piece of sound, (C, S) float32."""
    samples = frame.to_ndarray()
    if not frame.format.is_planar:
        samples = samples.reshape(-1, frame.layout.nb_channels).T
    if samples.dtype == np.uint8:
        return samples.astype(np.float32) / 128 - 1
    if samples.dtype.kind == "i":
        return samples.astype(np.float32) / 2 ** (8 * samples.itemsize - 1)
    return samples.astype(np.float32)


def _decode(path: Path, first_frame_s: float, loudness: _Loudness, channel: int | None = None) -> AudioTrack | None:
    """The mean of all channels, which are measured on the way, or one of them."""
    with opened(path, SOUND_CONTAINERS) as container, tempfile.TemporaryFile() as file:
        stream = audio_stream(container)
        if stream is None:
            return None
        start, end = None, 0
        for position, chunk in _placed_sound(path, container, stream, first_frame_s, loudness, channel):
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
    """When the sound of a file begins, on its timeline; None without sound.

    Raises:
        MediaError: The file is missing or damaged.
    """
    with opened(path, SOUND_CONTAINERS) as container:
        stream = audio_stream(container)
        if stream is None:
            return None
        starts = ((f.pts, f.time_base) for f in decoded(container, stream))
        return next((seconds(pts, time_base) for pts, time_base in starts if pts is not None), None)


def _placed_sound(
    path: Path,
    container: InputContainer,
    stream: av.AudioStream,
    first_frame_s: float,
    loudness: _Loudness,
    channel: int | None,
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
        if channel is None:
            loudness.add(frame)
        else:
            frame = _one_channel(frame, channel)
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


def _one_channel(frame: av.AudioFrame, channel: int) -> av.AudioFrame:
    """One channel of a piece of sound, at its time."""
    samples = _channels(frame)
    one = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples[min(channel, len(samples) - 1)][None]), "flt", "mono")
    one.sample_rate, one.pts, one.time_base = frame.sample_rate, frame.pts, frame.time_base
    return one
