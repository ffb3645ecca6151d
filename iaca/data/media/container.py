"""Containers of video files: their streams, the frames decoded from them, and when each picture is shown."""

from __future__ import annotations

import io
import os
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple, TypeVar, overload

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition

from iaca.errors import InputError
from iaca.files import FileState, file_state

T = TypeVar("T")
Track = TypeVar("Track", av.VideoStream, av.AudioStream)

CONTAINERS = ("mov", "mp4", "matroska", "webm", "avi", "flv", "mpeg", "mpegts", "asf", "ogg")
"""Formats that ffmpeg may take a file for: all hold pictures and sound themselves.

Among its others are playlists, lists of files, and text, which open further files or draw what is written.
"""

SOUND_CONTAINERS = (*CONTAINERS, "wav", "flac", "mp3", "aac")
"""Likewise for the sound of a video in a file of its own."""

MOST_PIXELS = 2**26
"""Pixels of a picture: twice as many as 8K has."""

MOST_BOXES = 1000
"""Boxes of an mp4 that are looked through for the table of its frames."""

MOST_FRAMES = 3_000_000
"""Frames of a video: more than 12 hours at 60 frames/s."""

EDITION = 3
"""Raised when the pictures or the sound of the same file come out different: what was kept of it is made anew."""


KEPT_FILES = 4
"""Files whose times are kept: an AVI is decoded whole to learn them, and its pictures and its sound ask again."""

RESTART_S = 1.0
"""Seconds by which a clock that starts again goes back at least."""

COVERED_S = 1.0
"""Seconds of sound from which a single picture beside it is a cover."""


class MediaError(InputError):
    """A video that cannot be used: the message names the file and what was expected."""


class CoverError(MediaError):
    """A file that is sound with a cover picture: the message names it."""

    def __init__(self, path: Path) -> None:
        super().__init__(f"{path} is sound with a cover picture, not a video; expected a video")


class _MediaFile(io.FileIO):
    """A file that answers a seek to nowhere, which damage may ask for, as ffmpeg's own reader does."""

    def seek(self, offset: int, whence: int = 0) -> int:
        try:
            return super().seek(offset, whence)
        except OSError as error:
            return -(error.errno or 1)


@contextmanager
def opened(path: Path, containers: Sequence[str] = CONTAINERS) -> Iterator[InputContainer]:
    """Open a video to read.

    Nothing but this file is read, whatever it says: ffmpeg is given its bytes, and neither its folder nor a protocol.

    Args:
        path: The file.
        containers: Formats that it may have.

    Raises:
        MediaError: The file is missing, damaged, or no container of pictures and sound.
    """
    if not os.path.isfile(path):
        raise MediaError(f"{path} does not exist; expected a video")
    try:
        file = _MediaFile(path)
    except OSError as error:
        raise MediaError(f"{path} cannot be read ({error.strerror}); expected a video") from error
    limits = {"format_whitelist": ",".join(containers), "protocol_whitelist": "", "enable_drefs": "0"}
    pixels = {"max_pixels": str(MOST_PIXELS)}  # of pictures that ffmpeg decodes in order to know the stream
    try:
        with file, av.open(file, "r", options=pixels, container_options=limits, metadata_errors="ignore") as container:
            yield container
    except av.FFmpegError as error:
        if _lacks_contents(path):
            raise MediaError(
                f"{path} cannot be decoded: it was cut off before the table of its frames, which mp4 and mov often "
                "have at their end; expected a whole video: copy or download it again"
            ) from error
        raise MediaError(
            f"{path} cannot be decoded ({error.strerror}); expected a video in one of the containers "
            f"{', '.join(containers)}"
        ) from error


def _lacks_contents(path: Path) -> bool:
    """Whether a file is an mp4 or mov with pictures or sound whose table of frames never came."""
    kinds: list[bytes] = []
    place = 0
    try:
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            while len(kinds) < MOST_BOXES and place + 16 <= size:
                file.seek(place)
                length, kind, long_length = struct.unpack(">I4sQ", file.read(16))
                length = long_length if length == 1 else length or size
                kinds.append(kind)
                place += max(8, length)
    except OSError:
        return False
    return b"mdat" in kinds and b"moov" not in kinds and kinds[0] in (b"ftyp", b"wide", b"mdat")


def video_stream(path: Path, container: InputContainer) -> av.VideoStream:
    """The stream with the pictures.

    Raises:
        MediaError: There is none, its codec is unknown, or its pictures are too large.
    """
    stream = played(picture_tracks(container))
    if stream is None:
        if container.streams.video:
            raise CoverError(path)
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
    """The stream with the sound, of a codec that ffmpeg knows, or None."""
    return played(sound_tracks(container))


def picture_tracks(container: InputContainer) -> list[av.VideoStream]:
    """Streams that hold a film; those of a known codec where there are any. A cover picture is none."""
    films = [s for s in container.streams.video if not s.disposition & Disposition.attached_pic]
    return [s for s in films if s.codec_context is not None and s.codec_context.width] or films


def sound_tracks(container: InputContainer) -> list[av.AudioStream]:
    """Streams with sound of a codec that ffmpeg knows."""
    return [s for s in container.streams.audio if s.codec_context is not None]


