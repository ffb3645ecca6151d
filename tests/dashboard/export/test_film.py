"""A film opened again: its pictures, its cursor, its times and its sound are those of the range."""

from __future__ import annotations

import av
import numpy as np
import pytest

from dashboard.export import film_side
from dashboard.export.film import CURSOR, HEIGHT_PX, PAD_PX, PICTURE_PX, WIDTH_PX, draw_board, write_film
from dashboard.export.printed_rows import View
from dashboard.timeline.declared import Column, Curve, Point, Row, Samples
from iaca.data.media.sound import read_audio
from iaca.data.media.video import probe
from iaca.errors import InputError
from iaca.figures import palette
from tests.dashboard.projects import CELL, CODE_BITS, HEIGHT, WIDTH, Spec, frame_times, write_video

TRUTH = ("#aa00ff", "#aa00ff")
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
    columns = {
        Column(name): Samples(wave(pts_s), "frames") for name, wave in (("valence", np.sin), ("arousal", np.cos))
    }
    point = Point("truth", TRUTH, "circle")
    return View("someone", rows, [], columns, pts_s, synthetic=True, points=(point,))


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


def code_of(image):
    """The number that a picture of `write_video` carries."""
    scale = min(PICTURE_PX[0] / WIDTH, PICTURE_PX[1] / HEIGHT)
    y = PAD_PX + round(scale * CELL / 2)
    xs = [PAD_PX + round(scale * (bit + 0.5) * CELL) for bit in range(CODE_BITS)]
    return sum(1 << bit for bit, x in enumerate(xs) if image[y, x].mean() > 128)


def test_frame_k_of_the_film_shows_picture_and_cursor_of_frame_k_at_its_time(tmp_path, video, view):
    first, last = 30, 110
    told = []
    path = write_film(tmp_path / "film.mp4", view, video, (first, last), progress=lambda *parts: told.append(parts))
    board = draw_board(view, first, last)
    film = decoded(path)
    assert len(film) == last - first + 1
    px_per_s = (board.cursor_px[-1] - board.cursor_px[0]) / (view.pts_s[last] - view.pts_s[first])
    axis_px = board.cursor_px[0] + 1 + px_per_s * (view.pts_s - view.pts_s[first])
    for k, (time_s, image) in enumerate(film):
        frame = first + k
        assert code_of(image) == frame
        assert time_s == pytest.approx(view.pts_s[frame] - view.pts_s[first], abs=1e-3)
        at = cursor_of(image, board)
        assert abs(at - axis_px[frame]) < 1.5
        assert np.argmin(np.abs(axis_px - at)) == frame
    assert told == [(k + 1, len(film), "frames") for k in range(len(film))]


def test_the_picture_is_wide_and_the_plane_shows_where_the_truth_is(tmp_path, video, view):
    path = write_film(tmp_path / "film.mp4", view, video, (30, 60))
    film = decoded(path)
    assert {image.shape for _, image in film} == {(HEIGHT_PX, WIDTH_PX, 3)}
    assert WIDTH_PX / HEIGHT_PX == 16 / 9
    for k, (_, image) in enumerate(film):
        top, left = HEIGHT_PX - film_side.HEIGHT_PX + film_side.PLANE_TOP, film_side.PLANE_LEFT
        plane = image[top : top + film_side.PLANE_PX, left : left + film_side.PLANE_PX].astype(int)
        y, x = np.nonzero(np.abs(plane - (170, 0, 255)).sum(axis=2) < 90)
        valence, arousal = 2 * x.mean() / film_side.PLANE_PX - 1, 1 - 2 * y.mean() / film_side.PLANE_PX
        second = view.pts_s[30 + k]
        assert (valence, arousal) == pytest.approx((np.sin(second), np.cos(second)), abs=0.03)


def test_many_rows_are_smaller_and_too_many_are_refused(view):
    rows = [view.rows[0]._replace(slot=f"row{k}") for k in range(40)]
    board = draw_board(view._replace(rows=rows[:14]), 0, 20)
    assert board.cursor_rows[1] < HEIGHT_PX
    with pytest.raises(InputError, match="40 rows do not fit"):
        draw_board(view._replace(rows=rows), 0, 20)


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
    board = draw_board(view, 0, 20)
    film = decoded(path)
    assert len(film) == 21
    assert abs(cursor_of(film[-1][1], board) - board.cursor_px[-1] - 1) < 1.5
    assert read_audio(path) is None


def test_frames_past_the_last_picture_keep_it(tmp_path, video, view):
    more = np.append(view.pts_s, view.pts_s[-1] + np.arange(1, 6) / 25)
    columns = {Column(name): Samples(np.sin(more), "frames") for name in ("valence", "arousal")}
    longer = view._replace(pts_s=more, columns=columns)
    path = write_film(tmp_path / "film.mp4", longer, video, (150, 164))
    codes = [code_of(image) for _, image in decoded(path)]
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
