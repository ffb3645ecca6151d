"""Everybody who is seen in a video is kept with a picture, and a user says who is meant."""

from __future__ import annotations

import numpy as np
import pytest

from iaca.data.faces.detection import find_people, known_people
from iaca.data.faces.people import LIST, about_several, picture_file, places_of, read_people
from iaca.data.faces.places import FacesError
from iaca.data.faces.tracks import Detection, Tracker
from tests.iaca.data.faces.test_tracks import CYAN, DAY, NIGHT, YELLOW, BrightSquares, background, film

LEFT, RIGHT = (80, 90, 60, YELLOW), (240, 90, 40, CYAN)


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """Two people side by side, the right one for half of the time."""
    return film(tmp_path_factory.mktemp("people") / "a.mp4", [(40, NIGHT, [LEFT, RIGHT]), (40, NIGHT, [LEFT])])


def test_everybody_is_listed_with_times_share_score_and_the_right_face(pair):
    first, second = find_people(pair, BrightSquares())
    assert [(one.number, round(one.score, 2)) for one in (first, second)] == [(1, 1.0), (2, 1.0)]
    assert (first.first_s, first.last_s, first.share) == pytest.approx((0, 79 / 25, 1))
    assert (second.first_s, second.last_s, second.share) == pytest.approx((0, 39 / 25, 0.5))
    for one, colour in ((first, YELLOW), (second, CYAN)):
        assert np.abs(one.picture[40:72, 40:72].astype(int) - colour).max() < 30
    assert second.facts == "0:00.0 to 0:01.6, 50% of frames, score 1.00"


def test_people_are_kept_for_their_video_and_detector_and_looked_for_again_otherwise(pair, tmp_path):
    class Blind(BrightSquares):
        def detect(self, picture):
            pytest.fail("it was looked for again")

    found = known_people(pair, BrightSquares(), tmp_path)
    again = known_people(pair, Blind(), tmp_path)
    assert [one[:5] for one in again.people] == [one[:5] for one in found.people]
    assert again.people[1].picture.shape == (112, 112, 3)
    early = read_people(tmp_path, pair, "squares", 20)
    assert [one.faces.frame.max() for one in early.people] == [19, 19]
    assert read_people(tmp_path, pair, "squares", 81) is None
    assert read_people(tmp_path, pair, "haar") is None
    other = film(tmp_path / "b.mp4", [(12, NIGHT, [LEFT])])
    assert read_people(tmp_path, other, "squares") is None
    assert len(known_people(other, BrightSquares(), tmp_path).people) == 1
    assert not picture_file(tmp_path, 2).exists()


@pytest.mark.parametrize("content", ["", "{", "[]", '{"frames": 1}'])
def test_a_damaged_list_is_no_list(pair, tmp_path, content):
    known_people(pair, BrightSquares(), tmp_path)
    (tmp_path / LIST).write_text(content)
    assert read_people(tmp_path, pair, "squares") is None


def test_nobody_is_kept_too(tmp_path):
    empty = film(tmp_path / "a.mp4", [(12, NIGHT, [])])
    assert known_people(empty, BrightSquares(), tmp_path).people == ()
    assert read_people(tmp_path, empty, "squares") == ((), None, 12)


def test_whom_a_cut_has_split_a_user_puts_together_and_unknown_numbers_are_refused(tmp_path):
    one, moved = (80, 90, 60, YELLOW), (250, 90, 60, YELLOW)
    people = find_people(film(tmp_path / "a.mp4", [(40, NIGHT, [one]), (40, DAY, [moved])]), BrightSquares())
    assert len(people) == 2  # at another place after a cut: who it is stays open
    whole = places_of(people, (1, 2))
    assert whole.frame.tolist() == sorted({*people[0].faces.frame.tolist(), *people[1].faces.frame.tolist()})
    assert abs(whole.x[10] - 80) < 3
    assert abs(whole.x[-10] - 250) < 3
    for numbers in ((3,), (0,), (1, 7), ()):
        with pytest.raises(FacesError, match="expected a number from 1 to 2"):
            places_of(people, numbers)
    assert about_several(people, (2, 1)) == "2 people were found; the features are of number 2 and 1, as chosen"
    assert about_several(people[:1], (1,)) == ""


@pytest.mark.parametrize(("seen", "score", "people"), [(2, 1.0, 0), (3, 1.0, 1), (9, 0.1, 0), (9, 0.3, 1)])
def test_what_is_seen_seldom_or_uncertainly_is_nobody(seen, score, people):
    tracker = Tracker()
    for k in range(12):
        tracker.add(4 * k, background(NIGHT), [Detection(50, 50, 40, 0, score)] if k < seen else [])
    assert len(tracker.people()) == people


def test_a_patch_that_flickers_is_nobody():
    tracker = Tracker()
    for k in range(0, 49):
        tracker.add(4 * k, background(NIGHT), [Detection(50, 50, 40, 0, 0.7)] if k % 6 == 0 else [])
    assert tracker.people() == []
