"""Pictures come upright, unmirrored and in their shape, whatever the file says about showing them."""

from __future__ import annotations

import struct
from fractions import Fraction

import av
import numpy as np
import pytest

from iaca.data.media.browser_copy import browser_copy
from iaca.data.media.video import iterate_frames, probe

WIDTH, HEIGHT = 192, 96
COLOURS = np.array([(220, 0, 0), (0, 200, 0), (0, 0, 220), (255, 255, 255)])
NAMES = "RGBW"

# The matrix of a track takes a stored place (x, y) to (a x + c y, b x + d y). What is shown then: the colours of the
# corners, from left to right and from top to bottom, as Chromium shows them.
ORIENTATIONS = {
    "as it is": ((1, 0, 0, 1), "RGBW", False, 0),
    "left and right exchanged": ((-1, 0, 0, 1), "GRWB", True, 0),
    "top and bottom exchanged": ((1, 0, 0, -1), "BWRG", True, 180),
    "upside down": ((-1, 0, 0, -1), "WBGR", False, 180),
    "turned clockwise": ((0, 1, -1, 0), "BRWG", False, -90),
    "turned counter-clockwise": ((0, -1, 1, 0), "GWRB", False, 90),
    "transposed": ((0, 1, 1, 0), "RBGW", True, 90),
    "transposed along the other diagonal": ((0, -1, -1, 0), "WGBR", True, -90),
}
PIXEL_SHAPES = {Fraction(2): (384, 96), Fraction(1, 2): (192, 192), Fraction(64, 45): (273, 96), Fraction(1): (192, 96)}


