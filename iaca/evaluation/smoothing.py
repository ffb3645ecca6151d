"""Smoothing of predictions for scores and for the challenge's files."""

from __future__ import annotations

from enum import StrEnum

import numpy as np
from scipy.ndimage import uniform_filter1d

from iaca.config import AROUSAL, VALENCE

SMOOTHING_FRAMES = {VALENCE: 20, AROUSAL: 50}
"""Length of the authors' moving mean, frames."""


class Postprocess(StrEnum):
    """How a curve continues beyond its ends: with its `nearest` value, or with zeros as the `authors` do."""

    NEAREST = "nearest"
    AUTHORS = "authors"


def postprocess(prediction: np.ndarray, target: str, authors: bool = False) -> np.ndarray:
    """Clip to [-1, 1] and smooth with a moving mean.

    Source: the authors' released code: 20 frames for valence, 50 for arousal. Deviates: their code pads with zeros,
    which halves the curve at both ends of every video; this one repeats the nearest value.

    Args:
        prediction: (N,), one value per frame; NaN where there is none, which stays NaN and does not spread.
        target: valence or arousal.
        authors: Whether to pad with zeros, as the authors do.

    Returns:
        (N,) float64 in [-1, 1].
    """
    clipped = np.clip(np.asarray(prediction, np.float64), -1, 1)
    known = np.isfinite(clipped)
    size = SMOOTHING_FRAMES[target]
    mode = "constant" if authors else "nearest"
    values = uniform_filter1d(np.where(known, clipped, 0.0), size, mode=mode)
    weight = uniform_filter1d(known.astype(np.float64), size, mode="nearest")
    return np.where(known, np.clip(values / np.maximum(weight, 1 / size), -1, 1), np.nan)
