"""A film opened again: its pictures, its cursor, its times and its sound are those of the range."""

from __future__ import annotations

import av
import numpy as np
import pytest

from dashboard.export.film import CURSOR, PAD_PX, PICTURE_PX, draw_board, write_film
from dashboard.export.printed_rows import View
from dashboard.timeline.declared import Column, Curve, Row, Samples
from iaca.data.media.sound import read_audio
from iaca.data.media.video import probe
from iaca.errors import InputError
from iaca.figures import palette
from tests.dashboard.projects import CELL, CODE_BITS, HEIGHT, Spec, frame_times, write_video

SPEC = Spec("someone", 160, variable=True)


@pytest.fixture(scope="module")
def video(tmp_path_factory):
    path = tmp_path_factory.mktemp("video") / "someone.mp4"
    write_video(path, SPEC)
    return path


@pytest.fixture(scope="module")
def view():
    pts_s = frame_times(SPEC)
    curve = Curve("truth", "valence", palette.MODELS[1].colour)
    rows = [Row(name, name, name, "", (-1, 1), (0,), 80, (curve,)) for name in ("valence", "arousal")]
    return View("someone", rows, [], {curve.column: Samples(np.sin(pts_s), "frames")}, pts_s, synthetic=True)


def decoded(path):
    with av.open(str(path)) as film:
        return [(frame.time, frame.to_ndarray(format="rgb24")) for frame in film.decode(video=0)]


def cursor_of(image, board):
    """Middle of the columns that have the cursor's colour along all rows, px."""
    top, bottom = board.cursor_rows
    distance = np.abs(image[top + 4 : bottom - 4].astype(int) - CURSOR).sum(axis=2)
    columns = np.median(distance, axis=0)
    weight = np.clip(300 - columns, 0, None)
    assert weight.max() > 150
    weight[weight < weight.max() / 2] = 0
    return (weight * (np.arange(len(weight)) + 0.5)).sum() / weight.sum()


def code_of(image, board):
    """The number that a picture of `write_video` carries."""
    scale = PICTURE_PX / HEIGHT
    y = PAD_PX + round(scale * CELL / 2)
    xs = [board.left_px + round(scale * (bit + 0.5) * CELL) for bit in range(CODE_BITS)]
    return sum(1 << bit for bit, x in enumerate(xs) if image[y, x].mean() > 128)


def test_frame_k_of_the_film_shows_picture_and_cursor_of_frame_k_at_its_time(tmp_path, video, view):
    first, last = 30, 110
    told = []
    path = write_film(tmp_path / "film.mp4", view, video, (first, last), progress=lambda *parts: told.append(parts))
    board = draw_board(view, first, last, with_picture=True)
    film = decoded(path)
    assert len(film) == last - first + 1
    px_per_s = (board.cursor_px[-1] - board.cursor_px[0]) / (view.pts_s[last] - view.pts_s[first])
    axis_px = board.cursor_px[0] + 1 + px_per_s * (view.pts_s - view.pts_s[first])
    for k, (time_s, image) in enumerate(film):
        frame = first + k
        assert code_of(image, board) == frame
        assert time_s == pytest.approx(view.pts_s[frame] - view.pts_s[first], abs=1e-3)
        at = cursor_of(image, board)
        assert abs(at - axis_px[frame]) < 1.5
        assert np.argmin(np.abs(axis_px - at)) == frame
    assert told == [(k + 1, len(film), "frames") for k in range(len(film))]


def test_the_sound_is_that_of_the_range(tmp_path, video, view):
    path = write_film(tmp_path / "film.mp4", view, video, (30, 110))
    ours, whole = read_audio(path), read_audio(video)
    info = probe(path)
    assert info.browser_playable
    assert ours.end_s == pytest.approx(info.duration_s, abs=0.1)
    start = round(view.pts_s[30] * 44_100)
    expected, found = whole.samples[start : start + 44_100], ours.samples[:44_100]
    assert np.corrcoef(expected, found)[0, 1] > 0.95


def test_a_recording_without_video_still_has_its_rows(tmp_path, view):
    path = write_film(tmp_path / "film.mp4", view, None, (0, 20))
    board = draw_board(view, 0, 20, with_picture=False)
    film = decoded(path)
    assert len(film) == 21
    assert abs(cursor_of(film[-1][1], board) - board.cursor_px[-1] - 1) < 1.5
    assert read_audio(path) is None


def test_frames_past_the_last_picture_keep_it(tmp_path, video, view):
    more = np.append(view.pts_s, view.pts_s[-1] + np.arange(1, 6) / 25)
    longer = view._replace(pts_s=more, columns={Column("valence"): Samples(np.sin(more), "frames")})
    path = write_film(tmp_path / "film.mp4", longer, video, (150, 164))
    board = draw_board(longer, 150, 164, with_picture=True)
    codes = [code_of(image, board) for _, image in decoded(path)]
    assert codes == [*range(150, 160), *[159] * 5]


def test_a_film_that_is_cancelled_or_fails_leaves_nothing(tmp_path, video, view):
    old = tmp_path / "film.mp4"
    old.write_bytes(b"the one before")

    class Stopped(Exception):
        pass

    def stop(done, total, title):
        if done == 5:
            raise Stopped

    with pytest.raises(Stopped):
        write_film(old, view, video, (0, 100), progress=stop)
    with pytest.raises(InputError, match=r"none\.mp4"):
        write_film(old, view, tmp_path / "none.mp4", (0, 100))
    for frames in ((5, 5), (-1, 5), (0, 160)):
        with pytest.raises(InputError, match="0 to 159"):
            write_film(old, view, video, frames)
    assert old.read_bytes() == b"the one before"
    assert [path.name for path in tmp_path.iterdir()] == ["film.mp4"]
