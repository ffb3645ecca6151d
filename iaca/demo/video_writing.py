"""Writing a recording of the synthetic corpus as H.264 and AAC in mp4."""

from __future__ import annotations

import os
from collections.abc import Iterable
from fractions import Fraction

import numpy as np

from iaca.data.media.writing import Sound, open_mp4

GOP_FRAMES = 12
"""Pictures between key frames: the most that a seek decodes."""

AUDIO_BITS_PER_S = 36_000
TICKS_PER_S = 12_800
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
    """Encode a recording; the file appears whole or not at all.

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
    with open_mp4(
        path,
        width=video_size,
        height=video_size,
        rate=Fraction(fps).limit_denominator(1001),
        # Drawn pictures, and key frames so close to each other that they need no more bits than the others.
        options={
            "crf": str(crf),
            "preset": preset,
            "tune": "animation",
            "x264-params": "ipratio=1.1",
        },
        sound=Sound(sound, sample_rate_hz, AUDIO_BITS_PER_S),
        gop_frames=GOP_FRAMES,
        ticks_per_s=TICKS_PER_S,
        # One thread: recordings are encoded side by side, and the same pictures give the same bytes.
        threads=1,
    ) as writer:
        for number, picture in enumerate(pictures):
            writer.add(picture, audio_lead_s + number / fps)
