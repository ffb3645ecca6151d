"""Simulated dropout: which clips lose a modality."""

from __future__ import annotations

import math

import numpy as np

from iaca.config import CLIP_FRAMES, DropoutConfig, DropoutPattern, DropoutUnit


def dropped_clips(config: DropoutConfig, frame: np.ndarray, pts_s: np.ndarray) -> np.ndarray:
    """Draw the clips that lose a modality.

    Source: Fig 3 of arXiv:2405.12853 replaces the spectrograms of a growing share of clips by zeros. Choice: with T
    clips, n = round(share * T) and rng = numpy.random.default_rng(seed): `scattered` takes the first n of
    rng.permutation(T), so a larger share contains a smaller one; `block` takes n in a row from
    floor((T - n) * rng.random()); `range` takes the clips whose last frame lies in the interval. With the unit
    `second`, whole seconds of the clock are drawn in the same way and every clip that touches one is dropped.

    Args:
        config: Share, pattern, seed and unit.
        frame: (T,) frame at which each clip ends.
        pts_s: (N,) presentation time of each frame, seconds.

    Returns:
        (T,) bool, true where the clip is dropped.

    Examples:
        >>> frame, pts_s = np.arange(0, 40, 4), np.arange(40) / 25
        >>> dropped_clips(DropoutConfig(share=0.3, pattern="block", seed=1), frame, pts_s).nonzero()[0].tolist()
        [3, 4, 5]
        >>> scattered = [dropped_clips(DropoutConfig(share=share), frame, pts_s) for share in (0.2, 0.6)]
        >>> [int(dropped.sum()) for dropped in scattered], bool((scattered[0] <= scattered[1]).all())
        ([2, 6], True)
        >>> span = DropoutConfig(pattern="range", start_s=0.5, end_s=1.0)
        >>> frame[dropped_clips(span, frame, pts_s)].tolist()
        [16, 20, 24]
    """
    ends_s = pts_s[frame]
    if config.pattern is DropoutPattern.RANGE:
        return (ends_s >= config.start_s) & (ends_s <= config.end_s)
    if config.unit is DropoutUnit.CLIP:
        return _draw(config, len(frame))
    if not len(frame):
        return np.zeros(0, bool)
    seconds = _draw(config, math.floor(pts_s[-1]) + 1)
    starts_s = pts_s[np.maximum(frame - (CLIP_FRAMES - 1), 0)]
    first, last = np.floor(starts_s).astype(int), np.floor(ends_s).astype(int)
    dropped_until = np.concatenate(([0], np.cumsum(seconds)))
    return dropped_until[last + 1] > dropped_until[first]


def _draw(config: DropoutConfig, count: int) -> np.ndarray:
    dropped = np.zeros(count, bool)
    number = round(config.share * count)
    rng = np.random.default_rng(config.seed)
    if config.pattern is DropoutPattern.SCATTERED:
        dropped[rng.permutation(count)[:number]] = True
    else:
        start = math.floor((count - number) * rng.random())
        dropped[start : start + number] = True
    return dropped
