"""Video files: when each frame is shown, its picture, and the sound on the same clock.

The clock of a recording starts at its first video frame: `pts_s[0]` is 0. That of the file may differ: where the sound
starts first, a browser shows the first frame at a later media time. Only `MediaInfo.first_pts_s` crosses over.
"""

from __future__ import annotations

import mmap
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np

from iaca.errors import InputError

SAMPLE_RATE_HZ = 44_100

BROWSER_CONTAINERS = frozenset({"mp4", "webm"})
BROWSER_VIDEO = frozenset({"h264", "vp8", "vp9", "av1"})
BROWSER_AUDIO = frozenset({"aac", "mp3", "opus", "vorbis", "flac", None})
BROWSER_PIXELS = frozenset({"yuv420p", "yuvj420p"})
"""What every current browser plays; anything else is not promised."""

GAP_S = 0.1
"""Sound whose timestamp is off by more than this from the samples before it is placed by its timestamp."""

LONGEST_CLIP_S = 60.0
"""A clip over more time spans a jump of the timestamps: its sound would take gigabytes, and is not one sound."""


class MediaError(InputError):
    """A video that cannot be used: the message names the file and what was expected."""


class MediaInfo(NamedTuple):
    """What a video file holds.

    Attributes:
        pts_s: (N,) float64, presentation time of each frame, from the first one: ascending, starts at 0.
        first_pts_s: When the first frame is shown on the timeline of the file, as a browser reports it.
        duration_s: From the first frame to the end of the last one.
        width: Of the picture as displayed, in pixels.
        height: Likewise.
        rotation_degrees: By how much the file says that its pictures are to be turned; 0 for most.
        video_codec: Name, such as h264.
        audio_codec: Name, or None without sound.
        audio_offset_s: First sound minus first frame; None without sound.
        variable_frame_rate: Whether frames are unevenly spaced.
        browser_playable: Whether a browser plays container, picture and sound.
    """

    pts_s: np.ndarray
    first_pts_s: float
    duration_s: float
    width: int
    height: int
    rotation_degrees: int
    video_codec: str
    audio_codec: str | None
    audio_offset_s: float | None
    variable_frame_rate: bool
    browser_playable: bool


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
        """Let go of the samples that were read: they stay on disk, but no longer count as memory of the process."""
        pages = self.samples.base
        if isinstance(pages, mmap.mmap) and hasattr(pages, "madvise"):
            pages.madvise(mmap.MADV_DONTNEED)


def probe(path: str | os.PathLike[str]) -> MediaInfo:
    """Look through a video without decoding its pictures, but for formats whose packets have no presentation time.

    Raises:
        MediaError: The file is missing, damaged, or has no picture.
    """
    path = Path(path)
    pts_s = _timeline(path).pts_s
    with _opened(path) as container:
        video = _video_stream(path, container)
        audio = container.streams.audio[0] if container.streams.audio else None
        starts = [
            float(s.start_time * s.time_base) for s in (video, audio) if s is not None and s.start_time is not None
        ]
        # A browser shifts the file only where it begins before zero.
        first_pts_s = float(pts_s[0]) - min(0.0, *starts, 0.0)
        codec = video.codec_context
        width, height = codec.width, codec.height
        names = set(container.format.name.split(","))
        video_codec = _codec_name(video)
        audio_codec = None if audio is None else _codec_name(audio)
        first_frame = next(_decoded(container, video), None)
        if first_frame is None:
            raise MediaError(f"{path} has no picture that can be decoded; expected a video")
        if abs(first_frame.rotation) % 180 == 90:
            width, height = height, width
        pixels = first_frame.format.name
    interval_s = np.diff(pts_s)
    last_s = float(np.median(interval_s)) if len(interval_s) else 0.04
    audio_start_s = _first_sound_s(path)
    return MediaInfo(
        pts_s=pts_s - pts_s[0],
        first_pts_s=first_pts_s,
        duration_s=float(pts_s[-1] - pts_s[0]) + last_s,
        width=width,
        height=height,
        rotation_degrees=round(first_frame.rotation),
        video_codec=video_codec,
        audio_codec=audio_codec if audio_start_s is not None else None,
        audio_offset_s=None if audio_start_s is None else audio_start_s - float(pts_s[0]),
        variable_frame_rate=_is_uneven(interval_s),
        browser_playable=bool(
            names & BROWSER_CONTAINERS
            and path.suffix.lower() not in (".mkv", ".mov")
            and video_codec in BROWSER_VIDEO
            and audio_codec in BROWSER_AUDIO
            and pixels in BROWSER_PIXELS
        ),
    )


