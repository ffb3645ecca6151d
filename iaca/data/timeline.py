"""Frames of a recording: how many, when each is shown, and what is annotated."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from iaca.data.annotations import read_labels
from iaca.data.media import MediaError, fit_pts, probe
from iaca.types import Recording


class Timeline(NamedTuple):
    """Frames of a recording.

    Attributes:
        pts_s: (N,) float64, seconds from the first frame.
        valence: (N,) float32, NaN where not annotated.
        arousal: (N,) float32, NaN where not annotated.
        file_frames: Frames that the video really has.
        problems: What does not fit, one sentence each.
    """

    pts_s: np.ndarray
    valence: np.ndarray
    arousal: np.ndarray
    file_frames: int
    problems: tuple[str, ...]


def read_timeline(recording: Recording) -> Timeline:
    """Line up the labels of a recording with the times of its video.

    Choice: the label file says how many frames there are, else the test list, else the video. Containers are wrong by
    one or two in a fifth of Aff-Wild2.

    Raises:
        MediaError: There is no video, or it cannot be read.
        AnnotationError: The label file cannot be read.
    """
    if recording.video_file is None:
        raise MediaError(
            f"{recording.subject} has no video: expected a file {recording.video}.mp4 or .avi below the data roots"
        )
    pts_s = probe(recording.video_file).pts_s
    labels = read_labels(recording.label_file) if recording.label_file is not None else None
    num_frames, source = len(pts_s), "the video"
    if labels is not None:
        num_frames, source = len(labels.valence), recording.label_file.name
    elif recording.listed_frames is not None:
        num_frames, source = recording.listed_frames, "the test list"
    problems = ()
    if num_frames != len(pts_s):
        problems = (
            f"{source} has {num_frames} frames and {recording.video_file.name} has {len(pts_s)}: {num_frames} are used",
        )
    unknown = np.full(num_frames, np.nan, np.float32)
    return Timeline(
        pts_s=fit_pts(pts_s, num_frames),
        valence=unknown if labels is None else labels.valence,
        arousal=unknown if labels is None else labels.arousal,
        file_frames=len(pts_s),
        problems=problems,
    )
