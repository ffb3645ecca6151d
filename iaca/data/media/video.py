"""Video files: what they hold, when each frame is shown, and its picture.

The clock of a recording starts at its first video frame: `pts_s[0]` is 0. That of the file may differ: where the sound
starts first, a browser shows the first frame at a later media time. Only `MediaInfo.first_pts_s` crosses over.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
from av.stream import Disposition

from iaca.data.media.container import (
    MediaError,
    Track,
    audio_stream,
    decoded,
    opened,
    picture_times,
    picture_tracks,
    seconds,
    sound_tracks,
    video_stream,
)
from iaca.data.media.cut_off import cut_off
from iaca.data.media.display import display_of, fitted, shown
from iaca.data.media.sound import first_sound_s

BROWSER_CONTAINERS = frozenset({"mp4", "webm"})
BROWSER_VIDEO = frozenset({"h264", "vp8", "vp9", "av1"})
BROWSER_AUDIO = frozenset({"aac", "mp3", "opus", "vorbis", "flac", None})
BROWSER_PIXELS = frozenset({"yuv420p", "yuvj420p"})
"""What every current browser plays; anything else is not promised."""

HDR = frozenset({16, 18})
"""Transfer characteristics of ITU-T H.273 that need tone mapping: PQ and HLG."""

LONGEST_CLIP_S = 60.0
"""A longer clip spans a jump of the timestamps: its sound would take gigabytes and does not belong together."""


class MediaInfo(NamedTuple):
    """What a video file holds.

    Attributes:
        pts_s: (N,) float64, presentation time of each frame, from the first one: ascending, starts at 0.
        first_pts_s: When the first frame is shown on the timeline of the file, as a browser reports it.
        duration_s: From the first frame to the end of the last one.
        width: Of the picture as displayed, in square pixels.
        height: Likewise.
        mirrored: Whether the file says that left and right of its pictures are to be exchanged; false for most.
        rotation_degrees: By how much the file says that they are to be turned then, counter-clockwise; 0 for most.
        video_codec: Name, such as h264.
        audio_codec: Name, or None without sound.
        audio_offset_s: First sound minus first frame; None without sound.
        variable_frame_rate: Whether frames are unevenly spaced.
        browser_playable: Whether a browser plays container, picture and sound, of the tracks that are read here.
        remarks: What is unusual about the file, a sentence each.
    """

    pts_s: np.ndarray
    first_pts_s: float
    duration_s: float
    width: int
    height: int
    mirrored: bool
    rotation_degrees: int
    video_codec: str
    audio_codec: str | None
    audio_offset_s: float | None
    variable_frame_rate: bool
    browser_playable: bool
    remarks: tuple[str, ...] = ()


def probe(path: str | os.PathLike[str]) -> MediaInfo:
    """Read what a video holds, without decoding its pictures unless its packets have no presentation time.

    Raises:
        MediaError: The file is missing, damaged, or has no picture.
    """
    path = Path(path)
    pts_s, _, left_out = picture_times(path)
    with opened(path) as container:
        video = video_stream(path, container)
        audio = audio_stream(container)
        films, sounds = picture_tracks(container), sound_tracks(container)
        # Of several tracks, browsers play the first or the default, depending on browser and container.
        plays_these = video.index == films[0].index and (audio is None or audio.index == sounds[0].index)
        remarks = _several(path, "video", films, video) + _several(path, "sound", sounds, audio)
        starts = [
            seconds(s.start_time, s.time_base) for s in (video, audio) if s is not None and s.start_time is not None
        ]
        # A browser shifts the file only where it begins before zero.
        first_pts_s = float(pts_s[0]) - min(0.0, *starts, 0.0)
        codec = video.codec_context
        width, height = codec.width, codec.height
        names = set(container.format.name.split(","))
        video_codec = _codec_name(video)
        audio_codec = None if audio is None else _codec_name(audio)
        first_frame = next(decoded(container, video), None)
        if first_frame is None:
            raise MediaError(f"{path} has no picture that can be decoded; expected a video")
        display = display_of(video, first_frame)
        width, height = display.size(width, height)
        pixels = first_frame.format.name
        if first_frame.interlaced_frame:
            remarks.append(
                f"{path.name} is interlaced and is used as it is: what moves has lines like a comb; a copy made with "
                "ffmpeg's filter bwdif has none"
            )
        if codec.color_trc in HDR:
            remarks.append(
                f"{path.name} is HDR video and is used without tone mapping: its colours are paler than a player shows "
                "them; a copy made with ffmpeg's filters zscale and tonemap is like any other"
            )
        if left_out:
            remarks.append(
                f"{path.name} begins between two key frames: its first {left_out} pictures cannot be decoded and are "
                "left out"
            )
        # A browser lets the page shine through; what is read here are the colours alone.
        is_transparent = any(k.lower() == "alpha_mode" and value == "1" for k, value in video.metadata.items())
        if container.duration is None:
            remarks.append(f"{path.name} does not say how long it is: its length is that of its frames")
    missing = cut_off(path, float(pts_s[-1]))
    if missing is not None:
        remarks.append(
            f"{path.name} ends at {missing.end_s:.1f} s and its header announces {missing.announced_s:.1f} s: it was "
            "cut off and is used as far as it goes; copy or download it again"
        )
    interval_s = np.diff(pts_s)
    last_s = float(np.median(interval_s)) if len(interval_s) else 0.04
    audio_start_s = first_sound_s(path)
    uneven = _is_uneven(interval_s)
    return MediaInfo(
        pts_s=pts_s - pts_s[0],
        first_pts_s=first_pts_s,
        duration_s=float(pts_s[-1] - pts_s[0]) + last_s,
        width=width,
        height=height,
        mirrored=display.mirrored,
        rotation_degrees=display.rotation_degrees,
        video_codec=video_codec,
        audio_codec=audio_codec if audio_start_s is not None else None,
        audio_offset_s=None if audio_start_s is None else audio_start_s - float(pts_s[0]),
        variable_frame_rate=uneven,
        browser_playable=bool(
            plays_these
            # WebM does not say how long a picture is shown: browsers guess, and some frames cannot be sought.
            and not (uneven and "webm" in names)
            and names & BROWSER_CONTAINERS
            and path.suffix.lower() not in (".mkv", ".mov")
            and video_codec in BROWSER_VIDEO
            and audio_codec in BROWSER_AUDIO
            and pixels in BROWSER_PIXELS
            and not is_transparent
        ),
        remarks=tuple(remarks),
    )


def iterate_frames(path: str | os.PathLike[str], wanted: np.ndarray | None = None) -> Iterator[tuple[int, np.ndarray]]:
    """Decode the pictures of a video one after another, as they are displayed: upright, and with square pixels.

    All have the size of the first one: where a stream changes its size, as recordings of browsers do, later pictures
    are scaled to fit into it, between black edges where their shape is another.

    Args:
        path: The video.
        wanted: (N,) bool, frames to yield; others are decoded and skipped. None: all.

    Yields:
        The frame number, 0-based, ascending, and the picture, (H, W, 3) uint8 RGB. A frame that cannot be decoded is
        left out; the numbers of the others stay what they are.

    Raises:
        MediaError: The file is missing, damaged, or has no picture.
    """
    path = Path(path)
    pts_s, by_time, _ = picture_times(path)
    last, size = -1, None
    with opened(path) as container:
        stream = video_stream(path, container)
        stream.thread_type = "AUTO"
        for frame in decoded(container, stream):
            display = display_of(stream, frame)
            size = size or display.size(frame.width, frame.height)
            k = last + 1
            if by_time and frame.pts is not None:
                # Not by count: a damaged frame must not shift those that follow.
                k = max(k, int(np.searchsorted(pts_s, frame.time - 1e-6)))
            last = k
            if k >= len(pts_s):
                break
            if wanted is not None and (k >= len(wanted) or not wanted[k]):
                continue
            yield k, fitted(shown(frame, display), size)


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


def _several(path: Path, kind: str, tracks: Sequence[Track], taken: Track | None) -> list[str]:
    """A sentence about tracks of one kind of which one is taken."""
    if taken is None or len(tracks) < 2:
        return []
    place = [track.index for track in tracks].index(taken.index) + 1
    why = "which is marked as default" if taken.disposition & Disposition.default else "none is marked as default"
    return [f"{path.name} has {len(tracks)} {kind} tracks: number {place} is used, {why}"]


def _codec_name(stream: av.stream.Stream) -> str:
    return stream.codec_context.codec.canonical_name  # "mp3", where the decoder is called "mp3float"


def _is_uneven(interval_s: np.ndarray) -> bool:
    """Whether intervals differ by more than the rounding of a millisecond clock.

    One odd interval is allowed: writers of AVI put one at the start to make room for the sound.
    """
    if len(interval_s) < 2:
        return False
    middle_s = float(np.median(interval_s))
    return int((np.abs(interval_s - middle_s) > max(0.0021, 0.1 * middle_s)).sum()) > 1