def write_corners(path, shape=None, codec="libx264", size=(WIDTH, HEIGHT)):
    """A video whose corners are red, green, blue and white."""
    width, height = size
    picture = np.zeros((height, width, 3), np.uint8)
    for k, colour in enumerate(COLOURS):
        picture[height // 2 * (k // 2) :, width // 2 * (k % 2) :][: height // 2, : width // 2] = colour
    with av.open(str(path), "w") as out:
        stream = out.add_stream(codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        if shape is not None:
            stream.codec_context.sample_aspect_ratio = shape
        for _ in range(5):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(stream.encode(None))
    return path


def with_matrix(path, a, b, c, d, unit=2**16):
    """Write a display matrix into the header of the track of an mp4 file."""
    content = bytearray(path.read_bytes())
    unchanged = struct.pack(">9i", 2**16, 0, 0, 0, 2**16, 0, 0, 0, 2**30)
    place = content.index(unchanged, content.index(b"tkhd"))
    across, down = max(0, -a) * WIDTH + max(0, -c) * HEIGHT, max(0, -b) * WIDTH + max(0, -d) * HEIGHT
    content[place : place + 36] = struct.pack(
        ">9i", *(round(one * unit) for one in (a, b)), 0, *(round(one * unit) for one in (c, d)), 0,
        round(across * 2**16), round(down * 2**16), 2**30,
    )  # fmt: skip
    path.write_bytes(content)
    return path


def corners(picture):
    """The colours of the four corners, and the size."""
    height, width = picture.shape[:2]
    places = [(y, x) for y in (height // 4, 3 * height // 4) for x in (width // 4, 3 * width // 4)]
    nearest = [np.abs(COLOURS - picture[place]).sum(axis=1).argmin() for place in places]
    return "".join(NAMES[k] for k in nearest), (width, height)


@pytest.mark.parametrize("unit", [2**16, 2**15], ids=["whole", "half"])
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_all_eight_orientations_are_shown_as_players_show_them(tmp_path, orientation, unit):
    matrix, expected, mirrored, rotation_degrees = ORIENTATIONS[orientation]
    path = with_matrix(write_corners(tmp_path / "a.mp4"), *matrix, unit=unit)
    size = (HEIGHT, WIDTH) if matrix[0] == 0 else (WIDTH, HEIGHT)
    assert [corners(picture) for _, picture in iterate_frames(path)] == [(expected, size)] * 5
    info = probe(path)
    assert (info.width, info.height) == size
    assert (info.mirrored, info.rotation_degrees) == (mirrored, rotation_degrees)


@pytest.mark.parametrize("degrees", [-20, 20, 70, 110])
def test_a_turn_between_is_rounded_to_a_quarter_also_of_a_mirrored_picture(tmp_path, degrees):
    cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    for mirror in (1, -1):
        path = with_matrix(write_corners(tmp_path / "a.mp4"), mirror * cos, mirror * sin, -sin, cos)
        near = "turned clockwise" if degrees > 45 else "as it is"
        if mirror < 0:
            near = {"turned clockwise": "transposed along the other diagonal", "as it is": "left and right exchanged"}[
                near
            ]
        assert corners(next(iterate_frames(path))[1])[0] == ORIENTATIONS[near][1]


@pytest.mark.parametrize("matrix", [(0, 0, 0, 0), (2**14, 0, 0, 2**14)])
def test_a_damaged_matrix_still_gives_pictures(tmp_path, matrix):
    assert (
        corners(next(iterate_frames(with_matrix(write_corners(tmp_path / "a.mp4"), *matrix, unit=1)))[1])[0] == "RGBW"
    )


@pytest.mark.parametrize("shape", PIXEL_SHAPES)
def test_pictures_have_square_pixels_and_none_is_lost(tmp_path, shape):
    path = write_corners(tmp_path / "a.mp4", shape)
    assert corners(next(iterate_frames(path))[1]) == ("RGBW", PIXEL_SHAPES[shape])
    assert (probe(path).width, probe(path).height) == PIXEL_SHAPES[shape]


def test_pixels_whose_shape_changes_on_the_way_keep_the_first_as_in_a_browser(tmp_path):
    parts = [write_corners(tmp_path / f"{shape}.ts", Fraction(shape)) for shape in (2, 1)]
    path, shapes = tmp_path / "a.ts", set()
    with av.open(str(path), "w") as out, av.open(str(parts[0])) as first, av.open(str(parts[1])) as second:
        stream = out.add_stream_from_template(first.streams.video[0])
        for start, part in enumerate((first, second)):
            for packet in part.demux(video=0):
                if packet.dts is not None:
                    packet.pts, packet.dts = (time + start * 90_000 for time in (packet.pts, packet.dts))
                    packet.stream = stream
                    out.mux(packet)
    with av.open(str(path)) as joined:
        for _ in joined.decode(video=0):
            shapes.add(joined.streams.video[0].codec_context.sample_aspect_ratio)
    assert shapes == {Fraction(2), Fraction(1)}  # the pictures of the second part say so
    for file in (path, browser_copy(path, tmp_path / "copies")):
        assert [corners(picture) for _, picture in iterate_frames(file)] == [("RGBW", (384, 96))] * 10


def test_wide_pixels_of_a_turned_picture_make_it_higher(tmp_path):
    path = with_matrix(write_corners(tmp_path / "a.mp4", Fraction(2)), 0, 1, -1, 0)
    assert corners(next(iterate_frames(path))[1]) == ("BRWG", (96, 384))
    assert (probe(path).width, probe(path).height) == (96, 384)


@pytest.mark.parametrize(
    ("name", "codec", "stored", "shown"),
    [
        ("tape.mpg", "mpeg2video", (720, 576), (1024, 576)),  # wide-screen television
        ("film.mkv", "libx264", (WIDTH, HEIGHT), (274, HEIGHT)),  # sides of H.264 are even
    ],
)
def test_the_copy_for_the_browser_has_square_pixels(tmp_path, name, codec, stored, shown):
    path = write_corners(tmp_path / name, Fraction(64, 45), codec, stored)
    copy = browser_copy(path, tmp_path / "cache")
    assert (probe(copy).width, probe(copy).height) == shown
    assert corners(next(iterate_frames(copy))[1])[0] == "RGBW"


def test_pixels_of_a_shape_that_no_camera_has_count_as_square(tmp_path):
    path = write_corners(tmp_path / "a.mp4", Fraction(200))
    assert corners(next(iterate_frames(path))[1]) == ("RGBW", (WIDTH, HEIGHT))
