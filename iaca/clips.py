"""Arithmetic of frames, clips and windows; no file is read.

A clip ends at a frame, to which its label and its prediction belong. A window is a row of clips whose ends lie 32
frames apart, so a feature file with `clip_stride` s holds 32 / s interleaved phases.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from iaca.config import CLIP_FRAMES, WINDOW_CLIPS, member_of
from iaca.config.checks import check_clip_stride
from iaca.config.vocabulary import CLIP_PICTURES


class Windows(StrEnum):
    """How clips are cut into windows: `overlap` moves the last window back, `authors` pads after the end."""

    OVERLAP = "overlap"
    AUTHORS = "authors"


@dataclass(frozen=True)
class WindowPlan:
    """Which clips are in which window.

    Attributes:
        index: (B, L) int64, the clip at each place of each window; -1 for an empty place.
        keep: (B, L) bool, whether the prediction at this place counts for its clip.
    """

    index: np.ndarray
    keep: np.ndarray


def edges_s(pts_s: np.ndarray) -> np.ndarray:
    """When frames begin and end: a frame lasts until the next one, the last as long as the one before it.

    Args:
        pts_s: (N,) seconds, ascending.

    Returns:
        (N + 1,) seconds.

    Examples:
        >>> edges_s(np.array([0.0, 0.5, 0.75])).tolist()
        [0.0, 0.5, 0.75, 1.0]
    """
    interval_s = pts_s[-1] - pts_s[-2] if len(pts_s) > 1 else 0.0
    return np.append(pts_s, pts_s[-1] + interval_s if len(pts_s) else 0.0)


def clip_ends(num_frames: int, clip_stride: int) -> np.ndarray:
    """Frames at which clips end: 0, s, 2s, ... below the number of frames.

    Args:
        num_frames: N, at least 0.
        clip_stride: s, frames between the ends of neighbouring clips: 1, 2, 4, 8, 16 or 32.

    Returns:
        (T,) int32, ascending.

    Raises:
        ConfigError: `clip_stride` does not divide 32.

    Examples:
        >>> clip_ends(20, 8).tolist()
        [0, 8, 16]
    """
    check_clip_stride(clip_stride)
    return np.arange(0, num_frames, clip_stride, dtype=np.int32)


def clip_frame_indices(end: int) -> np.ndarray:
    """The eight frames whose pictures represent the clip that ends at `end`.

    They are every 4th of its 32 frames. Where the recording has fewer frames up to `end`, they are every 3rd, every 2nd
    or all; with fewer than eight, the last one is repeated.

    Args:
        end: Last frame of the clip, at least 0.

    Returns:
        (8,) int64, ascending, each from 0 to `end`.

    Examples:
        >>> clip_frame_indices(100).tolist()
        [72, 76, 80, 84, 88, 92, 96, 100]
        >>> clip_frame_indices(23).tolist()
        [2, 5, 8, 11, 14, 17, 20, 23]
        >>> clip_frame_indices(2).tolist()
        [0, 1, 2, 2, 2, 2, 2, 2]
    """
    present = min(CLIP_FRAMES, end + 1)
    step = present // CLIP_PICTURES
    if step == 0:
        return np.minimum(end - present + 1 + np.arange(CLIP_PICTURES), end)
    return end - step * np.arange(CLIP_PICTURES - 1, -1, -1)


def plan_windows(
    num_clips: int, clip_stride: int, clips: int = WINDOW_CLIPS, windows: Windows | str = Windows.OVERLAP
) -> WindowPlan:
    """Cut the clips of a subject into windows so that every clip is predicted exactly once.

    Source: the authors use windows of 16 clips, 32 frames apart. Choice: where a phase is not a multiple of `clips`,
    its last window moves back to end at its last clip, and places already predicted are not kept; a phase shorter
    than a window has its empty places first. `windows="authors"` leaves empty places after the end instead.

    Args:
        num_clips: T, at least 0.
        clip_stride: Frames between neighbouring clips: 1, 2, 4, 8, 16 or 32.
        clips: L, clips in a window.
        windows: How a phase that is not a multiple of `clips` ends.

    Returns:
        The plan; each clip is kept in exactly one place.

    Raises:
        ConfigError: `clip_stride` does not divide 32, or there is no such way of cutting windows.

    Examples:
        Six clips in windows of four: the last window moves back, and clips 2 and 3 count in the first window only.

        >>> plan = plan_windows(6, clip_stride=32, clips=4)
        >>> plan.index.tolist()
        [[0, 1, 2, 3], [2, 3, 4, 5]]
        >>> plan.keep[1].tolist()
        [False, False, True, True]

        At a stride of 16 frames, even and odd clips are windows of their own, since a window's clips lie 32 apart:

        >>> plan_windows(6, clip_stride=16, clips=4).index.tolist()
        [[-1, 0, 2, 4], [-1, 1, 3, 5]]
    """
    check_clip_stride(clip_stride)
    authors = member_of(Windows, "windows", windows) is Windows.AUTHORS
    step = CLIP_FRAMES // clip_stride
    rows, keeps = [], []
    for phase in range(min(step, num_clips)):
        members = np.arange(phase, num_clips, step)
        for start in range(0, len(members), clips):
            chunk = members[start : start + clips]
            missing = clips - len(chunk)
            keep = np.ones(clips, bool)
            if missing and authors:
                chunk = np.concatenate((chunk, np.full(missing, -1)))
                keep = chunk >= 0
            elif missing and start:
                chunk = members[-clips:]
                keep[:missing] = False
            elif missing:
                chunk = np.concatenate((np.full(missing, -1), chunk))
                keep = chunk >= 0
            rows.append(chunk)
            keeps.append(keep)
    if not rows:
        return WindowPlan(np.zeros((0, clips), np.int64), np.zeros((0, clips), bool))
    return WindowPlan(np.stack(rows).astype(np.int64), np.stack(keeps))
