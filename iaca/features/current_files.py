"""Whether a feature file is what extraction would write once more."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from iaca.checkpoints import BackboneFile
from iaca.config import AUDIO, TARGETS, VISUAL
from iaca.data.faces.detection import found_file, has_known_faces
from iaca.data.faces.detectors import FaceDetector
from iaca.data.timeline import labels_on_frames
from iaca.features.extraction import FOUND_BY
from iaca.features.feature_files import FeatureError, read_feature_header, read_feature_labels, read_feature_times
from iaca.files import fingerprint
from iaca.types import Recording

NO_FRAMES = np.zeros(0)
"""Times for label files that have a line a frame, and need none."""


def is_current(
    path: Path,
    recording: Recording,
    visual: BackboneFile,
    audio: BackboneFile,
    clip_stride: int,
    detector: FaceDetector | None = None,
) -> bool:
    """Whether a feature file need not be extracted again.

    It must be whole, made by these backbones at this stride, and agree with the recording in split, labels and video.
    Crops are not compared, but where faces were searched for, no crops may have been added since, and `detector`, where
    there is one, must be the one that found them, at the places where it is said since that the subject is.
    """
    try:
        header = read_feature_header(path)
        made_by = {modality: backbone.get("sha256") for modality, backbone in header["backbones"].items()}
        if header["clip_stride"] != clip_stride or made_by != {VISUAL: visual.sha256, AUDIO: audio.sha256}:
            return False
        found_by = [one.removeprefix(FOUND_BY) for one in header["problems"] if one.startswith(FOUND_BY)]
        if header["split"] != recording.split or (found_by and has_known_faces(recording)):
            return False
        if found_by and detector is not None:
            places = found_file(path.parent / "faces", recording, detector)
            if found_by != [detector.name] or _is_newer(places, path):
                return False
        return not _is_of_another_video(header["media"], recording) and _has_labels_of(path, recording)
    except FeatureError:
        return False


def _is_newer(file: Path, than: Path) -> bool:
    return file.is_file() and file.stat().st_mtime_ns > than.stat().st_mtime_ns


def _is_of_another_video(known: str, recording: Recording) -> bool:
    """Whether the features are known to come from another video file."""
    if not known or recording.video_file is None:
        return False
    try:
        return fingerprint(recording.video_file) != known
    except OSError:
        return False


def _has_labels_of(path: Path, recording: Recording) -> bool:
    stored = read_feature_labels(path)
    if recording.label_file is None:
        return not any(np.isfinite(getattr(stored, target)).any() for target in TARGETS)
    now = labels_on_frames(recording, read_feature_times(path) if recording.label_form else NO_FRAMES)
    return now is not None and all(np.array_equal(getattr(stored, t), getattr(now, t), equal_nan=True) for t in TARGETS)
