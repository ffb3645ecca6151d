"""Containers of video files: their streams, the frames decoded from them, and when each picture is shown."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, overload

import av
import numpy as np
from av.container import InputContainer

from iaca.errors import InputError

T = TypeVar("T")

CONTAINERS = ("mov", "mp4", "matroska", "webm", "avi", "flv", "mpeg", "mpegts", "asf", "ogg")
"""Formats that ffmpeg may take a file for: all hold pictures and sound themselves.

Among its others are playlists, lists of files, and text, which open further files or draw what is written.
"""

MOST_PIXELS = 2**26
"""Pixels of a picture: twice as many as 8K has."""

MOST_FRAMES = 3_000_000
"""Frames of a video: more than 12 hours at 60 frames/s."""


class MediaError(InputError):
    """A video that cannot be used: the message names the file and what was expected."""


class _MediaFile(io.FileIO):
    """A file that answers a seek to nowhere, which damage may ask for, as ffmpeg's own reader does."""

    def seek(self, offset: int, whence: int = 0) -> int:
        try:
            return super().seek(offset, whence)
        except OSError as error:
            return -(error.errno or 1)


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """Open a video to read.

    Nothing but this file is read, whatever it says: ffmpeg is given its bytes, and neither its folder nor a protocol.

    Raises:
        MediaError: The file is missing, damaged, or no container of pictures and sound.
    """
    if not os.path.isfile(path):
        raise MediaError(f"{path} does not exist; expected a video")
    try:
        file = _MediaFile(path)
    except OSError as error:
        raise MediaError(f"{path} cannot be read ({error.strerror}); expected a video") from error
    limits = {"format_whitelist": ",".join(CONTAINERS), "protocol_whitelist": "", "enable_drefs": "0"}
    pixels = {"max_pixels": str(MOST_PIXELS)}  # of pictures that ffmpeg decodes in order to know the stream
    try:
        with file, av.open(file, "r", options=pixels, container_options=limits, metadata_errors="ignore") as container:
            yield container
    except av.FFmpegError as error:
        raise MediaError(
            f"{path} cannot be decoded ({error.strerror}); expected a video in one of the containers "
            f"{', '.join(CONTAINERS)}"
        ) from error


def video_stream(path: Path, container: InputContainer) -> av.VideoStream:
    """The stream with the pictures.

    Raises:
        MediaError: There is none, its codec is unknown, or its pictures are too large.
    """
    stream = container.streams.best("video")  # the first may be a cover
    if not isinstance(stream, av.VideoStream):
        raise MediaError(f"{path} has no picture; expected a video")
    codec = stream.codec_context
    if codec is None:
        raise MediaError(f"{path} has pictures of a codec that ffmpeg does not know; expected a video")
    if codec.width * codec.height > MOST_PIXELS:
        raise MediaError(
            f"{path} has pictures of {codec.width} x {codec.height} pixels; expected at most {MOST_PIXELS:,} pixels"
        )
    codec.options = {"max_pixels": str(MOST_PIXELS)}  # a stream may change its size
    return stream


def audio_stream(container: InputContainer) -> av.AudioStream | None:
    """The first stream with sound of a codec that ffmpeg knows, or None."""
    return next((stream for stream in container.streams.audio if stream.codec_context is not None), None)


class PictureTimes(NamedTuple):
    """When each picture of a video is shown.

    Attributes:
        pts_s: (N,) float64, seconds on the timeline of the file, ascending.
        by_time: Whether frames carry these times when they are decoded.
    """

    pts_s: np.ndarray
    by_time: bool


def picture_times(path: Path) -> PictureTimes:
    """When each picture of a video is shown, without decoding any where the packets tell.

    Raises:
        MediaError: The file is missing, damaged, has no picture, or more than `MOST_FRAMES`.
    """
    with opened(path) as container:
        stream = video_stream(path, container)
        # Packets marked "discard" lie before the start of an edit list: decoded, never shown.
        shown = ((p.pts, p.dts) for p in container.demux(stream) if p.size and not p.is_discard)
        packets = _all_of(path, shown)
        pts, time_base = [p for p, _ in packets], seconds(1, stream.time_base)
        # AVI stores no presentation times; what ffmpeg guesses for packets with B-frames can be out of order.
        by_time = bool(pts) and container.format.name != "avi" and None not in pts
    if not by_time:
        with opened(path) as container:
            stream = video_stream(path, container)
            stream.thread_type = "AUTO"
            pts = _all_of(path, (frame.pts for frame in decoded(container, stream)))
        slots = [dts for _, dts in packets]
        # A guess for the first frame of an H.264 stream is that of the second packet: a gap between them would be lost.
        if len(slots) == len(pts) and None not in slots:
            pts = slots
    known = {place: p for place, p in enumerate(pts) if p is not None}
    if not known:
        raise MediaError(f"{path} has no frame with a presentation time; expected a video")
    ticks = np.sort(np.interp(np.arange(len(pts)), list(known), list(known.values())))
    if not by_time and packets[0][1] is not None:
        # The guesses are late by the delay of the decoder; the first frame is meant for the time of the first packet.
        ticks -= ticks[0] - packets[0][1]
    return PictureTimes(ticks * time_base, by_time)


def _all_of(path: Path, frames: Iterable[T]) -> list[T]:
    found = list(islice(frames, MOST_FRAMES + 1))
    if len(found) > MOST_FRAMES:
        raise MediaError(f"{path} has more than {MOST_FRAMES:,} frames; expected fewer: cut it into parts")
    return found


@overload
def decoded(container: InputContainer, stream: av.VideoStream) -> Iterator[av.VideoFrame]: ...
@overload
def decoded(container: InputContainer, stream: av.AudioStream) -> Iterator[av.AudioFrame]: ...
def decoded(
    container: InputContainer, stream: av.VideoStream | av.AudioStream
) -> Iterator[av.VideoFrame] | Iterator[av.AudioFrame]:
    """Frames of a stream; a packet that cannot be decoded is skipped."""
    decode: Callable[[av.Packet], list[Any]] = stream.decode
    for packet in container.demux(stream):
        try:
            yield from decode(packet)
        except av.InvalidDataError:
            continue


def seconds(ticks: int, time_base: Fraction | None) -> float:
    """Ticks of a stream's clock in seconds; ffmpeg gives every stream of a file a clock."""
    assert time_base is not None
    return float(ticks * time_base)
