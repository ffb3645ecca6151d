"""A head that is tilted, or a picture that lies wrongly, is named as the reason why no face is found."""

from __future__ import annotations

import numpy as np
import pytest

from iaca.data.faces.detection import NoFaceError, known_people, known_turn, with_found_faces
from iaca.data.faces.detectors import HaarDetector, LibFaceDetector
from iaca.data.faces.people import read_people
from iaca.data.faces.turned import MOST_PICTURES, Missed, Turn, best_turn, turned
from iaca.types import Recording
from tests.iaca.data.faces.test_detection import drawn_head, film
from tests.iaca.data.faces.test_detectors import needs_package

HEAD = drawn_head(240)
SIDEWAYS = {30: "rotate=30*PI/180", -45: "rotate=-45*PI/180", 90: "transpose=clock", -90: "transpose=cclock"}


@pytest.mark.parametrize("degrees", [30, 45, -45, 90, -90, 180])
def test_the_turn_is_told_that_shows_haar_a_tilted_face(degrees):
    picture = turned(HEAD, -degrees)
    assert not HaarDetector().detect(picture)
    turn = best_turn([picture, picture], HaarDetector())
    assert abs(turn.degrees - degrees) <= 15
    assert turn.found == turn.tried == 2


@needs_package
@pytest.mark.parametrize("degrees", [90, -90])
def test_a_picture_on_its_side_is_noticed_by_the_better_detector_too(degrees):
    picture = turned(np.hstack([HEAD, np.full((240, 120, 3), 120, np.uint8)]), -degrees)
    assert not LibFaceDetector().detect(picture)
    assert best_turn([picture], LibFaceDetector()).degrees == degrees


def test_no_turn_helps_where_there_is_no_face_or_in_too_few_pictures():
    blank, tilted = np.full((120, 160, 3), 90, np.uint8), turned(HEAD, -90)
    assert best_turn([blank], HaarDetector()) is None
    assert best_turn([blank, blank, tilted], HaarDetector()) is None
    assert best_turn([blank, tilted, tilted], HaarDetector()).found == 2
    assert best_turn([], HaarDetector()) is None


def test_a_turn_shows_the_whole_picture_and_back_again():
    assert turned(np.zeros((60, 100, 3), np.uint8), 90).shape == (100, 60, 3)
    corner = np.zeros((60, 100, 3), np.uint8)
    corner[:20, :20] = 200
    assert turned(corner, 90)[:20, -20:].min() == 200  # clockwise: top left goes to top right
    assert turned(corner, 180)[-20:, -20:].min() == 200


def test_pictures_that_are_turned_are_few_and_spread_over_all_that_are_missed():
    class Levels:
        name = "levels"

        def detect(self, picture):
            seen.add(int(picture.max()))
            return []

    missed, seen = Missed(), set()
    for level in range(200):
        missed.add(np.full((4, 4, 3), level, np.uint8), has_face=level < 40)
    assert missed.turn(Levels()) is None
    assert MOST_PICTURES // 2 <= len(seen) <= MOST_PICTURES
    assert min(seen) == 40
    assert max(seen) > 160


@pytest.mark.parametrize("has_face", [0.6, 1.0])
def test_where_most_pictures_have_a_face_none_is_turned(has_face):
    missed = Missed()
    for k in range(10):
        missed.add(turned(HEAD, 90), has_face=k < 10 * has_face)
    assert missed.turn(HaarDetector()) is None


@pytest.mark.parametrize("degrees", SIDEWAYS)
def test_who_looks_for_a_face_is_told_the_turn_now_and_later(tmp_path, degrees):
    video = film(tmp_path / "v.mp4", 16, lambda k: [], background=turned(drawn_head(240), -degrees)[:240, :240])
    recording = Recording("v", "v", None, video, None)
    for _ in range(2):
        with pytest.raises(
            NoFaceError, match=r"haar found no face in .*: in 4 of 4 frames without a face one is found"
        ) as told:
            with_found_faces(recording, [recording], HaarDetector(), tmp_path)
        way = "clockwise" if degrees > 0 else "counter-clockwise"
        assert f"turned by {abs(degrees)} degrees {way}: the head is tilted" in str(told.value)
        assert f"-vf {SIDEWAYS[degrees]} " in str(told.value)
    assert known_turn(recording, HaarDetector(), tmp_path) == Turn(degrees, 4, 4)


def test_an_older_list_of_people_without_a_turn_is_read(tmp_path):
    video = film(tmp_path / "v.mp4", 8, lambda k: [])
    known_people(video, HaarDetector(), tmp_path / "people")
    file = tmp_path / "people" / "people.json"
    file.write_text(file.read_text().replace(', "turn": null', ""))
    assert read_people(tmp_path / "people", video, "haar").turn is None
