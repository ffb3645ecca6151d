"""Noise and blur, and the features that the backbones make of them."""

from __future__ import annotations

import numpy as np
import pytest

from iaca.clips import clip_frame_indices
from iaca.config import ConfigError, CorruptionConfig, CorruptionKind
from iaca.data.media.sound import SAMPLE_RATE_HZ, AudioTrack
from iaca.data.recordings import find_recordings
from iaca.features.extraction import extract
from iaca.features.noise_and_blur import CorruptionError, corrupt, noise, speech_power, touched_clips, with_noise
from tests.conftest import write_small_backbones
from tests.media_files import write_media

TIMES_S = np.arange(120) / 30


@pytest.fixture(scope="module")
def backbones(tmp_path_factory):
    visual, audio = write_small_backbones(tmp_path_factory.mktemp("backbones"))
    return {"visual": visual, "audio": audio}


def make_subject(root, sound):
    write_media(root / "batch1" / "s.mp4", TIMES_S, sound=sound)
    rows = "".join(f"s,{k},47.5,47.5,96,0\n" for k in range(len(TIMES_S)))
    (root / "faces.csv").write_text("subject,frame,x,y,size,roll\n" + rows)
    return find_recordings(root).find("s")


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    sound = np.random.default_rng(1).normal(0, 0.1, 4 * SAMPLE_RATE_HZ).astype(np.float32)
    return make_subject(tmp_path_factory.mktemp("plain"), sound)


@pytest.fixture(scope="module")
def features(recording, backbones):
    return extract(recording, backbones["visual"], backbones["audio"], clip_stride=8)


def voice(seconds=8):
    """A tone that pauses every other second, on a faint hiss."""
    at = np.arange(seconds * SAMPLE_RATE_HZ)
    tone = 0.2 * np.sin(at * 2 * np.pi * 220 / SAMPLE_RATE_HZ) * (at // SAMPLE_RATE_HZ % 2 == 0)
    samples = (tone + np.random.default_rng(0).normal(0, 1e-5, len(at))).astype(np.float32)
    return AudioTrack(samples, 0.0, float(seconds))


@pytest.mark.parametrize("kind", ["white", "pink"])
@pytest.mark.parametrize("ratio_db", [-5, 0, 20])
def test_noise_has_the_asked_ratio_to_the_speech_and_pauses_do_not_soften_it(kind, ratio_db):
    track = voice()
    noisy = with_noise(track, CorruptionConfig(kind=kind, strength=ratio_db)).samples
    added = np.mean(np.square(noisy[:] - track.samples, dtype=np.float64))
    # The tone has the power 0.2^2 / 2, over half of the time.
    assert 10 * np.log10(0.02 / added) == pytest.approx(ratio_db, abs=0.3)
    assert speech_power(track.samples) == pytest.approx(0.02, rel=0.01)


def test_noise_stays_in_its_span_and_is_the_same_in_every_slice():
    track = voice()
    noisy = with_noise(track, CorruptionConfig(strength=0, start_s=2, end_s=5)).samples
    changed = np.flatnonzero(noisy[:] != track.samples)
    assert (changed[0], changed[-1]) == (2 * SAMPLE_RATE_HZ, 5 * SAMPLE_RATE_HZ - 1)
    np.testing.assert_array_equal(noisy[100_000:150_000][20_000:], noisy[120_000:150_000])
    assert len(noisy) == len(track.samples)


def test_white_noise_is_flat_and_pink_noise_falls_three_decibels_an_octave():
    for kind, slope in ((CorruptionKind.WHITE, 0), (CorruptionKind.PINK, -3.01)):
        samples = noise(kind, 0)
        power = np.abs(np.fft.rfft(samples)) ** 2
        hz = np.fft.rfftfreq(len(samples), 1 / SAMPLE_RATE_HZ)
        octaves = [power[(hz >= low) & (hz < 2 * low)].mean() for low in 50 * 2.0 ** np.arange(8)]
        assert np.diff(10 * np.log10(octaves)) == pytest.approx(slope, abs=0.3)
        assert np.mean(np.square(samples, dtype=np.float64)) == pytest.approx(1, rel=1e-3)
    assert not np.array_equal(noise(CorruptionKind.WHITE, 0), noise(CorruptionKind.WHITE, 1))


def test_a_blur_of_no_width_gives_the_features_that_are_there(features, recording, backbones):
    same = corrupt(features, recording, backbones["visual"], CorruptionConfig(kind="blur"))
    np.testing.assert_allclose(same, features.visual, atol=1e-5)


@pytest.mark.parametrize("kind", ["white", "blur"])
def test_clips_that_touch_the_span_change_and_no_other(features, recording, backbones, kind):
    config = CorruptionConfig(kind=kind, strength=3, start_s=1.0, end_s=2.0)
    before = getattr(features, config.modality)
    after = corrupt(features, recording, backbones[config.modality], config)
    changed = (np.abs(after - before) > 1e-6).any(axis=1)
    np.testing.assert_array_equal(changed, touched_clips(config, features.frame, features.pts_s))
    assert 0 < changed.sum() < len(changed)
    if kind == "blur":
        shown = [features.pts_s[clip_frame_indices(int(end))] for end in features.frame]
        assert changed.tolist() == [bool(((at >= 1) & (at <= 2)).any()) for at in shown]


def test_more_noise_moves_the_features_further(features, recording, backbones):
    faint, loud = (corrupt(features, recording, backbones["audio"], CorruptionConfig(strength=s)) for s in (30, -10))
    assert np.abs(faint - features.audio).mean() < np.abs(loud - features.audio).mean()


def test_progress_ends_at_all_clips_and_may_stop_the_work(features, recording, backbones):
    told = []
    config = CorruptionConfig(kind="pink", strength=5, start_s=0.5)
    corrupt(features, recording, backbones["audio"], config, progress=lambda *counts: told.append(counts))
    total = int(touched_clips(config, features.frame, features.pts_s).sum())
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1] == (total, total)

    def stop(done, total):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        corrupt(features, recording, backbones["audio"], config, progress=stop)


def test_what_cannot_be_corrupted_is_said_in_one_sentence(features, recording, backbones, tmp_path):
    other = features._replace(backbones={"audio": {"name": "old", "sha256": "c" * 64}})
    with pytest.raises(CorruptionError, match=r"audio was made by backbone old \(cccccccc\)"):
        corrupt(other, recording, backbones["audio"], CorruptionConfig())
    with pytest.raises(CorruptionError, match=r"s has no video; expected s\.mp4"):
        corrupt(features, recording._replace(video_file=None), backbones["audio"], CorruptionConfig())
    mute = make_subject(tmp_path, None)
    with pytest.raises(CorruptionError, match=r"s\.mp4 has no sound"):
        corrupt(features, mute, backbones["audio"], CorruptionConfig())
    silent = voice()._replace(samples=np.zeros(8 * SAMPLE_RATE_HZ, np.float32))
    with pytest.raises(CorruptionError, match=r"no sound from 2\.0 to 3\.0 s"):
        with_noise(silent, CorruptionConfig(start_s=2, end_s=3))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "hiss"}, "kind is 'hiss'; expected one of: white, pink, blur"),
        ({"strength": 99}, "strength is 99; expected -60 to 60 dB"),
        ({"kind": "blur", "strength": -1}, "expected 0 to 40 pixels"),
        ({"start_s": 3, "end_s": 2}, "expected 0 <= start_s < end_s"),
    ],
)
def test_a_bad_corruption_is_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        CorruptionConfig(**settings)
