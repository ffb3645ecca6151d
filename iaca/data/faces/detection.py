"""Finding faces in a video that comes without crops: one small interface, two detectors, one tracker."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import pandas as pd

from iaca.data.faces.crops import CropError
from iaca.data.faces.places import COLUMNS, Faces, FacesError, read_faces_csv
from iaca.data.faces.tracks import STEP_FRAMES, Detection, Tracker, assign, fill
from iaca.data.media.container import MediaError
from iaca.data.media.video import iterate_frames
from iaca.files import write_whole
from iaca.types import Progress, Recording, no_progress

YUNET_VARIABLE = "IACA_YUNET"
"""Environment variable that names a YuNet file (face_detection_yunet_*.onnx of the OpenCV model zoo)."""

DETECTION_SIDE = 480
"""Pixels: larger pictures are scaled down to this before detection; faces of the usual size are still found."""

CROP_MARGIN = {"haar": 1.15, "yunet": 1.25}
"""Side of a crop over the longer side of what a detector returns."""


class NoFaceError(CropError):
    """A detector has looked and found no face: the message names the video and the detector."""


class FaceDetector(Protocol):
    """Anything that finds faces. `name` is written into feature files and shown on the page."""

    name: str

    def detect(self, picture: np.ndarray) -> list[Detection]:
        """Faces in an RGB picture (H, W, 3) uint8, in its own pixels."""


class HaarDetector:
    """Frontal faces by the cascade that ships with OpenCV: no other file needed, no roll, misses turned heads."""

    name = "haar"

    def __init__(self) -> None:
        import cv2.data

        file = Path(cv2.data.haarcascades) / "haarcascade_frontalface_alt2.xml"
        self._cascade = cv2.CascadeClassifier(str(file))
        if self._cascade.empty():
            raise FacesError(f"{file} is missing; expected it in opencv-python-headless 4.x: install it again")

    def __reduce__(self) -> tuple[type[HaarDetector], tuple[()]]:
        return type(self), ()  # a cascade cannot be sent to another process, its name can

    def detect(self, picture: np.ndarray) -> list[Detection]:
        """See `FaceDetector`."""
        import cv2

        small, scale = _smaller(picture)
        grey = cv2.equalizeHist(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
        boxes, _, weights = self._cascade.detectMultiScale3(
            grey, scaleFactor=1.1, minNeighbors=4, minSize=(24, 24), outputRejectLevels=True
        )
        return [
            Detection((x + w / 2) / scale, (y + h / 2) / scale, CROP_MARGIN["haar"] * max(w, h) / scale, 0.0, float(s))
            for (x, y, w, h), s in zip(boxes, weights, strict=True)
        ]


class YuNetDetector:
    """Faces with five landmarks by OpenCV's YuNet, from a model file that the user brings.

    Args:
        file: face_detection_yunet_2023mar.onnx or another edition of it.

    Raises:
        FacesError: The file is missing or not a YuNet model.
    """

    name = "yunet"

    def __init__(self, file: str | os.PathLike[str]) -> None:
        import cv2

        if not Path(file).is_file():
            raise FacesError(
                f"{file} does not exist; expected face_detection_yunet_2023mar.onnx of the OpenCV model zoo"
            )
        try:
            self._network = cv2.FaceDetectorYN.create(str(file), "", (320, 320), score_threshold=0.6)
        except cv2.error as error:
            raise FacesError(
                f"{file} is not a YuNet model ({error.err}); expected face_detection_yunet_*.onnx"
            ) from error
        self._file = os.path.abspath(file)

    def __reduce__(self) -> tuple[type[YuNetDetector], tuple[str]]:
        return type(self), (self._file,)

    def detect(self, picture: np.ndarray) -> list[Detection]:
        """See `FaceDetector`."""
        import cv2

        small, scale = _smaller(picture)
        self._network.setInputSize((small.shape[1], small.shape[0]))
        _, rows = self._network.detect(cv2.cvtColor(small, cv2.COLOR_RGB2BGR))
        found = []
        for row in () if rows is None else rows:
            x, y, w, h = row[:4]
            # The person's right eye comes first: it is on the left of the screen.
            roll = np.degrees(np.arctan2(row[7] - row[5], row[6] - row[4]))
            size = CROP_MARGIN["yunet"] * max(w, h) / scale
            found.append(Detection((x + w / 2) / scale, (y + h / 2) / scale, size, float(roll), float(row[14])))
        return found


def choose_detector(yunet_file: str | os.PathLike[str] | None = None) -> FaceDetector:
    """YuNet where a file is given or named by IACA_YUNET, else Haar.

    Raises:
        FacesError: The file is missing or not a YuNet model.
    """
    file = yunet_file or os.environ.get(YUNET_VARIABLE)
    return YuNetDetector(file) if file else HaarDetector()


def find_faces(
    video: str | os.PathLike[str],
    subjects: Sequence[str],
    detector: FaceDetector,
    *,
    frames: int | None = None,
    progress: Progress = no_progress,
) -> dict[str, Faces]:
    """Follow the faces of a video: the main one, or as many as there are subjects, in their order on screen.

    Every fourth frame is searched. Detections near each other become a track, which ends at a cut; the track, or
    tracks, with the most picture are kept. Between detections a face moves on a line, and where it is lost for over a
    second it is missing. Where fewer people are found than there are subjects, their places tell who they are.

    Args:
        video: The video.
        subjects: Names, from left to right on screen; usually one, or NAME_left and NAME_right.
        detector: What finds faces.
        frames: How many frames from the start are searched; None: all.
        progress: Called after every fourth frame with how many of `frames` are searched.

    Returns:
        Subject -> places; with no frame at all for a subject that was not found.

    Raises:
        MediaError: The video cannot be read.
        FacesError: Fewer people were found than there are subjects, and one of them could be either of two.
    """
    last = -1
    tracker = Tracker()
    for frame, picture in iterate_frames(video):
        if frames is not None and frame >= frames:
            break
        last = frame
        if frame % STEP_FRAMES == 0:
            tracker.add(frame, picture, detector.detect(picture))
            searched = frame + STEP_FRAMES
            progress(searched if frames is None else min(searched, frames), frames or 0)
    try:
        found = assign(tracker.people(), subjects, tracker.width)
    except FacesError as error:
        raise FacesError(f"{video}: {error}") from None
    return {subject: fill(found.get(subject, []), last) for subject in subjects}


def screen_order(subjects: Sequence[str]) -> list[str]:
    """Subjects of one video from left to right: NAME_left, NAME, NAME_right."""
    return sorted(subjects, key=lambda name: (name.endswith("_right"), not name.endswith("_left"), name))


def people_on_screen(recordings: Iterable[Recording]) -> list[str]:
    """Names of the people of one video from left to right, also of those of whom it is known only that they are there.

    Args:
        recordings: Of the video. Where they have a `person`, it tells the places; else the names do.
    """
    places = {one.person: one.subject for one in recordings if one.person}
    if places:
        return [places.get(k, f"person {k} from the left") for k in range(1, max(2, *places) + 1)]
    return screen_order(sorted({one.subject for one in recordings}))


def write_faces_csv(path: str | os.PathLike[str], faces: Mapping[str, Faces]) -> None:
    """Write places of faces, whole or not at all, in the form that `read_faces_csv` reads.

    Raises:
        OSError: The file cannot be written.
    """
    tables = [
        pd.DataFrame({"subject": subject, **{n: getattr(f, n) for n in COLUMNS[1:]}}, columns=list(COLUMNS))
        for subject, f in faces.items()
    ]
    buffer = io.StringIO()
    pd.concat(tables).to_csv(buffer, index=False, float_format="%.2f")
    write_whole(path, buffer.getvalue().encode())


def has_known_faces(recording: Recording) -> bool:
    """Whether faces are given, as crops or as places in faces.csv."""
    return bool(recording.crop_folders) or recording.faces_file is not None


def with_found_faces(
    recording: Recording, others: Iterable[Recording], detector: FaceDetector, folder: Path
) -> Recording:
    """The recording with a faces.csv of its own, from an earlier run or detected now.

    Args:
        recording: The subject to find.
        others: All recordings: people in the same video are distinguished by their order on screen.
        detector: What finds faces.
        folder: Where `<subject>.<detector>.csv` is kept.

    Raises:
        MediaError: There is no video, or it cannot be read.
        NoFaceError: No face was found.
        FacesError: It cannot be told who of several people was found.
    """
    path = folder / f"{recording.subject}.{detector.name}.csv"
    if not _has_places(path, recording.subject):
        if recording.video_file is None:
            raise MediaError(f"{recording.subject} has no video; expected {recording.video}.mp4 or .avi")
        subjects = people_on_screen([recording, *(r for r in others if r.video == recording.video)])
        faces = find_faces(recording.video_file, subjects, detector)
        found = faces[recording.subject]
        if not len(found.frame):
            there = [name for name in subjects if len(faces[name].frame)]
            count = f" ({len(there)} of {len(subjects)} people were found: {', '.join(there)})" if there else ""
            raise NoFaceError(
                f"{recording.subject} has no crops, and {detector.name} found no face in {recording.video_file}{count}"
            )
        write_faces_csv(path, {recording.subject: found})
    return recording._replace(faces_file=path)


def _has_places(file: Path, subject: str) -> bool:
    """Whether a file of found faces is there, whole, and of a subject; any other is made again."""
    try:
        return subject in read_faces_csv(file)
    except (FacesError, OSError):
        return False


def _smaller(picture: np.ndarray) -> tuple[np.ndarray, float]:
    import cv2

    scale = min(1.0, DETECTION_SIDE / max(picture.shape[:2]))
    if scale == 1:
        return picture, scale
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA), scale