def iterate_frames(path: str | os.PathLike[str], wanted: np.ndarray | None = None) -> Iterator[tuple[int, np.ndarray]]:
    """Decode the pictures of a video one after another, as they are displayed (turned where the file says so).

    Args:
        path: The video.
        wanted: (N,) bool, frames to hand out; others are decoded and passed over. None: all.

    Yields:
        The frame number, 0-based, ascending, and the picture, (H, W, 3) uint8 RGB. A frame that cannot be decoded is
        left out; the numbers of the others stay what they are.

    Raises:
        MediaError: The file is missing, damaged, or has no picture.
    """
    path = Path(path)
    pts_s, by_time = _timeline(path)
    last = -1
    with _opened(path) as container:
        stream = _video_stream(path, container)
        stream.thread_type = "AUTO"
        for frame in _decoded(container, stream):
            k = last + 1
            if by_time and frame.pts is not None:
                # Not by count: a damaged frame must not shift those that follow.
                k = max(k, int(np.searchsorted(pts_s, frame.time - 1e-6)))
            last = k
            if k >= len(pts_s):
                break
            if wanted is not None and (k >= len(wanted) or not wanted[k]):
                continue
            picture = frame.to_ndarray(format="rgb24")
            turns = round(frame.rotation / 90) % 4
            yield k, np.ascontiguousarray(np.rot90(picture, turns)) if turns else picture


def read_audio(path: str | os.PathLike[str]) -> AudioTrack | None:
    """Decode the first sound track of a video once.

    Sound before the first frame is cut, a late start is filled with zeros. Memory does not grow with the length: the
    samples lie in an unnamed temporary file.

    Choice: what the encoder put before the sound is skipped where the file says how much (mp4, mkv). AVI cannot say it:
    the 25 ms of LAME stay, as in every player. Programs that write mp3 into AVI let the pictures wait for the sound, by
    whole frames, so cutting them here would part the two further (by 33 ms instead of 8 at 30 frames/s).

    Returns:
        The track, or None where there is no sound from the first frame on.

    Raises:
        MediaError: The file is missing or damaged.
    """
    path = Path(path)
    first_frame_s = float(_timeline(path).pts_s[0])
    with _opened(path) as container, tempfile.TemporaryFile() as file:
        if not container.streams.audio:
            return None
        start, end = None, 0
        for position, chunk in _placed_sound(container, first_frame_s):
            chunk = chunk[max(0, -position) :]
            position = max(0, position)
            if len(chunk):
                file.seek(position * 4)  # what is passed over reads as zeros
                file.write(chunk.astype(np.float32).tobytes())
                start = position if start is None else min(start, position)
                end = max(end, position + len(chunk))
        if start is None:
            return None
        file.flush()
        samples = np.memmap(file, np.float32, "r", shape=(end,))
    return AudioTrack(samples, start / SAMPLE_RATE_HZ, end / SAMPLE_RATE_HZ)


def fit_pts(pts_s: np.ndarray, num_frames: int) -> np.ndarray:
    """Presentation times for as many frames as there are labels.

    Args:
        pts_s: (M,) float64, of the frames in the file, at least one.
        num_frames: N, frames wanted; where the file has fewer, its last interval is repeated.

    Returns:
        (N,) float64.
    """
    extra = num_frames - len(pts_s)
    if extra <= 0:
        return pts_s[:num_frames]
    interval_s = pts_s[-1] - pts_s[-2] if len(pts_s) > 1 else 0.04
    return np.concatenate((pts_s, pts_s[-1] + interval_s * np.arange(1, extra + 1)))


@contextmanager
def _opened(path: Path) -> Iterator[av.container.InputContainer]:
    if not path.is_file():
        raise MediaError(f"{path} does not exist; expected a video")
    try:
        # "file:" keeps names with a colon or a leading dash from being read as a protocol or an option.
        with av.open(f"file:{path}", metadata_errors="ignore") as container:
            yield container
    except av.FFmpegError as error:
        raise MediaError(f"{path} cannot be decoded ({error.strerror}); expected a video that ffmpeg reads") from error


def _video_stream(path: Path, container: av.container.InputContainer) -> av.VideoStream:
    stream = container.streams.best("video")  # the first may be a cover
    if stream is None:
        raise MediaError(f"{path} has no picture; expected a video")
    return stream


