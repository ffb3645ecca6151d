"""The sound that an audio backbone hears where noise is added, as a file that can be played."""

from __future__ import annotations

import os
import wave
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from iaca.config import CorruptionConfig
from iaca.data.media.sound import SAMPLE_RATE_HZ, read_audio
from iaca.features.noise_and_blur import CorruptionError, with_noise
from iaca.files import written_beside

BLOCK = 2**20
"""Samples that are held at a time."""

LOUDEST = 32_767
"""Largest sample of a 16-bit file."""


def write_noisy_sound(video: str | os.PathLike[str], config: CorruptionConfig, path: str | os.PathLike[str]) -> None:
    """Write the sound of a video with noise added: 16-bit mono at 44.1 kHz, whose sample 0 sounds with the first frame.

    Noise that would be clipped makes the whole file softer: the signal-to-noise ratio stays what it is.

    Args:
        video: The video.
        config: Kind, strength, seed and span of the noise.
        path: The file, whole or not there.

    Raises:
        CorruptionError: The video has no sound.
        MediaError: The video cannot be read.
        OSError: The file cannot be written.
    """
    track = read_audio(video)
    if track is None:
        raise CorruptionError(f"{Path(video)} has no sound; expected some to add noise to")
    samples = with_noise(track, config).samples

    def blocks() -> Iterator[np.ndarray]:
        for start in range(0, len(samples), BLOCK):
            yield samples[start : start + BLOCK]
            track.release()

    loudest = max((float(np.abs(block).max()) for block in blocks()), default=0.0)
    scale = LOUDEST / max(1.0, loudest)
    with written_beside(path) as beside, wave.open(str(beside), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(SAMPLE_RATE_HZ)
        for block in blocks():
            file.writeframes(np.round(block * scale).astype("<i2").tobytes())
