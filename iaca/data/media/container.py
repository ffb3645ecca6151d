"""Containers of video files: their streams, the frames decoded from them, and when each picture is shown."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple, overload

import av
import numpy as np
from av.container import InputContainer

from iaca.errors import InputError


class MediaError(InputError):
    """A video that cannot be used: the message names the file and what was expected."""


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """Open a video to read.

    Raises:
        MediaError: The file is missing or damaged.
    """
    if not path.is_file():
        raise MediaError(f"{path} does not exist; expected a video")
    try:
        # "file:" keeps names with a colon or a leading dash from being read as a protocol or an option.
        with av.open(f"file:{path}", metadata_errors="ignore") as container:
            yield container
    except av.FFmpegError as error:
        raise MediaError(f"{path} cannot be decoded ({error.strerror}); expected a video that ffmpeg reads") from error


def video_stream(path: Path, container: InputContainer) -> av.VideoStream:
    """The stream with the pictures.

    Raises:
        MediaError: There is none.
    """
    stream = container.streams.best("video")  # the first may be a cover
    if not isinstance(stream, av.VideoStream):
        raise MediaError(f"{path} has no picture; expected a video")
    return stream


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
        MediaError: The file is missing, damaged, or has no picture.
    """
    with opened(path) as container:
        stream = video_stream(path, container)
        # Packets marked "discard" lie before the start of an edit list: decoded, never shown.
        packets = [(p.pts, p.dts) for p in container.demux(stream) if p.size and not p.is_discard]
        pts, time_base = [p for p, _ in packets], seconds(1, stream.time_base)
        # AVI stores no presentation times; what ffmpeg guesses for packets with B-frames can be out of order.
        by_time = bool(pts) and container.format.name != "avi" and None not in pts
    if not by_time:
        with opened(path) as container:
            stream = video_stream(path, container)
            stream.thread_type = "AUTO"
            pts = [frame.pts for frame in decoded(container, stream)]
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
