"""What a synthetic person feels, and what raters make of it.

Feelings are smooth random paths. Raters see them late, disagree, and leave some spans out, as in real data: a label
says what was felt a moment ago.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d
from scipy.signal import lfilter

RATERS = 4
RATER_LAG_S = (0.2, 0.6)
RATER_NOISE = 0.12
RATER_BIAS = 0.05

EMOTION_MEMORY_S = 2.2
"""Default time after which a feeling has forgotten 63 % of where it was: that of acted, elicited material."""

EMOTION_SMOOTHING_S = 0.5
EMOTION_SPREAD = 0.5


def drift(
    rng: np.random.Generator, frames: int, fps: float, *, time_constant_s: float, smoothing_s: float = 0.16
) -> np.ndarray:
    """A smoothed Ornstein-Uhlenbeck path.

    Args:
        rng: Source of the draw.
        frames: N, at least 1.
        fps: Frames a second.
        time_constant_s: After this time the path has forgotten 63 % of where it was.
        smoothing_s: Width (sd) of the Gaussian that smooths it.

    Returns:
        (N,) float64 with mean 0 and variance about 1 before smoothing.
    """
    keep = np.exp(-1 / (time_constant_s * fps))
    steps = rng.normal(size=frames) * np.sqrt(1 - keep * keep)
    path = lfilter([1.0], [1.0, -keep], steps, zi=[keep * rng.normal()])[0]
    return gaussian_filter1d(path, fps * smoothing_s, mode="nearest")


def emotion_path(rng: np.random.Generator, frames: int, fps: float, memory_s: float = EMOTION_MEMORY_S) -> np.ndarray:
    """How valence, or arousal, moves through a video.

    Choice: tanh of a drift plus an offset for the whole video; its standard deviation over videos is 0.4 to 0.5.

    Args:
        rng: Source of the draw.
        frames: N, at least 1.
        fps: Frames a second.
        memory_s: Time constant of the drift, above 0.

    Returns:
        (N,) float64 in (-1, 1).
    """
    path = drift(rng, frames, fps, time_constant_s=memory_s, smoothing_s=EMOTION_SMOOTHING_S)
    return np.tanh(1.15 * EMOTION_SPREAD * (1.15 * path + rng.normal(0, 0.5)))


def rate(rng: np.random.Generator, felt: np.ndarray, fps: float) -> np.ndarray:
    """The mean of four raters who follow a feeling, each late by 0.2 to 0.6 s and in their own way.

    Args:
        rng: Source of the draw.
        felt: (N,) in [-1, 1].
        fps: Frames a second.

    Returns:
        (N,) float64 in [-1, 1], to three decimals.
    """
    frame = np.arange(len(felt))
    ratings = []
    for _ in range(RATERS):
        late = frame - rng.uniform(*RATER_LAG_S) * fps
        seen = np.interp(late, frame, felt)
        wobble = RATER_NOISE * drift(rng, len(felt), fps, time_constant_s=0.8)
        ratings.append(rng.normal(0, RATER_BIAS) + rng.uniform(0.9, 1.1) * seen + wobble)
    return np.round(np.clip(np.mean(ratings, axis=0), -1, 1), 3)


def unannotated_spans(rng: np.random.Generator, frames: int, fps: float) -> np.ndarray:
    """Frames that no rater annotated: one or two spans of 0.4 to 2 s in most videos, at most a tenth of a video.

    Args:
        rng: Source of the draw.
        frames: N, at least 1.
        fps: Frames a second.

    Returns:
        (N,) bool, true where not annotated.
    """
    missing = np.zeros(frames, bool)
    for _ in range(int(rng.choice(3, p=[0.3, 0.4, 0.3]))):
        length = int(min(rng.uniform(0.4, 2.0) * fps, frames / 20))
        start = int(rng.integers(0, max(1, frames - length)))
        missing[start : start + length] = True
    return missing