def played(streams: Sequence[Track]) -> Track | None:
    """The one of several streams that players take: the first that is marked as default, else the first."""
    return next((s for s in streams if s.disposition & Disposition.default), streams[0] if streams else None)


class PictureTimes(NamedTuple):
    """When each picture of a video is shown.

    Attributes:
        pts_s: (N,) float64, seconds on the timeline of the file, ascending.
        by_time: Whether frames carry these times when they are decoded.
        left_out: Pictures before the first that can be decoded, as in a broadcast that somebody tuned into.
    """

    pts_s: np.ndarray
    by_time: bool
    left_out: int = 0


def picture_times(path: Path) -> PictureTimes:
    """When each picture of a video is shown, without decoding any where the packets tell; kept for a few files.

    Returns:
        The times; the array cannot be written to.

    Raises:
        MediaError: The file is missing, damaged, has no picture, or more than `MOST_FRAMES`.
    """
    return _picture_times(file_state(path))


@lru_cache(KEPT_FILES)
def _picture_times(file: FileState) -> PictureTimes:
    path = Path(file.path)
    with opened(path) as container:
        stream = video_stream(path, container)
        packets = _all_of(path, (_Packet.of(packet) for packet in container.demux(stream) if packet.size))
        first_key = next((p.pts for p in packets if p.is_key), None)
        # Packets marked "discard" lie before the start of an edit list: decoded, never shown.
        packets = [packet for packet in packets if not packet.is_discarded]
        pts, time_base = [p.pts for p in packets], seconds(1, stream.time_base)
        # Not every container can say that a picture is a cover.
        if len(pts) == 1 and sound_tracks(container) and (container.duration or 0) / av.time_base > COVERED_S:
            raise CoverError(path)
        # AVI stores no presentation times; what ffmpeg guesses for packets with B-frames can be out of order.
        by_time = bool(pts) and container.format.name != "avi" and None not in pts
        clock_s = np.array([packet.dts for packet in packets if packet.dts is not None], np.float64) * time_base
        if by_time and restarts(clock_s):
            raise MediaError(
                f"{path} has a clock that starts again, as where recordings are joined byte by byte; expected one that "
                "only rises: make such a file with ffmpeg -i FILE NEW.mp4"
            )
    if not by_time:
        with opened(path) as container:
            stream = video_stream(path, container)
            stream.thread_type = "AUTO"
            pts = _all_of(path, (frame.pts for frame in decoded(container, stream)))
        slots = [packet.dts for packet in packets]
        # A guess for the first frame of an H.264 stream is that of the second packet: a gap between them would be lost.
        if len(slots) == len(pts) and None not in slots:
            pts = slots
    known = {place: p for place, p in enumerate(pts) if p is not None}
    if not known:
        raise MediaError(f"{path} has no frame with a presentation time; expected a video")
    ticks = np.sort(_all_times(len(pts), known))
    if not by_time and packets[0].dts is not None:
        # The guesses are late by the delay of the decoder; the first frame is meant for the time of the first packet.
        ticks -= ticks[0] - packets[0].dts
    left_out = 0
    if by_time and first_key is not None and ticks[0] < first_key:
        left_out = int(np.searchsorted(ticks, min(first_key, _first_decoded(path))))
    pts_s = ticks[left_out:] * time_base
    pts_s.flags.writeable = False
    return PictureTimes(pts_s, by_time, left_out)


def restarts(clock_s: np.ndarray) -> bool:
    """Whether times in the order of a file, (N,) seconds, go back for good; a single one that is damaged does not."""
    before = np.minimum(clock_s[:-3], clock_s[1:-2])
    after = np.maximum(clock_s[2:-1], clock_s[3:])
    return bool((after < before - RESTART_S).any())


class _Packet(NamedTuple):
    """What is kept of a packet with a picture; times in ticks."""

    pts: int | None
    dts: int | None
    is_key: bool
    is_discarded: bool

    @classmethod
    def of(cls, packet: av.Packet) -> _Packet:
        return cls(packet.pts, packet.dts, packet.is_keyframe, packet.is_discard)


def _all_times(count: int, known: dict[int, int]) -> np.ndarray:
    """Times of all pictures from those of some: on lines between them, and at the usual rate before and after."""
    places, values = np.array(list(known)), np.array(list(known.values()), np.float64)
    numbers = np.arange(count)
    ticks = np.interp(numbers, places, values)
    step = float(np.median(np.diff(values) / np.diff(places))) if len(places) > 1 else 0.0
    beyond = np.minimum(0, numbers - places[0]) + np.maximum(0, numbers - places[-1])
    return ticks + step * beyond


def _first_decoded(path: Path) -> float:
    """When the first picture is shown that can be decoded, in ticks; infinite without any."""
    with opened(path) as container:
        stream = video_stream(path, container)
        return next((float(frame.pts) for frame in decoded(container, stream) if frame.pts is not None), np.inf)


def announced_s(path: Path) -> float:
    """How long a video is by its own header, in seconds, without reading more of it; 0 where it cannot be read."""
    try:
        with opened(path) as container:
            return max(0.0, (container.duration or 0) / av.time_base)
    except MediaError:
        return 0.0


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
