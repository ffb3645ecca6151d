"""Writes pictures and sound as an mp4 that browsers play: H.264 and AAC."""

from __future__ import annotations

import os
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import torch

KEYFRAME_EVERY_FRAMES = 12
"""A seek decodes at most so many pictures."""

AUDIO_BITS_PER_S = 36_000
AAC_FRAME = 1024
TIME_BASE_HZ = 12_800
"""Clock of the video track; a multiple of 25 frames a second and of the 0.1 s of leads."""


def write_video(
    path: str | os.PathLike[str],
    pictures: Iterable[np.ndarray],
    sound: np.ndarray,
    *,
    video_size: int,
    fps: float,
    sample_rate_hz: int,
    audio_lead_s: float = 0.0,
    crf: int,
    preset: str,
) -> None:
    """Encode a recording. Written beside its place and then renamed: the file is whole or not there.

    Args:
        path: The mp4.
        pictures: (S, S, 3) uint8 RGB each, in order.
        sound: Mono samples, float32 in [-1, 1].
        video_size: S, an even number of pixels.
        fps: Pictures a second, constant.
        sample_rate_hz: Of the sound.
        audio_lead_s: How long the sound runs before the first picture.
        crf: Of x264: higher numbers make smaller and coarser pictures.
        preset: Of x264: slower ones make smaller files.
    """
    path = Path(path)
    beside = path.with_name(f".{path.stem}.part.mp4")
    try:
        with av.open(str(beside), "w", format="mp4", options={"movflags": "+faststart"}) as container:
            video = container.add_stream("libx264", rate=Fraction(fps).limit_denominator(1001))
            video.width = video.height = video_size
            video.pix_fmt = "yuv420p"
            video.time_base = video.codec_context.time_base = Fraction(1, TIME_BASE_HZ)
            # One thread: recordings are encoded side by side, and the same pictures give the same bytes.
            video.codec_context.thread_count = 1
            video.codec_context.gop_size = KEYFRAME_EVERY_FRAMES
            # Drawn pictures, and key frames so close to each other that they need no more bits than the others.
            video.codec_context.options = {
                "crf": str(crf),
                "preset": preset,
                "tune": "animation",
                "x264-params": "ipratio=1.1" + _repeatable(),
            }
            audio = container.add_stream("aac", rate=sample_rate_hz, layout="mono")
            audio.codec_context.bit_rate = AUDIO_BITS_PER_S

            heard = 0
            for number, picture in enumerate(pictures):
                shown_s = audio_lead_s + number / fps
                # The tracks grow side by side, as players want to read them.
                while heard < len(sound) and heard / sample_rate_hz <= shown_s:
                    heard = _encode_sound(container, audio, sound, heard, sample_rate_hz)
                frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
                frame.pts = round(shown_s * TIME_BASE_HZ)
                frame.time_base = video.codec_context.time_base
                container.mux(video.encode(frame))
            while heard < len(sound):
                heard = _encode_sound(container, audio, sound, heard, sample_rate_hz)
            container.mux(video.encode(None))
            container.mux(audio.encode(None))
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def _repeatable() -> str:
    """Keep x264 from AVX-512, with which it makes other bytes of the same pictures from one time to the next."""
    return ":asm=avx2" if torch.backends.cpu.get_cpu_capability() == "AVX512" else ""


def _encode_sound(
    container: av.container.OutputContainer,
    audio: av.AudioStream,
    sound: np.ndarray,
    first: int,
    sample_rate_hz: int,
) -> int:
    """Encode the next AAC_FRAME samples; returns the sample after them."""
    samples = np.ascontiguousarray(sound[None, first : first + AAC_FRAME], dtype=np.float32)
    frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
    frame.sample_rate = sample_rate_hz
    frame.pts = first
    frame.time_base = Fraction(1, sample_rate_hz)
    container.mux(audio.encode(frame))
    return first + samples.shape[1]
