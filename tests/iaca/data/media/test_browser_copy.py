"""Copies for the browser keep every frame at its time."""

from __future__ import annotations

import av
import numpy as np
import pytest

from iaca.data.media.browser_copy import browser_copy
from iaca.data.media.container import MediaError
from iaca.data.media.sound import SAMPLE_RATE_HZ, read_audio
from iaca.data.media.video import iterate_frames, probe
from tests.media_files import clicks, number_of, numbered_picture, write_media, write_resizing

UNEVEN_S = np.cumsum(np.r_[0, np.tile([0.033, 0.05, 0.02], 13)])


@pytest.mark.parametrize(
    ("name", "times_s", "media"),
    [
        ("a.avi", np.arange(40) / 30, {"video_codec": "mpeg4", "audio_codec": "pcm_s16le", "b_frames": 2}),
        ("a b'ü.mkv", UNEVEN_S + 0.3, {"b_frames": 2}),
        ("late.mkv", UNEVEN_S, {"video_codec": "ffv1", "sound_start_s": 0.2, "audio_codec": "pcm_s16le"}),
    ],
)
def test_a_copy_has_the_same_frames_at_the_same_times_with_the_same_sound(tmp_path, name, times_s, media):
    original = write_media(tmp_path / name, times_s, clicks(1.5, (0.8,)), **media)
    copy = browser_copy(original, tmp_path / "cache")
    before, after = probe(original), probe(copy)
    assert after.browser_playable
    assert not before.browser_playable
    assert np.allclose(after.pts_s, before.pts_s, atol=2e-5)
    assert [number_of(p) for _, p in iterate_frames(copy)] == list(range(len(times_s)))
    heard = [np.flatnonzero(np.abs(read_audio(f).samples) > 0.3)[0] / SAMPLE_RATE_HZ for f in (original, copy)]
    assert heard[0] == pytest.approx(heard[1], abs=0.01)
    assert browser_copy(original, tmp_path / "cache") == copy
    assert len(list((tmp_path / "cache").iterdir())) == 1


EVEN_MS, SLOWER_MS = np.arange(30) * 40, np.cumsum([40] * 15 + [66] * 15)


@pytest.mark.parametrize(
    ("name", "sizes", "times_ms"),
    [
        ("a.webm", (96, 192), EVEN_MS),
        ("a.webm", (192, 96), EVEN_MS),
        ("three.webm", (96, 192, 48), EVEN_MS),
        ("slower.webm", (96, 192), SLOWER_MS),
        ("a.mkv", (96, 48, 96), SLOWER_MS),
    ],
)
def test_pictures_that_change_their_size_are_read_and_copied_in_the_first_one(tmp_path, name, sizes, times_ms):
    part = len(times_ms) // len(sizes)
    pictures = [numbered_picture(k, sizes[k // part]) for k in range(len(times_ms))]
    path = write_resizing(tmp_path / name, times_ms / 1000, pictures)
    info = probe(path)
    assert np.allclose(info.pts_s, (times_ms - times_ms[0]) / 1000, atol=1e-6)
    assert (info.width, info.height) == (sizes[0], sizes[0])
    copy = browser_copy(path, tmp_path / "cache")
    assert (copy == path) == (name in ("a.webm", "three.webm"))
    for file in (path, copy):
        read = [(k, number_of(picture), picture.shape) for k, picture in iterate_frames(file)]
        assert read == [(k, k, (sizes[0], sizes[0], 3)) for k in range(len(times_ms))]


@pytest.mark.parametrize("sizes", [((96, 192), (192, 96)), ((192, 96), (96, 192)), ((96, 96), (192, 48))])
def test_a_picture_that_changes_its_shape_keeps_it_between_black_edges(tmp_path, sizes):
    pictures = [numbered_picture(k, *sizes[k // 10]) for k in range(20)]
    path = write_resizing(tmp_path / "a.webm", np.arange(20) / 25, pictures)
    (width, height), (other_width, other_height) = sizes
    scale = min(width / other_width, height / other_height)
    wide, high = int(other_width * scale), int(other_height * scale)
    top, left = (height - high) // 2, (width - wide) // 2
    for k, picture in iterate_frames(path):
        assert picture.shape == (height, width, 3)
        if k >= 10:
            inner = picture[top : top + high, left : left + wide].copy()
            assert number_of(inner) == k
            picture[top : top + high, left : left + wide] = 0
            assert picture.max() == 0


def test_what_a_browser_plays_is_not_copied(tmp_path):
    video = write_media(tmp_path / "a.mp4", UNEVEN_S)
    assert browser_copy(video, tmp_path / "cache") == video
    assert not (tmp_path / "cache").exists()


def test_a_changed_original_gets_a_new_copy(tmp_path):
    video = write_media(tmp_path / "a.mkv", UNEVEN_S)
    first = browser_copy(video, tmp_path / "cache")
    write_media(video, UNEVEN_S[:20])
    second = browser_copy(video, tmp_path / "cache")
    assert first != second
    assert len(probe(second).pts_s) == 20


def test_a_damaged_original_leaves_nothing_behind(tmp_path):
    (tmp_path / "a.avi").write_bytes(b"RIFF no video")
    with pytest.raises(MediaError, match=r"a\.avi"):
        browser_copy(tmp_path / "a.avi", tmp_path / "cache")
    assert not list(tmp_path.glob("cache/*"))


@pytest.mark.parametrize("damage", [lambda content: content[:200], lambda content: b"", lambda content: content[::-1]])
def test_a_damaged_copy_is_made_again(tmp_path, damage):
    original = write_media(tmp_path / "a.mkv", np.arange(10) / 25)
    copy = browser_copy(original, tmp_path / "cache")
    whole = copy.read_bytes()
    copy.write_bytes(damage(whole))
    assert browser_copy(original, tmp_path / "cache").read_bytes() == whole


@pytest.mark.parametrize(("name", "codec"), [("voice.wav", "pcm_s16le"), ("voice.flac", "flac"), ("voice.mp3", "mp3")])
def test_sound_of_its_own_file_is_in_the_copy_and_starts_with_the_first_frame(tmp_path, name, codec):
    silent = write_media(tmp_path / "a.mp4", np.arange(40) / 25 + 0.5)
    voice = tmp_path / name
    with av.open(str(voice), "w") as out:
        stream = out.add_stream(codec, rate=SAMPLE_RATE_HZ, layout="mono")
        resampler = av.AudioResampler(stream.codec_context.format, "mono", SAMPLE_RATE_HZ)
        frame = av.AudioFrame.from_ndarray(clicks(1.6, (0.8,))[None], format="flt", layout="mono")
        frame.sample_rate = SAMPLE_RATE_HZ
        fifo = av.AudioFifo()
        for piece in resampler.resample(frame):
            fifo.write(piece)
        for piece in fifo.read_many(stream.codec_context.frame_size or 1024, partial=True):
            out.mux(stream.encode(piece))
        out.mux(stream.encode(None))
    copy = browser_copy(silent, tmp_path / "cache", sound=voice)
    assert copy != silent
    assert probe(copy).browser_playable
    assert [number_of(p) for _, p in iterate_frames(copy)] == list(range(40))
    heard = [np.flatnonzero(np.abs(read_audio(f).samples) > 0.3)[0] / SAMPLE_RATE_HZ for f in (voice, copy)]
    assert heard == pytest.approx([0.8, 0.8], abs=0.035)
    assert browser_copy(silent, tmp_path / "cache") == silent
