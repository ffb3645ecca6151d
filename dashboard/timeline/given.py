"""What the models get in place of the recording: noise on the sound, and blur over the picture."""

from __future__ import annotations

from typing import NamedTuple


class Noise(NamedTuple):
    """Noise on the sound.

    Attributes:
        sound: Address of the whole sound with it, on the clock of the frames.
        kind: white or pink.
        snr_db: Its signal-to-noise ratio, dB.
        span: (start, end) in seconds.
    """

    sound: str
    kind: str
    snr_db: float
    span: tuple[float, float]


class Blur(NamedTuple):
    """Blur of the face.

    Attributes:
        sd_px: Standard deviation, pixels of the 112-pixel crop.
        crop_side_px: Median side of that crop, pixels of the video; None where it is not known.
        span: (start, end) in seconds.
    """

    sd_px: float
    crop_side_px: float | None
    span: tuple[float, float]


class Given(NamedTuple):
    """What the models get in place of the recording, beside the clips that bands say are dropped."""

    noise: Noise | None = None
    blur: Blur | None = None
