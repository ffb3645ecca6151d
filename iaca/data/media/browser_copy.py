"""Copies of videos that a browser cannot play, made once and kept."""

from __future__ import annotations

import hashlib
import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from iaca.data.media.video import SAMPLE_RATE_HZ, MediaError, iterate_frames, probe, read_audio
from iaca.files import written_beside

TICKS_PER_S = 90_000
GOP_FRAMES = 12
"""Frames between key frames: a seek takes 22 ms instead of 100."""

AUDIO_BLOCK = 1024


def proxy(path: str | os.PathLike[str], cache_dir: str | os.PathLike[str]) -> Path:
    """A copy of a video that every browser plays, with the same frames at the same times.

    H.264 and AAC in mp4, the table of contents first, a key frame every 12 frames. Frame k of the copy is frame k of
    the original, `pts_s` of both are equal to the resolution of the copy (1/90000 s), and the sound starts with the
    first frame.

    Args:
        path: The original.
        cache_dir: Where copies are kept, by path, size and time of change of the original.

    Returns:
        The copy; the original itself where a browser plays it.

    Raises:
        MediaError: The original cannot be read, or the copy cannot be written.
    """
    path = Path(path)
    info = probe(path)
    if info.browser_playable:
        return path
    status = path.stat()
    key = hashlib.sha256(os.fsencode(f"{path.resolve()}|{status.st_size}|{status.st_mtime_ns}")).hexdigest()[:16]
    copy = Path(cache_dir) / f"{path.stem}.{key}.mp4"
    if copy.is_file():
        return copy
    try:
        with written_beside(copy) as temporary:
            _encode(path, temporary, info.pts_s)
    except (OSError, av.FFmpegError) as error:
        raise MediaError(f"{path} cannot be copied for the browser to {copy}: {error}") from error
    return copy


def _encode(source: Path, target: Path, pts_s: np.ndarray) -> None:
    time_base = Fraction(1, TICKS_PER_S)
    track = read_audio(source)
    interval_s = float(np.median(np.diff(pts_s))) if len(pts_s) > 1 else 0.04
    video = audio = None
    heard = 0

    def encode_sound(until: int) -> None:
        """Sound goes in beside the pictures: whole files of one after the other would be held in memory."""
        nonlocal heard
        while heard < until:
            block = np.ascontiguousarray(track.samples[None, heard : heard + AUDIO_BLOCK])
            frame = av.AudioFrame.from_ndarray(block, format="fltp", layout="mono")
            frame.sample_rate, frame.pts, frame.time_base = SAMPLE_RATE_HZ, heard, Fraction(1, SAMPLE_RATE_HZ)
            out.mux(audio.encode(frame))
            heard += block.shape[1]

    with av.open(f"file:{target}", "w", options={"movflags": "+faststart"}) as out:
        for k, picture in iterate_frames(source):
            if video is None:
                height, width = picture.shape[:2]
                video = out.add_stream("libx264", rate=Fraction(max(1, round(1000 / interval_s)), 1000))
                # yuv420p wants even sides: one row or column more is not seen.
                video.width, video.height = width + width % 2, height + height % 2
                video.pix_fmt = "yuv420p"
                video.options = {"preset": "veryfast", "crf": "20", "bf": "0"}
                video.codec_context.gop_size = GOP_FRAMES
                video.codec_context.time_base = time_base
                if track is not None:
                    audio = out.add_stream("aac", rate=SAMPLE_RATE_HZ, layout="mono")
            if picture.shape[:2] != (height, width):  # a stream may change its size on the way
                other = av.VideoFrame.from_ndarray(picture, format="rgb24")
                picture = other.reformat(width=width, height=height).to_ndarray()
            if (width, height) != (video.width, video.height):
                more = ((0, video.height - height), (0, video.width - width), (0, 0))
                picture = np.pad(picture, more, mode="edge")
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts, frame.time_base = round(pts_s[k] * TICKS_PER_S), time_base
            out.mux(video.encode(frame))
            if audio is not None:
                encode_sound(min(len(track.samples), round(pts_s[k] * SAMPLE_RATE_HZ)))
        if video is None:
            raise MediaError(f"{source} has no picture that can be decoded; expected a video")
        out.mux(video.encode(None))
        if audio is not None:
            encode_sound(len(track.samples))
            out.mux(audio.encode(None))
