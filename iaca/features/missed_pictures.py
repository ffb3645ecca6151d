"""Small pictures of a video in which no face was found, kept beside its features."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from iaca.data.media.video import iterate_frames
from iaca.features.face_yield import is_poor, missed_frames
from iaca.files import write_whole
from iaca.types import Features

PICTURES = 4
HEIGHT = 120
"""Pixels."""


def keep_missed(video: Path, features: Features, folder: Path) -> None:
    """Keep pictures of the longest spans without a face, where they are many; those of before are removed.

    Args:
        video: The video.
        features: Its features.
        folder: Where the pictures go.

    Raises:
        MediaError: The video cannot be read.
        OSError: They cannot be written.
    """
    for file in folder.glob("missed-*.jpg"):
        file.unlink()
    if not is_poor(features):
        return
    wanted = np.zeros(len(features.pts_s), bool)
    wanted[missed_frames(features, PICTURES)] = True
    last = int(np.flatnonzero(wanted)[-1])
    for frame, picture in iterate_frames(video, wanted):
        write_whole(picture_file(folder, frame), _jpeg(picture))
        if frame >= last:
            break


def picture_file(folder: Path, frame: int) -> Path:
    """Where the picture of a frame is kept."""
    return folder / f"missed-{frame}.jpg"


def _jpeg(picture: np.ndarray) -> bytes:
    height, width = picture.shape[:2]
    small = cv2.resize(picture, (max(1, round(width * HEIGHT / height)), HEIGHT), interpolation=cv2.INTER_AREA)
    return cv2.imencode(".jpg", cv2.cvtColor(small, cv2.COLOR_RGB2BGR))[1].tobytes()