class _Timeline(NamedTuple):
    """Presentation times (N,), seconds on the timeline of the file, ascending; and whether frames carry them."""

    pts_s: np.ndarray
    by_time: bool


def _timeline(path: Path) -> _Timeline:
    with _opened(path) as container:
        stream = _video_stream(path, container)
        # Packets marked "discard" lie before the start of an edit list: decoded, never shown.
        packets = [(p.pts, p.dts) for p in container.demux(stream) if p.size and not p.is_discard]
        pts, time_base = [p for p, _ in packets], float(stream.time_base)
        # AVI stores no presentation times; what ffmpeg guesses for packets with B-frames can be out of order.
        by_time = bool(pts) and container.format.name != "avi" and None not in pts
    if not by_time:
        with _opened(path) as container:
            stream = _video_stream(path, container)
            stream.thread_type = "AUTO"
            pts = [frame.pts for frame in _decoded(container, stream)]
        slots = [dts for _, dts in packets]
        # A guess for the first frame of an H.264 stream is that of the second packet: a gap between them would be lost.
        if len(slots) == len(pts) and None not in slots:
            pts = slots
    places = [k for k, p in enumerate(pts) if p is not None]
    if not places:
        raise MediaError(f"{path} has no frame with a presentation time; expected a video")
    ticks = np.sort(np.interp(np.arange(len(pts)), places, [pts[k] for k in places]))
    if not by_time and packets[0][1] is not None:
        # The guesses are late by the delay of the decoder; the first frame is meant for the time of the first packet.
        ticks -= ticks[0] - packets[0][1]
    return _Timeline(ticks * time_base, by_time)


def _decoded(container: av.container.InputContainer, stream: av.stream.Stream) -> Iterator[av.frame.Frame]:
    """Frames of a stream; a packet that cannot be decoded is passed over."""
    for packet in container.demux(stream):
        try:
            yield from packet.decode()
        except av.InvalidDataError:
            continue


def _codec_name(stream: av.stream.Stream) -> str:
    return stream.codec_context.codec.canonical_name  # "mp3", where the decoder is called "mp3float"


def _first_sound_s(path: Path) -> float | None:
    with _opened(path) as container:
        if not container.streams.audio:
            return None
        frame = next((f for f in _decoded(container, container.streams.audio[0]) if f.pts is not None), None)
        return None if frame is None else float(frame.pts * frame.time_base)


def _placed_sound(container: av.container.InputContainer, first_frame_s: float) -> Iterator[tuple[int, np.ndarray]]:
    """Mono samples at 44.1 kHz and the position of the first of them, from the first video frame."""
    stream = container.streams.audio[0]
    stream.thread_type = "AUTO"
    resampler, form, position, heard_s = None, None, 0, 0.0

    def converted(frame: av.AudioFrame | None) -> Iterator[tuple[int, np.ndarray]]:
        nonlocal position
        for out in resampler.resample(frame) if resampler else ():
            samples = out.to_ndarray()[0]
            yield position, samples
            position += len(samples)

    for frame in _decoded(container, stream):
        time_s = heard_s if frame.pts is None else float(frame.pts * frame.time_base)
        has_jumped = resampler is None or abs(time_s - heard_s) > GAP_S
        found = (frame.format.name, frame.layout.name, frame.sample_rate)
        if has_jumped or found != form:  # mono can turn into stereo on the way, and a resampler takes one form only
            yield from converted(None)
            # Without rematrix_maxval, stereo to float mono is 3 dB louder than to 16-bit mono.
            resampler = av.AudioResampler("flt", "mono", SAMPLE_RATE_HZ, options={"rematrix_maxval": "1.0"})
            form = found
        if has_jumped:
            position = round((time_s - first_frame_s) * SAMPLE_RATE_HZ)
            heard_s = time_s
        heard_s += frame.samples / frame.sample_rate
        yield from converted(frame)
    yield from converted(None)


def _is_uneven(interval_s: np.ndarray) -> bool:
    """Whether intervals differ by more than the rounding of a millisecond clock.

    One odd interval is let pass: writers of AVI put one at the start to make room for the sound.
    """
    if len(interval_s) < 2:
        return False
    middle_s = float(np.median(interval_s))
    return int((np.abs(interval_s - middle_s) > max(0.0021, 0.1 * middle_s)).sum()) > 1
