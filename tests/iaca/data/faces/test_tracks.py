"""Who is who in a video: by place, never across a cut to somebody else, and never by a guess."""

from __future__ import annotations

from itertools import islice

import av
import cv2
import numpy as np
import pytest

from iaca.data.faces.detection import NoFaceError, find_faces, screen_order, with_found_faces
from iaca.data.faces.places import FacesError, read_faces_csv
from iaca.data.faces.tracks import STEP_FRAMES, Detection, Tracker, assign, fill
from iaca.data.media.video import iterate_frames
from iaca.resources import shipped
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


# Where somebody is after each second or so, and the side that is meant, if any.
WALKS = [((240, 240, 240, 80), 1), ((80, 80, 80, 240), 0), ((80, 240, 80, 240), None)]


@pytest.mark.parametrize(("stays", "side"), WALKS)
def test_one_of_two_people_who_walks_counts_by_the_place_over_the_whole_video(tmp_path, stays, side):
    steps = np.interp(np.arange(0, len(stays) - 1, 1 / 8), np.arange(len(stays)), stays)
    path = film(tmp_path / "a.mp4", [(4, NIGHT, [(round(x), 90, 60, WHITE)]) for x in steps])
    if side is None:
        with pytest.raises(FacesError, match="1 of 2 people"):
            found(path, ("v_left", "v_right"))
    else:
        assert list(found(path, ("v_left", "v_right"))) == [("v_left", "v_right")[side]]


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


PATCH, MAIN = (160, 90, 60, CYAN), (164, 92, 60, YELLOW)


@pytest.mark.parametrize("place", [NIGHT, DAY], ids=["cut", "no cut"])
@pytest.mark.parametrize("patch_frames", [24, 56])
def test_a_patch_of_background_before_the_person_at_its_place_is_left_out(tmp_path, place, patch_frames):
    path = film(tmp_path / "a.mp4", [(patch_frames, place, [PATCH]), (80, DAY, [MAIN])])
    frames = find_faces(path, ["a"], BrightSquares())["a"].frame
    assert frames.tolist() == list(range(patch_frames, patch_frames + 80))


def test_somebody_who_passes_in_front_is_left_out_and_the_person_goes_on(tmp_path):
    path = film(tmp_path / "a.mp4", [(40, NIGHT, [MAIN]), (16, NIGHT, [PATCH]), (40, NIGHT, [MAIN])])
    faces = find_faces(path, ["a"], BrightSquares())["a"]
    assert {*range(37), *range(56, 96)} <= set(faces.frame.tolist())
    assert abs(float(np.median(faces.x)) - MAIN[0]) < 3


SHOWN, MEETS = 120, 48


@pytest.fixture(scope="module")
def drawn_people():
    """The first frames of two drawn people, (H, W, 3) float, and where their faces are."""
    places = read_faces_csv(shipped("demo") / "faces.csv.gz")
    people = []
    for name in ("restrained-face-06", "strong-01"):
        pictures = [p.astype(float) for _, p in islice(iterate_frames(shipped("demo/batch1") / f"{name}.mp4"), SHOWN)]
        known = zip(*(values[:SHOWN] for values in places[name][1:4]), strict=True)
        people.append((pictures, [Detection(*map(float, place), 0.0, 0.9) for place in known]))
    return people


def followed(pictures, faces):
    """First and last frame of each person, where faces are seen but in the dark."""
    tracker = Tracker()
    for k in range(0, len(pictures), STEP_FRAMES):
        tracker.add(k, pictures[k].astype(np.uint8), [faces[k]] if pictures[k].mean() > 8 else [])
    return sorted((track[0].frame, track[-1].frame) for track in tracker.people())


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
@pytest.mark.parametrize("through", ["dissolve", "black"])
def test_a_transition_to_somebody_else_at_the_same_place_ends_the_track(drawn_people, order, through):
    (first, faces), (second, other_faces) = (drawn_people[k] for k in order)
    share = np.clip((np.arange(SHOWN) - MEETS + 12) / 24, 0, 1)
    if through == "dissolve":
        pictures = [a * (1 - s) + b * s for a, b, s in zip(first, second, share, strict=True)]
    else:
        pictures = [a * abs(2 * s - 1) for a, s in zip(first[:MEETS] + second[MEETS:], share, strict=True)]
    people = followed(pictures, faces[:MEETS] + other_faces[MEETS:])
    (begin, end), (begin_2, end_2) = people
    assert (begin, end_2) == (0, SHOWN - STEP_FRAMES)
    assert MEETS - 16 < end < begin_2 < MEETS + 16


@pytest.mark.parametrize("who", [0, 1])
@pytest.mark.parametrize("light", ["fades in", "is switched on", "ends the dark", "goes and comes back"])
def test_another_light_is_no_other_person(drawn_people, who, light):
    pictures, faces = drawn_people[who]
    k = np.arange(SHOWN)
    level = {
        "fades in": np.minimum(1, k / 25),
        "is switched on": np.where(k < 60, 0.35, 1),
        "ends the dark": np.where(k < 60, 0.1, 1),
        "goes and comes back": np.clip(abs(k - MEETS) / 12, 0, 1),
    }[light]
    lit = [picture * share for picture, share in zip(pictures, level, strict=True)]
    ((first, last),) = followed(lit, faces)
    assert first <= (STEP_FRAMES if light == "fades in" else 0)
    assert last == SHOWN - STEP_FRAMES


@pytest.mark.parametrize("who", [0, 1])
def test_a_camera_that_goes_along_through_changing_light_keeps_the_person(drawn_people, who):
    pictures, faces = drawn_people[who]
    height, width = pictures[0].shape[:2]
    rng = np.random.default_rng(0)
    world = cv2.resize(rng.integers(0, 256, (6, 60, 3)).astype(np.uint8), (width * 10, height)).astype(float)
    seen = []
    for k, (picture, face) in enumerate(zip(pictures, faces, strict=True)):
        person = np.zeros((height, width), np.float32)
        cv2.ellipse(
            person, (round(face.x), round(face.y)), (int(face.size * 0.5), int(face.size * 0.65)), 0, 0, 360, 1, -1
        )
        passed = world[:, 20 * k : 20 * k + width]
        together = np.where(person[..., None] > 0, picture, passed)
        seen.append(together * (0.8 + 0.2 * np.cos(k / 9)))
    ((first, last),) = followed(seen, faces)
    assert (first <= STEP_FRAMES, last) == (True, SHOWN - STEP_FRAMES)  # what is usual is known after a step
