"""Following faces in a video without crops."""

from __future__ import annotations

from fractions import Fraction

import av
import cv2
import numpy as np

from iaca.data.faces.detection import (
    find_faces,
    screen_order,
    write_faces_csv,
)
from iaca.data.faces.places import read_faces_csv
from iaca.data.faces.tracks import Detection


class BrightSquares:
    """A detector of bright squares: whoever keeps the interface can take part."""

    name = "squares"

    def detect(self, picture):
        mask = (picture.mean(axis=2) > 150).astype(np.uint8)
        count, _, stats, centres = cv2.connectedComponentsWithStats(mask)
        return [Detection(*centres[i], max(stats[i][2:4]), 0.0, 1.0) for i in range(1, count) if stats[i][4] > 40]


def film(path, frames, squares, background=None, codec="libx264"):
    """A dark video, or one of the given picture; `squares(k)` gives (x, y, size) of each bright one in frame k."""
    background = np.full((240, 320, 3), 20, np.uint8) if background is None else background
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=Fraction(25))
        stream.height, stream.width = background.shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.options = {"preset": "ultrafast"} if codec == "libx264" else {}
        for k in range(frames):
            picture = background.copy()
            for x, y, size in squares(k):
                half = size / 2
                picture[round(y - half) : round(y + half), round(x - half) : round(x + half)] = 230
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode(None))
    return path


def test_the_main_face_is_followed_between_detections(tmp_path):
    video = film(tmp_path / "a.mp4", 80, lambda k: [(60 + 2 * k, 100 + 0.5 * k, 60)])
    faces = find_faces(video, ["a"], BrightSquares())["a"]
    assert faces.frame.tolist() == list(range(80))
    inner = slice(4, 76)
    assert np.abs(faces.x - (60 + 2 * faces.frame))[inner].max() < 2
    assert np.abs(faces.y - (100 + 0.5 * faces.frame))[inner].max() < 2
    assert np.abs(faces.size[inner] - 60).max() < 3


def test_a_smaller_or_shorter_face_is_not_the_main_one(tmp_path):
    def squares(k):
        return [(80, 120, 60), (250, 60, 24)] + ([(250, 180, 70)] if 20 <= k < 30 else [])

    faces = find_faces(film(tmp_path / "a.mp4", 60, squares), ["a"], BrightSquares())["a"]
    assert np.abs(faces.x - 80).max() < 2


def test_two_people_are_told_apart_by_their_order_on_screen(tmp_path):
    video = film(tmp_path / "a.mp4", 60, lambda k: [(80 + k / 2, 120, 50), (240 - k / 2, 120, 60)])
    faces = find_faces(video, screen_order(["v_right", "v_left"]), BrightSquares())
    assert faces["v_left"].x.max() < 130 < 190 < faces["v_right"].x.min()
    assert len(faces["v_left"].frame) == len(faces["v_right"].frame) == 60


def test_a_short_loss_is_bridged_and_a_long_one_is_missing(tmp_path):
    def squares(k):
        return [] if 20 <= k < 32 or 60 <= k < 110 else [(100, 100, 60)]

    faces = find_faces(film(tmp_path / "a.mp4", 140, squares), ["a"], BrightSquares())["a"]
    missing = sorted(set(range(140)) - set(faces.frame.tolist()))
    assert missing
    assert 57 <= missing[0] <= 64
    assert 104 <= missing[-1] <= 111
    assert set(range(20, 32)) <= set(faces.frame.tolist())
    assert set(range(112, 140)) <= set(faces.frame.tolist())


def test_nobody_is_an_empty_answer(tmp_path):
    faces = find_faces(film(tmp_path / "a.mp4", 20, lambda k: []), ["a", "b"], BrightSquares())
    assert {name: len(f.frame) for name, f in faces.items()} == {"a": 0, "b": 0}


def test_what_was_found_is_written_as_faces_csv(tmp_path):
    video = film(tmp_path / "a.mp4", 30, lambda k: [(100 + k, 100, 60)])
    found = find_faces(video, ["it's a"], BrightSquares())
    write_faces_csv(tmp_path / "faces.csv", found)
    again = read_faces_csv(tmp_path / "faces.csv")
    assert np.allclose(again["it's a"].x, found["it's a"].x, atol=0.01)
    assert again["it's a"].frame.tolist() == found["it's a"].frame.tolist()


def test_people_of_an_asymmetric_trio_stand_in_order():
    assert screen_order(["a_right", "a"]) == ["a", "a_right"]
    assert screen_order(["a", "a_left"]) == ["a_left", "a"]


def drawn_head(size=400):
    """A crude frontal face that the cascade recognises."""
    picture = np.full((size, size, 3), 120, np.uint8)
    c, r = size // 2, size // 4
    cv2.ellipse(picture, (c, c), (int(r * 0.8), r), 0, 0, 360, (224, 184, 160), -1)
    for side in (-1, 1):
        cv2.ellipse(picture, (c + side * int(r * 0.32), c - int(r * 0.2)), (int(r * 0.17), int(r * 0.08)), 0, 0, 360,
                    (50, 35, 30), -1)  # fmt: skip
        cv2.line(picture, (c + side * int(r * 0.15), c - int(r * 0.4)), (c + side * int(r * 0.55), c - int(r * 0.4)),
                 (70, 45, 30), max(2, r // 16))  # fmt: skip
    cv2.ellipse(picture, (c, c + int(r * 0.2)), (int(r * 0.12), int(r * 0.07)), 0, 0, 360, (190, 140, 120), -1)
    cv2.ellipse(picture, (c, c + int(r * 0.5)), (int(r * 0.3), int(r * 0.08)), 0, 0, 360, (150, 60, 60), -1)
    return cv2.GaussianBlur(picture, (0, 0), size / 150)
