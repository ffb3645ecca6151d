"""Sound of every form becomes one channel that can be heard."""

from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest

from iaca.data.media.sound import read_audio
from iaca.data.timeline import read_timeline
from iaca.features.corpus_extraction import single_recording
from tests.media_files import RATE_HZ, numbered_picture

VOICE = (0.3 * np.sin(np.arange(2 * RATE_HZ) / 20)).astype(np.float32)
NOISE = np.random.default_rng(0).normal(0, 0.1, len(VOICE)).astype(np.float32)


def write_stereo(path, left, right, codec="pcm_s16le", layout="stereo"):
    """A second of pictures with sound of two channels, or of more that are silent."""
    with av.open(str(path), "w") as out:
        video = out.add_stream("libx264", rate=25)
        video.width = video.height = 96
        video.pix_fmt = "yuv420p"
        audio = out.add_stream(codec, rate=RATE_HZ, layout=layout)
        for k in range(50):
            frame = av.VideoFrame.from_ndarray(numbered_picture(k), format="rgb24")
            frame.pts, frame.time_base = k, Fraction(1, 25)
            out.mux(video.encode(frame))
        out.mux(video.encode(None))
        channels = [left, right, *[0 * left] * (av.AudioLayout(layout).nb_channels - 2)]
        frame = av.AudioFrame.from_ndarray(np.stack(channels).astype(np.float32), "fltp", layout)
        frame.sample_rate = RATE_HZ
        for converted in av.AudioResampler(audio.codec_context.format, layout, RATE_HZ).resample(frame):
            out.mux(audio.encode(converted))
        out.mux(audio.encode(None))
    return path


def loudness(samples):
    return float(np.sqrt(np.mean(np.square(samples[RATE_HZ // 10 : RATE_HZ]))))


@pytest.mark.parametrize(
    ("name", "codec", "right", "louder"),
    [
        ("a.mkv", "pcm_s16le", -0.95 * VOICE, "left"),
        ("a.mkv", "pcm_f32le", -0.8 * VOICE, "left"),
        ("a.mkv", "pcm_u8", -0.9 * VOICE, "left"),
        ("a.mp4", "aac", -1.2 * VOICE, "right"),
        ("a.avi", "pcm_s16le", -0.9 * VOICE + 0.02 * NOISE, "left"),
    ],
)
def test_stereo_out_of_phase_is_heard_in_its_louder_channel_and_said(tmp_path, name, codec, right, louder):
    path = write_stereo(tmp_path / name, VOICE, right, codec)
    track = read_audio(path)
    assert loudness(track.samples) == pytest.approx(loudness(VOICE if louder == "left" else right), rel=0.1)
    assert f"the {louder} channel alone is used" in track.remark
    assert path.name in track.remark
    assert (track.start_s, track.end_s) == pytest.approx((0, 2), abs=0.06)


def test_exact_opposites_are_heard_too(tmp_path):
    track = read_audio(write_stereo(tmp_path / "a.mkv", VOICE, -VOICE))
    np.testing.assert_allclose(np.abs(track.samples[:RATE_HZ]), np.abs(VOICE[:RATE_HZ]), atol=1e-3)


@pytest.mark.parametrize(
    ("right", "share"), [(VOICE, 1), (0 * VOICE, 0.5), (NOISE, 0.56), (-0.5 * VOICE, 0.25), (np.roll(VOICE, 20), 0.88)]
)
def test_other_stereo_is_the_mean_of_its_channels(tmp_path, right, share):
    track = read_audio(write_stereo(tmp_path / "a.mkv", VOICE, right))
    assert track.remark == ""
    np.testing.assert_allclose(track.samples[:RATE_HZ], (VOICE + right)[:RATE_HZ] / 2, atol=1e-3)
    assert loudness(track.samples) / loudness(VOICE) == pytest.approx(share, abs=0.15)


def test_sound_of_more_channels_is_mixed_as_ever(tmp_path):
    track = read_audio(write_stereo(tmp_path / "a.mkv", VOICE, 0 * VOICE, layout="5.1"))
    assert track.remark == ""
    assert loudness(track.samples) > 0.03


def test_silence_in_stereo_is_silence(tmp_path):
    track = read_audio(write_stereo(tmp_path / "a.mkv", 0 * VOICE, 0 * VOICE))
    assert (loudness(track.samples), track.remark) == (0, "")
    assert read_timeline(single_recording(tmp_path / "a.mkv")).problems == ()
