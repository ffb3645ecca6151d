"""Who is who in a video: by place, never across a cut to somebody else, and never by a guess."""

from __future__ import annotations

import av
import cv2
import numpy as np
import pytest

from iaca.data.faces.detection import NoFaceError, find_faces, screen_order, with_found_faces
from iaca.data.faces.places import FacesError, read_faces_csv
from iaca.data.faces.tracks import Detection, Tracker, assign, fill
from iaca.types import Recording

WIDTH, HEIGHT = 320, 180
WHITE, YELLOW, CYAN = (230, 230, 230), (250, 250, 20), (20, 250, 250)
NIGHT, DAY = 0, 1


class BrightSquares:
    """A detector of bright squares on a darker background."""

    name = "squares"

    def detect(self, picture):
        mask = (picture.max(axis=2) > 200).astype(np.uint8)
        count, _, stats, centres = cv2.connectedComponentsWithStats(mask)
        return [Detection(*centres[i], max(stats[i][2:4]), 0.0, 1.0) for i in range(1, count) if stats[i][4] > 400]


def background(place):
    """Two places that look different: stripes across, or down."""
    stripes = np.indices((HEIGHT, WIDTH))[place] // 40 % 2 * 110 + 20
    return np.repeat(stripes[..., None], 3, axis=2).astype(np.uint8)


def film(path, shots):
    """Shots one after another: how many frames, which place, and (x, y, size, colour) of each face."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"preset": "ultrafast", "crf": "10"})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for frames, place, faces in shots:
            picture = background(place)
            for x, y, size, colour in faces:
                picture[y - size // 2 : y + size // 2, x - size // 2 : x + size // 2] = colour
            for _ in range(frames):
                out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode(None))
    return path


def found(path, subjects):
    faces = find_faces(path, screen_order(subjects), BrightSquares())
    return {name: round(float(np.median(f.x)) / WIDTH, 1) for name, f in faces.items() if len(f.frame)}


@pytest.mark.parametrize("names", [("v_left", "v_right"), ("v", "v_right"), ("v_left", "v")])
@pytest.mark.parametrize(("x", "side"), [(80, 0), (240, 1), (30, 0), (200, 1)])
def test_one_of_two_people_is_the_one_on_that_side(tmp_path, names, x, side):
    path = film(tmp_path / "a.mp4", [(40, NIGHT, [(x, 90, 50, WHITE)])])
    assert list(found(path, names)) == [names[side]]


@pytest.mark.parametrize("x", [140, 160, 180])
def test_one_of_two_people_in_the_middle_is_nobody_and_it_is_said(tmp_path, x):
    path = film(tmp_path / "a.mp4", [(40, NIGHT, [(x, 90, 50, WHITE)])])
    with pytest.raises(FacesError, match=r"a\.mp4: 1 of 2 people were found, one at \d+% of the width .* faces\.csv"):
        found(path, ("v_left", "v_right"))
    assert found(path, ("v",)) == {"v": round(x / WIDTH, 1)}


def test_two_of_three_people_are_told_apart_by_their_thirds(tmp_path):
    path = film(tmp_path / "a.mp4", [(40, NIGHT, [(50, 90, 40, WHITE), (270, 90, 40, WHITE)])])
    assert found(path, ("v", "v_left", "v_right")) == {"v_left": 0.2, "v_right": 0.8}
    path = film(tmp_path / "b.mp4", [(40, NIGHT, [(20, 90, 30, WHITE), (70, 90, 30, WHITE)])])
    with pytest.raises(FacesError, match="2 of 3 people"):
        found(path, ("v", "v_left", "v_right"))


def test_the_one_who_is_missing_is_told_how_many_were_found(tmp_path):
    path = film(tmp_path / "v.mp4", [(40, NIGHT, [(240, 90, 50, WHITE)])])
    left, right = (Recording(name, "v", "train", path, None) for name in ("v_left", "v_right"))
    with pytest.raises(NoFaceError, match=r"v_left has no crops, .* \(1 of 2 people were found: v_right\)"):
        with_found_faces(left, [left, right], BrightSquares(), tmp_path)
    places = with_found_faces(right, [left, right], BrightSquares(), tmp_path).faces_file
    assert np.abs(read_faces_csv(places)["v_right"].x - 240).max() < 3


def test_a_cut_to_somebody_else_at_the_same_place_ends_the_track(tmp_path):
    main, other = (160, 90, 60, YELLOW), (165, 92, 60, CYAN)
    path = film(tmp_path / "a.mp4", [(40, NIGHT, [main]), (24, DAY, [other]), (40, NIGHT, [main])])
    frames = find_faces(path, ["a"], BrightSquares())["a"].frame
    assert set(range(37)) <= set(frames.tolist())
    assert not set(range(40, 64)) & set(frames.tolist())
    assert set(range(64, 104)) <= set(frames.tolist())


def test_a_cut_to_a_place_without_anybody_is_not_bridged(tmp_path):
    main = (160, 90, 60, YELLOW)
    path = film(tmp_path / "a.mp4", [(40, NIGHT, [main]), (20, DAY, []), (40, NIGHT, [main])])
    assert not set(range(40, 60)) & set(find_faces(path, ["a"], BrightSquares())["a"].frame.tolist())


def test_the_same_person_goes_on_after_a_cut(tmp_path):
    path = film(tmp_path / "a.mp4", [(40, NIGHT, [(160, 90, 60, YELLOW)]), (40, DAY, [(170, 95, 64, YELLOW)])])
    frames = find_faces(path, ["a"], BrightSquares())["a"].frame
    assert len(frames) >= 76


def test_without_a_cut_a_loss_is_bridged_as_ever(tmp_path):
    face = (160, 90, 40, WHITE)
    path = film(tmp_path / "a.mp4", [(40, NIGHT, [face]), (12, NIGHT, []), (40, NIGHT, [face])])
    assert len(find_faces(path, ["a"], BrightSquares())["a"].frame) == 92


@pytest.mark.parametrize("count", [1, 2])
def test_what_was_seen_twice_at_most_is_nobody(count):
    tracker = Tracker()
    for k in range(10):
        tracker.add(4 * k, background(NIGHT), [Detection(50, 50, 40, 0, 1)] if k < count else [])
    assert tracker.people() == []
    assert assign([], ["a"], WIDTH) == {}
    assert len(fill([], 40).frame) == 0


def test_flicker_is_no_cut(tmp_path):
    face = (160, 90, 40, WHITE)
    path = film(tmp_path / "a.mp4", [(1, k // 4 % 2, [face]) for k in range(80)])
    assert len(find_faces(path, ["a"], BrightSquares())["a"].frame) >= 72
