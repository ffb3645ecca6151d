"""A GIF opened again: its pictures are those of the film at their times."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from PIL import Image

from dashboard.export.gif import COLOURS, LONGEST_S, RATE_HZ, WIDTH_PX, write_gif
from iaca.errors import InputError
from tests.dashboard.projects import CELL, CODE_BITS, WIDTH, Spec, frame_times, write_video

SPEC = Spec("someone", 90, variable=True)


@pytest.fixture(scope="module")
def film(tmp_path_factory):
    path = tmp_path_factory.mktemp("film") / "someone.mp4"
    write_video(path, SPEC)
    return path


def code_of(picture):
    """The number that a picture of `write_video` carries."""
    scale = WIDTH_PX / WIDTH
    pixels = picture.convert("L")
    places = [(round(scale * (bit + 0.5) * CELL), round(scale * CELL / 2)) for bit in range(CODE_BITS)]
    return sum(1 << bit for bit, place in enumerate(places) if pixels.getpixel(place) > 128)


def test_every_picture_is_that_of_the_film_at_its_time(tmp_path, film):
    told = []
    path = write_gif(tmp_path / "film.gif", film, progress=lambda *parts: told.append(parts))
    pts_s = frame_times(SPEC)
    with Image.open(path) as gif:
        assert gif.size[0] == WIDTH_PX
        assert gif.info["loop"] == 0
        assert gif.n_frames == pytest.approx(pts_s[-1] * RATE_HZ, abs=1)
        for j in range(gif.n_frames):
            gif.seek(j)
            assert gif.info["duration"] == 1000 / RATE_HZ
            assert code_of(gif) == np.searchsorted(pts_s, j / RATE_HZ + 1e-6, side="right") - 1
        assert told[-1] == (gif.n_frames, gif.n_frames, "pictures")


def test_pictures_have_one_palette_so_that_what_stands_still_weighs_nothing(tmp_path, film):
    path = write_gif(tmp_path / "film.gif", film)
    colours = set()
    with Image.open(path) as gif:
        for j in range(gif.n_frames):
            gif.seek(j)
            colours |= {colour for _, colour in gif.convert("RGB").getcolors(1 << 20)}
    assert 2 < len(colours) <= COLOURS


def test_a_gif_that_is_cancelled_or_cannot_be_leaves_nothing(tmp_path, film):
    old = tmp_path / "film.gif"
    old.write_bytes(b"the one before")

    class Stopped(Exception):
        pass

    def stop(done, total, title):
        if done == 5:
            raise Stopped

    with pytest.raises(Stopped):
        write_gif(old, film, progress=stop)
    with pytest.raises(InputError, match=r"none\.mp4"):
        write_gif(old, tmp_path / "none.mp4")
    (tmp_path / "broken.mp4").write_bytes(b"this is no video")
    with pytest.raises(InputError, match=r"broken\.mp4"):
        write_gif(old, tmp_path / "broken.mp4")
    write_video(tmp_path / "long.mp4", Spec("long", round(LONGEST_S * 25) + 60))
    with pytest.raises(InputError, match=r"long\.mp4.*30 s"):
        write_gif(old, tmp_path / "long.mp4")
    assert old.read_bytes() == b"the one before"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["broken.mp4", "film.gif", "long.mp4"]


def test_without_the_extra_the_message_says_what_to_install(tmp_path, film, monkeypatch):
    monkeypatch.setitem(sys.modules, "moviepy", None)
    with pytest.raises(InputError, match=r"moviepy is not installed.*pip install 'iaca\[gif\]'"):
        write_gif(tmp_path / "film.gif", film)
    assert list(tmp_path.iterdir()) == []
