"""Decoding real files: times of frames, numbers of frames, sound on the same clock."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iaca.data.media.browser_copy import browser_copy
from iaca.data.media.container import MediaError
from iaca.data.media.sound import SAMPLE_RATE_HZ, read_audio
from iaca.data.media.video import fit_pts, iterate_frames, probe
from tests.media_files import clicks, number_of, pack_as_divx, write_media

EVEN_S = np.arange(40) / 30
UNEVEN_S = np.cumsum(np.r_[0, np.tile([0.033, 0.05, 0.02], 13)])
HOP_S = 0.01


def click_s(samples: np.ndarray) -> float:
    """Moment of the first click, from sample 0."""
    return float(np.flatnonzero(np.abs(samples) > 0.3)[0] / SAMPLE_RATE_HZ)


@pytest.mark.parametrize("b_frames", [0, 2])
@pytest.mark.parametrize("times_s", [EVEN_S, UNEVEN_S, EVEN_S + 0.3], ids=["even", "uneven", "begins-late"])
@pytest.mark.parametrize("ending", [".mp4", ".mkv"])
def test_every_frame_has_its_own_time_from_the_first_one(tmp_path, times_s, b_frames, ending):
    path = write_media(tmp_path / f"a{ending}", times_s, clicks(1, ()), b_frames=b_frames)
    info = probe(path)
    assert np.allclose(info.pts_s, times_s - times_s[0], atol=6e-4)  # mkv rounds to milliseconds
    assert info.first_pts_s == pytest.approx(times_s[0], abs=1e-3)
    assert info.variable_frame_rate == (times_s is UNEVEN_S)


@pytest.mark.parametrize("b_frames", [0, 2])
@pytest.mark.parametrize("name", ["a.mp4", "a.avi", "a.mkv"])
def test_every_picture_comes_with_its_own_number(tmp_path, name, b_frames):
    codec = "mpeg4" if name.endswith("avi") else "libx264"
    path = write_media(tmp_path / name, EVEN_S, b_frames=b_frames, video_codec=codec)
    decoded = [(k, number_of(picture)) for k, picture in iterate_frames(path)]
    assert decoded == [(k, k) for k in range(len(EVEN_S))]


def test_only_wanted_frames_are_handed_out_under_their_numbers(tmp_path):
    path = write_media(tmp_path / "a.mp4", UNEVEN_S, b_frames=2)
    wanted = np.zeros(100, bool)  # longer than the video: labels may be
    wanted[[0, 7, 39, 60]] = True
    assert [(k, number_of(picture)) for k, picture in iterate_frames(path, wanted)] == [(0, 0), (7, 7), (39, 39)]


@pytest.mark.parametrize(("video_start_s", "sound_start_s"), [(0, 0), (0, 0.4), (0.3, 0), (0.3, 0.1)], ids=str)
@pytest.mark.parametrize("sound_first", [False, True])
def test_a_click_stands_where_it_is_heard_on_the_clock_of_the_frames(
    tmp_path, video_start_s, sound_start_s, sound_first
):
    path = write_media(
        tmp_path / "a.mp4", EVEN_S + video_start_s, clicks(1.2, (0.6,)), sound_start_s=sound_start_s,
        sound_first=sound_first, b_frames=2,
    )  # fmt: skip
    track = read_audio(path)
    offset_s = sound_start_s - video_start_s
    assert click_s(track.samples) == pytest.approx(0.6 + offset_s, abs=HOP_S)
    assert track.start_s == pytest.approx(max(0, offset_s), abs=0.03)  # a codec may begin one block early
    assert track.end_s == pytest.approx(1.2 + offset_s, abs=0.05)
    assert len(track.samples) == round(track.end_s * SAMPLE_RATE_HZ)
    assert (track.samples[: round(track.start_s * SAMPLE_RATE_HZ)] == 0).all()
    assert probe(path).audio_offset_s == pytest.approx(offset_s, abs=0.03)


@pytest.mark.parametrize("b_frames", [0, 2])
def test_delayed_frames_of_avi_do_not_shift_its_sound(tmp_path, b_frames):
    path = write_media(
        tmp_path / "a.avi", EVEN_S, clicks(1.2, (0.6,)), video_codec="mpeg4", audio_codec="pcm_s16le", b_frames=b_frames
    )
    assert click_s(read_audio(path).samples) == pytest.approx(0.6, abs=HOP_S)
    assert np.allclose(probe(path).pts_s, EVEN_S, atol=1e-6)


needs_ffmpeg = pytest.mark.skipif(not shutil.which("ffprobe"), reason="compares with the programs of ffmpeg")


def times_of_ffprobe(path):
    options = [
        "-v",
        "error",
        "-select_streams",
        "v",
        "-show_entries",
        "frame=best_effort_timestamp_time",
        "-of",
        "csv=p=0",
    ]
    told = subprocess.run(["ffprobe", *options, str(path)], capture_output=True, text=True, check=True).stdout
    return np.array([float(line.strip(",")) for line in told.split()])


@needs_ffmpeg
@pytest.mark.parametrize(
    ("name", "times_s", "media"),
    [
        ("even.mp4", EVEN_S, {"b_frames": 2}),
        ("uneven.mp4", UNEVEN_S, {"b_frames": 2, "sound_first": True}),
        ("picture-late.mkv", EVEN_S + 0.3, {"b_frames": 2}),
        ("sound-late.mp4", UNEVEN_S, {"sound_start_s": 0.4}),
        ("mp3.avi", EVEN_S, {"video_codec": "mpeg4", "audio_codec": "libmp3lame"}),
        ("h264.avi", EVEN_S, {"audio_codec": "libmp3lame"}),
    ],
)
def test_every_frame_has_the_time_that_ffprobe_tells(tmp_path, name, times_s, media):
    path = write_media(tmp_path / name, times_s, clicks(1.2, (0.6,)), **media)
    told = times_of_ffprobe(path)
    assert np.allclose(probe(path).pts_s, told - told[0], atol=1e-6)


@needs_ffmpeg
@pytest.mark.parametrize("video_codec", ["mpeg4", "libx264"])
@pytest.mark.parametrize("rate", [14, 25, 30, 60])
def test_mp3_in_avi_sounds_where_ffmpeg_plays_it_and_its_pictures_wait_for_it_by_whole_frames(
    tmp_path, rate, video_codec
):
    times_s = np.arange(2 * rate) / rate
    k = round(0.6 * rate)
    path = write_media(
        tmp_path / "a.avi", times_s, clicks(2, (times_s[k],)), video_codec=video_codec, audio_codec="libmp3lame"
    )
    options = ["-v", "error", "-i", str(path), "-f", "f32le", "-ac", "1", "-ar", str(SAMPLE_RATE_HZ), "-"]
    played = np.frombuffer(subprocess.run(["ffmpeg", *options], capture_output=True, check=True).stdout, np.float32)
    heard_s = click_s(read_audio(path).samples)
    assert heard_s == pytest.approx(click_s(played), abs=2 / SAMPLE_RATE_HZ)
    # The encoder puts 1105 samples of silence first. Nothing in an AVI says so: its writer moves the pictures instead,
    # and those by whole frames only.
    shift_s = probe(path).pts_s[k] - times_s[k]
    assert shift_s * rate == pytest.approx(round(shift_s * rate), abs=1e-3)
    apart_s = heard_s - probe(path).pts_s[k]
    assert apart_s == pytest.approx(1105 / SAMPLE_RATE_HZ - shift_s, abs=0.001)
    assert abs(apart_s) < 1 / rate
    if rate >= 30:
        assert abs(apart_s) < HOP_S


@needs_ffmpeg
def test_sound_that_turns_from_mono_into_stereo_is_heard_to_its_end(tmp_path):
    def ffmpeg(*arguments):
        return subprocess.run(["ffmpeg", "-v", "error", *map(str, arguments)], capture_output=True, check=True).stdout

    def bare_mp3(channels):
        tone = ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate={SAMPLE_RATE_HZ}:duration=0.6"]
        form = ["-ac", channels, "-c:a", "libmp3lame", "-write_xing", 0, "-id3v2_version", 0, "-f", "mp3"]
        return ffmpeg(*tone, *form, "-")

    sound, path = tmp_path / "sound.mp3", tmp_path / "a.avi"
    sound.write_bytes(bare_mp3(1) + bare_mp3(2))
    pictures = write_media(tmp_path / "silent.avi", EVEN_S, video_codec="mpeg4")
    ffmpeg("-i", pictures, "-i", sound, "-c", "copy", path)
    played = np.frombuffer(ffmpeg("-i", path, "-f", "s16le", "-ac", 1, "-ar", SAMPLE_RATE_HZ, "-"), np.int16) / 32768
    samples = read_audio(path).samples
    assert len(samples) > 1.2 * SAMPLE_RATE_HZ
    assert len(samples) == pytest.approx(len(played), abs=2)
    together = min(len(samples), len(played))
    assert np.allclose(samples[:together], played[:together], atol=1e-3)


def test_packets_of_divx_that_hold_two_pictures_are_two_frames_at_their_times(tmp_path):
    times_s = np.arange(61) / 30
    original = write_media(tmp_path / "a.avi", times_s, video_codec="mpeg4", b_frames=1)
    path = pack_as_divx(original, tmp_path / "packed.avi")
    assert path.read_bytes() != original.read_bytes()
    assert [(k, number_of(picture)) for k, picture in iterate_frames(path)] == [(k, k) for k in range(61)]
    assert np.allclose(probe(path).pts_s, times_s, atol=1e-6)


def test_a_video_without_sound_has_none(tmp_path):
    path = write_media(tmp_path / "a.mp4", EVEN_S)
    assert read_audio(path) is None
    info = probe(path)
    assert info.audio_codec is None
    assert info.audio_offset_s is None


def test_sound_that_ends_before_the_first_frame_is_none(tmp_path):
    path = write_media(tmp_path / "a.mkv", EVEN_S + 2, clicks(0.5, ()), audio_codec="pcm_s16le")
    assert read_audio(path) is None


def test_what_a_browser_plays_is_told_from_what_it_does_not(tmp_path):
    sound = clicks(0.5, ())
    times_s = EVEN_S[:10]
    assert probe(write_media(tmp_path / "a.mp4", times_s, sound)).browser_playable
    avi = probe(write_media(tmp_path / "a.avi", times_s, sound, video_codec="mpeg4", audio_codec="libmp3lame"))
    assert not avi.browser_playable
    assert (avi.video_codec, avi.audio_codec) == ("mpeg4", "mp3")
    assert not probe(write_media(tmp_path / "a.mkv", times_s, sound)).browser_playable


@pytest.mark.parametrize(
    ("name", "times_s", "playable"),
    [("a.webm", EVEN_S, True), ("a.webm", UNEVEN_S, False), ("a.webm", EVEN_S**1.2, False), ("a.mp4", UNEVEN_S, True)],
)
def test_webm_of_uneven_frames_is_copied_since_browsers_guess_how_long_each_is_shown(tmp_path, name, times_s, playable):
    codec = "libvpx" if name == "a.webm" else "libx264"
    path = write_media(tmp_path / name, times_s, video_codec=codec, ticks_per_s=1000 if name == "a.webm" else 90_000)
    assert probe(path).browser_playable == playable
    copy = browser_copy(path, tmp_path / "cache")
    assert (copy == path) == playable
    assert np.allclose(probe(copy).pts_s, probe(path).pts_s, atol=1e-4)


@pytest.mark.parametrize("name", ["-a.mp4", "a b'c\"d.mp4", "é漢.mp4", "a:b?c#d%20.mp4"])
def test_any_file_name_works(tmp_path, monkeypatch, name):
    write_media(tmp_path / name, EVEN_S[:5], clicks(0.2, ()))
    monkeypatch.chdir(tmp_path)
    assert len(probe(name).pts_s) == 5
    assert len(list(iterate_frames(name))) == 5
    assert read_audio(name) is not None


def test_a_missing_truncated_or_foreign_file_is_one_clear_sentence(tmp_path):
    whole = write_media(tmp_path / "whole.mp4", EVEN_S).read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])  # its table of contents stands at the end
    (tmp_path / "text.mp4").write_text("no video at all\n" * 50)
    (tmp_path / "empty.mp4").write_bytes(b"")
    for name in ("missing.mp4", "cut.mp4", "text.mp4", "empty.mp4"):
        for read in (probe, read_audio, lambda path: list(iterate_frames(path))):
            with pytest.raises(MediaError, match=name) as error:
                read(tmp_path / name)
            assert "\n" not in str(error.value)


def test_damage_in_the_middle_does_not_renumber_what_follows(tmp_path):
    path = write_media(tmp_path / "a.mp4", np.arange(90) / 30)
    content = bytearray(path.read_bytes())
    content[len(content) // 3 : len(content) // 2] = bytes(len(content) // 2 - len(content) // 3)
    path.write_bytes(content)
    decoded = {k: number_of(picture) for k, picture in iterate_frames(path)}
    assert len(decoded) < 90
    assert decoded[88] == 88
    assert decoded[3] == 3


def mapped_bytes():
    """Memory of this process that stands for files."""
    status = Path("/proc/self/status").read_text()
    return 1024 * int(re.search(r"RssFile:\s+(\d+)", status)[1])


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="asks Linux for its memory")
def test_sound_that_was_read_and_released_is_no_memory_and_can_be_read_again(tmp_path):
    sound = np.random.default_rng(0).normal(0, 0.1, 60 * SAMPLE_RATE_HZ).astype(np.float32)
    track = read_audio(write_media(tmp_path / "a.mkv", np.arange(60.0), sound, audio_codec="pcm_s16le"))
    before = mapped_bytes()
    heard = float(track.samples.sum())
    read = mapped_bytes()
    assert read - before > 0.9 * track.samples.nbytes
    track.release()
    assert read - mapped_bytes() > 0.9 * track.samples.nbytes
    assert float(track.samples.sum()) == heard


@pytest.mark.parametrize("num_frames", [1, 3, 4, 6])
def test_times_are_cut_or_extended_to_the_labels(num_frames):
    pts_s = fit_pts(np.array([0, 0.1, 0.25, 0.45]), num_frames)
    assert np.allclose(pts_s, [0, 0.1, 0.25, 0.45, 0.65, 0.85][:num_frames])


@given(
    times_s=st.lists(st.floats(0, 1e5), min_size=1, max_size=60).map(sorted).map(np.array),
    num_frames=st.integers(1, 120),
)
def test_times_for_any_number_of_labels_are_those_of_the_frames_and_never_fall(times_s, num_frames):
    fitted_s = fit_pts(times_s, num_frames)
    assert len(fitted_s) == num_frames
    together = min(num_frames, len(times_s))
    assert np.array_equal(fitted_s[:together], times_s[:together])
    assert (np.diff(fitted_s) >= 0).all()
    assert np.isfinite(fitted_s).all()
