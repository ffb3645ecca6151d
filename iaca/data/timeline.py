"""The frames of a recording: how many there are, when each is shown, and its labels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from iaca.config import CLIP_FRAMES
from iaca.data.annotations import Labels, read_labels
from iaca.data.media.container import MediaError
from iaca.data.media.video import LONGEST_CLIP_S, fit_pts, probe
from iaca.data.ratings import read_ratings
from iaca.types import Recording


class Timeline(NamedTuple):
    """Frames of a recording.

    Attributes:
        pts_s: (N,) float64, seconds from the first frame.
        valence: (N,) float32, NaN where not annotated.
        arousal: (N,) float32, NaN where not annotated.
        problems: What does not fit, one sentence each.
    """

    pts_s: np.ndarray
    valence: np.ndarray
    arousal: np.ndarray
    problems: tuple[str, ...]


def labels_on_frames(recording: Recording, pts_s: np.ndarray) -> Labels | None:
    """The labels of a recording, in whatever form its files have them.

    Args:
        recording: The subject and its files.
        pts_s: (M,) float64, when each frame of its video is shown, from the first one. Label files of Aff-Wild2 have a
            line a frame and need no times.

    Returns:
        One value per frame and target, or None without label files.

    Raises:
        AnnotationError: A label file cannot be read.
    """
    if recording.label_form is not None:
        return read_ratings(recording.label_form, pts_s)
    return None if recording.label_file is None else read_labels(recording.label_file)


def read_timeline(recording: Recording) -> Timeline:
    """Line up the labels of a recording with the times of its video.

    Choice: the label file says how many frames there are where it has a line for each, else the test list, else the
    video. In a fifth of Aff-Wild2 the container is off by one or two frames.

    Raises:
        MediaError: There is no video, or it cannot be read.
        AnnotationError: The label file cannot be read.
    """
    if recording.video_file is None:
        raise MediaError(
            f"{recording.subject} has no video: expected a file {recording.video}.mp4 or .avi below the data roots"
        )
    info = probe(recording.video_file)
    pts_s = info.pts_s
    labels = labels_on_frames(recording, pts_s)
    num_frames, source = len(pts_s), "the video"
    if labels is not None and recording.label_file is not None:
        num_frames, source = len(labels.valence), recording.label_file.name
    elif recording.listed_frames is not None:
        num_frames, source = recording.listed_frames, "the test list"
    problems = [*info.remarks, *([labels.remark] if labels is not None and labels.remark else [])]
    if num_frames != len(pts_s):
        problems.append(
            f"{source} has {num_frames} frames and {recording.video_file.name} has {len(pts_s)}: {num_frames} are used"
        )
    fitted_s = fit_pts(pts_s, num_frames)
    jumps = int((_clip_lengths_s(fitted_s) > LONGEST_CLIP_S).sum())
    if jumps:
        problems.append(
            f"{recording.video_file.name} has timestamps that jump: {jumps} clips span over {LONGEST_CLIP_S:g} s and "
            "count as without sound"
        )
    unknown = np.full(num_frames, np.nan, np.float32)
    return Timeline(
        pts_s=fitted_s,
        valence=unknown if labels is None else labels.valence,
        arousal=unknown if labels is None else labels.arousal,
        problems=tuple(problems),
    )


def _clip_lengths_s(pts_s: np.ndarray) -> np.ndarray:
    """From the first to the last frame of the clip that ends at each frame."""
    first = np.maximum(np.arange(len(pts_s)) - CLIP_FRAMES + 1, 0)
    return pts_s - pts_s[first]
