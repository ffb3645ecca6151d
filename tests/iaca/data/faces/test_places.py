"""Places of faces, and the pictures cut there."""

from __future__ import annotations

import gzip

import cv2
import numpy as np
import pytest

from iaca.data.faces.places import FacesError, crop_face, read_faces_csv

HEADER = "subject,frame,x,y,size,roll\n"


def drawn_face(x: float, y: float, size: float, roll: float) -> np.ndarray:
    """A frame with a square of four colours: red top left, green top right, blue bottom left, white bottom right."""
    upright = np.zeros((200, 200, 3), np.uint8)
    upright[:100, :100], upright[:100, 100:] = (255, 0, 0), (0, 255, 0)
    upright[100:, :100], upright[100:, 100:] = (0, 0, 255), (255, 255, 255)
    # OpenCV turns counter-clockwise for positive angles; a head turned clockwise is a negative one.
    place = cv2.getRotationMatrix2D((99.5, 99.5), -roll, size / 200)
    place[:, 2] += np.array((x, y)) - 99.5
    return cv2.warpAffine(upright, place, (640, 480), borderValue=(90, 90, 90))


@pytest.mark.parametrize("roll", [0, 30, -45])
@pytest.mark.parametrize("size", [60, 112, 300])
def test_a_turned_face_of_any_size_becomes_an_upright_crop(size, roll):
    crop = crop_face(drawn_face(320, 240, size, roll), 320, 240, size, roll)
    assert crop.shape == (112, 112, 3)
    assert crop.dtype == np.uint8
    for (row, column), colour in {
        (20, 20): (255, 0, 0), (20, 91): (0, 255, 0), (91, 20): (0, 0, 255), (91, 91): (255, 255, 255),
    }.items():  # fmt: skip
        assert np.abs(crop[row, column].astype(int) - colour).max() < 40, (row, column)


def test_the_middle_of_the_crop_is_the_given_centre():
    frame = np.zeros((100, 100, 3), np.uint8)
    frame[:, 50:] = 255  # an edge between pixels 49 and 50
    crop = crop_face(frame, 49.5, 50, 56, 0)
    assert crop[56, 53].max() < 128 <= crop[56, 58].min()


def test_a_face_beyond_the_edge_repeats_the_border():
    crop = crop_face(np.full((50, 50, 3), 77, np.uint8), 0, 0, 100, 10)
    assert (crop == 77).all()


def test_places_are_read_per_subject_in_order(tmp_path):
    path = tmp_path / "faces.csv"
    path.write_text(HEADER + "b,1,5,6,7,0\na,3,1,2,50,-3.5\na,0,3,4,60,0\nNA,0,3,4,60,0\n")
    faces = read_faces_csv(path)
    assert set(faces) == {"a", "b", "NA"}
    assert faces["a"].frame.tolist() == [0, 3]
    assert faces["a"].size.tolist() == [60, 50]
    assert faces["a"].roll.tolist() == [0, -3.5]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("", "cannot be read"),
        ("subject,frame,x,y,size\na,0,1,2,3\n", "no column 'roll'"),
        (HEADER + "a,0,1,2,50,0\na,1,1,2,wide,0\n", "line 3"),
        (HEADER + "a,0,1,2,0,0\n", "line 2"),
        (HEADER + "a,-1,1,2,50,0\n", "line 2"),
        (HEADER + "a,0,1,2,inf,0\n", "line 2"),
        (HEADER + "a,0,1,2,1000000,0\n", "at most 16384"),
        (HEADER + "a,1.5,1,2,50,0\n", "whole frame"),
        (HEADER + "a,1e18,1,2,50,0\n", "line 2"),
        (HEADER + "a,0,1e30,2,50,0\n", "line 2"),
        (HEADER + "a,0,1,2,50,0,9,9\n", "more values"),
        (HEADER + "../../a,0,1,2,50,0\n", "'../../a'"),
        (HEADER + ",0,1,2,50,0\n", "names the subject ''"),
    ],
)
def test_a_damaged_faces_file_is_refused_by_name_and_place(tmp_path, content, told):
    path = tmp_path / "faces.csv"
    path.write_text(content)
    with pytest.raises(FacesError, match=r"faces\.csv") as error:
        read_faces_csv(path)
    assert told in str(error.value)


def test_a_compressed_file_is_read_alike_and_a_bomb_or_a_damaged_one_is_refused(tmp_path):
    content = (HEADER + "a,3,1,2,50,-3.5\nb,1,5,6,7,0\n").encode()
    plain, packed = tmp_path / "faces.csv", tmp_path / "faces.csv.gz"
    plain.write_bytes(content)
    packed.write_bytes(gzip.compress(content))
    one, other = read_faces_csv(plain), read_faces_csv(packed)
    assert one.keys() == other.keys()
    for name, places in one.items():
        np.testing.assert_array_equal(np.stack(places), np.stack(other[name]))
    damaged = {
        "more than 50 times": gzip.compress(content + b"a,4,1,2,50,0\n" * 1_000_000),
        "cannot be read": gzip.compress(content)[:-9],
        "Not a gzipped file": content,
    }
    for told, bad in damaged.items():
        packed.write_bytes(bad)
        with pytest.raises(FacesError, match=rf"faces\.csv\.gz .*{told}"):
            read_faces_csv(packed)


def test_a_file_without_places_names_nobody(tmp_path):
    path = tmp_path / "faces.csv"
    path.write_text(HEADER)
    assert read_faces_csv(path) == {}


def test_a_file_is_read_once_for_all_its_subjects_and_again_when_it_changes(tmp_path):
    file = tmp_path / "faces.csv"
    file.write_text(HEADER + "a,0,1,2,3,0\nb,0,1,2,3,0\n")
    faces = read_faces_csv(file)
    assert read_faces_csv(file)["b"] is faces["b"]
    faces.clear()  # what a reader does to its answer is its own affair
    assert list(read_faces_csv(file)) == ["a", "b"]
    with pytest.raises(ValueError, match="read-only"):
        read_faces_csv(file)["a"].x[0] = 9
    file.write_text(HEADER + "a,0,1,2,3,0\n")
    assert list(read_faces_csv(file)) == ["a"]
