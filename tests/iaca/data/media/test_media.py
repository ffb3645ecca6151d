"""Files as cameras, broadcasts and programs write them: each is read right, or something true is said of it."""

from __future__ import annotations

import subprocess

import av
import numpy as np
import pytest

from iaca.data.media.browser_copy import browser_copy
from iaca.data.media.container import MediaError, restarts
from iaca.data.media.sound import read_audio
from iaca.data.media.video import iterate_frames, probe
from tests.iaca.data.media.test_container import needs_ffmpeg
from tests.media_files import clicks, number_of, write_media

TIMES_S = np.arange(40) / 25
SOUND = clicks(1.6, (0.8,))


def first_click_s(path):
    return np.flatnonzero(np.abs(read_audio(path).samples) > 0.3)[0] / 44_100


def tuned_into(source, target, skipped):
    """A copy without the first pictures in the order of the file, and with all of the sound."""
    with av.open(str(source)) as original, av.open(str(target), "w") as out:
        copies = {one.index: out.add_stream_from_template(one) for one in original.streams}
        left = skipped
        for packet in original.demux():
            if packet.dts is None:
                continue
            if packet.stream.type == "video" and left:
                left -= 1
                continue
            packet.stream = copies[packet.stream.index]
            out.mux(packet)
    return target


@pytest.mark.parametrize(
    ("name", "codec", "b_frames"),
    [("a.ts", "libx264", 0), ("a.ts", "libx264", 2), ("a.mkv", "libx264", 2), ("a.mpg", "mpeg2video", 2)],
)
def test_what_begins_between_two_key_frames_begins_with_the_first_that_can_be_seen(tmp_path, name, codec, b_frames):
    whole = write_media(
        tmp_path / f"whole{name[1:]}", TIMES_S, SOUND, video_codec=codec, audio_codec="mp2", b_frames=b_frames,
        ticks_per_s=25,
    )  # fmt: skip
    path = tuned_into(whole, tmp_path / name, 5)
    info = probe(path)
    copy = browser_copy(path, tmp_path / "cache")
    numbers = [number_of(picture) for _, picture in iterate_frames(path)]
    assert numbers == list(range(numbers[0], 40))
    assert 5 <= numbers[0] <= 14
    assert any("begins between two key frames: its first" in remark for remark in info.remarks)
    for file in (path, copy):
        frames = [(k, number_of(picture)) for k, picture in iterate_frames(file)]
        assert frames == list(enumerate(numbers))
        assert np.allclose(probe(file).pts_s, TIMES_S[: len(numbers)], atol=2e-3)
        assert first_click_s(file) == pytest.approx(0.8 - TIMES_S[numbers[0]], abs=0.04)


@needs_ffmpeg
@pytest.mark.parametrize("start_s", [-0.5, -0.2])
def test_pictures_before_zero_that_have_no_time_are_a_usual_step_apart(tmp_path, start_s):
    whole = write_media(tmp_path / "whole.mkv", TIMES_S, SOUND)
    moved = ["-c", "copy", "-output_ts_offset", str(start_s), "-avoid_negative_ts", "disabled", tmp_path / "a.mkv"]
    subprocess.run(["ffmpeg", "-v", "error", "-i", whole, *moved], check=True)
    path = tmp_path / "a.mkv"
    assert np.allclose(probe(path).pts_s, TIMES_S, atol=2e-3)
    assert first_click_s(path) == pytest.approx(0.8, abs=0.04)


@needs_ffmpeg
@pytest.mark.parametrize(("transfer", "is_hdr"), [("smpte2084", True), ("arib-std-b67", True), ("bt709", False)])
def test_hdr_is_told(tmp_path, transfer, is_hdr):
    plain = write_media(tmp_path / "plain.mp4", TIMES_S[:10])
    marks = ["-c:v", "libx264", "-pix_fmt", "yuv420p10le", "-color_trc", transfer, "-color_primaries", "bt2020"]
    subprocess.run(["ffmpeg", "-v", "error", "-i", plain, *marks, tmp_path / "a.mp4"], check=True)
    info = probe(tmp_path / "a.mp4")
    assert any("is HDR video and is used without tone mapping" in remark for remark in info.remarks) == is_hdr
    assert not info.browser_playable
    copy = browser_copy(tmp_path / "a.mp4", tmp_path / "cache")
    assert [number_of(picture) for _, picture in iterate_frames(copy)] == list(range(10))


@needs_ffmpeg
@pytest.mark.parametrize(("pixels", "plays"), [("yuva420p", False), ("yuv420p", True)])
def test_pictures_that_let_the_page_shine_through_are_copied(tmp_path, pixels, plays):
    plain = write_media(tmp_path / "plain.mp4", TIMES_S[:10])
    codec = ["-pix_fmt", pixels, "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", tmp_path / "a.webm"]
    subprocess.run(["ffmpeg", "-v", "error", "-i", plain, *codec], check=True)
    assert probe(tmp_path / "a.webm").browser_playable == plays
    copy = browser_copy(tmp_path / "a.webm", tmp_path / "cache")
    assert [number_of(picture) for _, picture in iterate_frames(copy)] == list(range(10))


@needs_ffmpeg
@pytest.mark.parametrize(("name", "codec"), [("a.ts", "libx264"), ("a.mpg", "mpeg2video")])
def test_recordings_that_are_joined_byte_by_byte_are_refused_with_what_joins_them(tmp_path, name, codec):
    parts = [
        write_media(tmp_path / f"{k}{name[1:]}", TIMES_S[:count], video_codec=codec, ticks_per_s=25)
        for k, count in enumerate((40, 30))
    ]
    path = tmp_path / name
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    with pytest.raises(MediaError, match=rf"{name} has a clock that starts again, .* ffmpeg -i FILE NEW\.mp4"):
        probe(path)
    subprocess.run(["ffmpeg", "-v", "error", "-i", path, tmp_path / "new.mp4"], check=True)
    assert [number_of(picture) for _, picture in iterate_frames(tmp_path / "new.mp4")] == [*range(40), *range(30)]


def test_one_time_that_is_damaged_is_no_clock_that_starts_again():
    clock_s = np.arange(50) / 25
    assert not restarts(clock_s)
    assert restarts(np.concatenate([clock_s, clock_s]))
    for value in (-1e6, 1e6):
        damaged = clock_s.copy()
        damaged[20] = value
        assert not restarts(damaged)
    assert not restarts(clock_s[:3])


def test_pictures_that_share_their_times_are_copied(tmp_path):
    path = write_media(tmp_path / "a.mkv", np.repeat(TIMES_S[:10], 2) + np.arange(20) * 1e-5, video_codec="ffv1")
    copy = browser_copy(path, tmp_path / "cache")
    assert len(list(iterate_frames(copy))) == len(list(iterate_frames(path)))
