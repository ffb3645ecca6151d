"""What a backbone receives."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from iaca.data.media.sound import SAMPLE_RATE_HZ, AudioTrack
from iaca.features.backbone_inputs import MINIMUM_SAMPLES, audio_clip, audio_input, frames_with_audio, visual_input

PTS_S = np.arange(200) / 30


def track(seconds: float, start_s: float = 0.0) -> AudioTrack:
    """A sound whose sample i has the value i + 1, silent before `start_s`."""
    samples = np.arange(1, round(seconds * SAMPLE_RATE_HZ) + 1, dtype=np.float32)
    samples[: round(start_s * SAMPLE_RATE_HZ)] = 0
    return AudioTrack(samples, start_s, seconds)


def test_pictures_are_normalised_by_the_statistics_of_kinetics():
    pictures = torch.zeros(2, 8, 112, 112, 3, dtype=torch.uint8)
    pictures[..., 1] = 255
    x = visual_input(pictures)
    assert x.shape == (2, 3, 8, 112, 112)
    assert x[0, 0].unique().tolist() == pytest.approx([-0.43216 / 0.22803])
    assert x[0, 1].unique().tolist() == pytest.approx([(1 - 0.394666) / 0.22145])


def test_digital_silence_is_not_zero():
    assert audio_input(torch.zeros(1, MINIMUM_SAMPLES)).unique().tolist() == pytest.approx([-4.2825], abs=1e-3)


def test_a_spectrogram_equals_its_definition():
    waveform = np.random.default_rng(0).normal(size=MINIMUM_SAMPLES).astype(np.float32)
    x = audio_input(torch.from_numpy(waveform)[None])[0, 0].numpy()
    assert x.shape == (64, 104)
    # Column 50 by hand: 882 samples under a Hann window in the middle of an FFT of 1024, triangles on the HTK scale.
    middle = 50 * 441
    window = np.zeros(1024)
    window[71 : 71 + 882] = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(882) / 882)
    power = np.abs(np.fft.rfft(waveform[middle - 512 : middle + 512] * window)) ** 2
    mel = 2595 * np.log10(1 + np.linspace(0, 22050, 513) / 700)
    edges = 700 * (10 ** (np.linspace(0, mel[-1], 66) / 2595) - 1)
    frequency = np.linspace(0, 22050, 513)
    for band in (10, 40, 63):
        low, peak, high = edges[band : band + 3]
        weights = np.clip(np.minimum((frequency - low) / (peak - low), (high - frequency) / (high - peak)), 0, None)
        decibels = 10 * np.log10(max((weights * power).sum(), 1e-10))
        assert x[band, 50] == pytest.approx((decibels + 14.8) / 19.895, abs=1e-3)


def test_the_loudest_clip_of_a_batch_does_not_change_the_others():
    quiet = torch.randn(1, MINIMUM_SAMPLES, generator=torch.Generator().manual_seed(0)) * 1e-4
    quiet[:, :20000] = 0
    loud = torch.randn(1, MINIMUM_SAMPLES)
    alone, together = audio_input(quiet)[0], audio_input(torch.cat((quiet, loud)))[0]
    assert torch.allclose(alone, together, atol=1e-4)


def test_the_span_of_a_clip_runs_from_its_first_frame_to_its_last():
    clip = audio_clip(track(10), np.arange(200) / 14, 100)
    assert len(clip) == 97_650  # 31 frames at 14 a second are never cut
    assert clip[-1] == round(100 / 14 * SAMPLE_RATE_HZ)
    assert clip[0] == clip[-1] - 97_650 + 1


def test_a_short_span_is_padded_on_the_left():
    clip = audio_clip(track(10), PTS_S, 15)
    assert len(clip) == MINIMUM_SAMPLES
    assert (clip[-22050:] == np.arange(1, 22051)).all()
    assert (clip[:-22050] == 0).all()


def test_all_clips_of_an_even_video_are_equally_long():
    for rate in (14, 23.976, 25, 29.97, 30, 59.94):
        pts_s = np.arange(400) / rate
        lengths = {len(audio_clip(track(40), pts_s, end)) for end in range(31, 400, 7)}
        assert len(lengths) == 1, rate


@pytest.mark.parametrize("end", [0, 10])
def test_a_clip_before_the_sound_starts_is_missing(end):
    assert audio_clip(track(10, start_s=0.4), PTS_S, end) is None


def test_a_clip_partly_before_the_sound_has_zeros_there():
    clip = audio_clip(track(10, start_s=0.4), PTS_S, 40)
    heard = np.flatnonzero(clip)
    assert clip[heard[0]] == round(0.4 * SAMPLE_RATE_HZ) + 1
    assert heard[-1] == len(clip) - 1


def test_a_clip_after_the_sound_ended_is_missing_and_one_across_the_end_is_padded():
    sound = track(3)
    assert audio_clip(sound, PTS_S, 199) is None
    clip = audio_clip(sound, PTS_S, 100)
    late = round((PTS_S[100] - 3) * SAMPLE_RATE_HZ)
    assert (clip[-late:] == 0).all()
    assert clip[-late - 1] == 3 * SAMPLE_RATE_HZ


def test_a_clip_across_a_jump_of_the_timestamps_is_missing():
    pts_s = np.r_[PTS_S[:40], PTS_S[:40] + 7200]
    assert audio_clip(track(3), pts_s, 39) is not None
    assert all(audio_clip(track(3), pts_s, end) is None for end in range(40, 71))


def test_without_a_track_every_clip_is_missing():
    assert audio_clip(None, PTS_S, 100) is None
    assert not frames_with_audio(None, PTS_S).any()


def test_frames_have_audio_between_start_and_end_of_the_track():
    mask = frames_with_audio(track(3, start_s=0.4), PTS_S)
    assert mask.tolist() == ((PTS_S >= 0.4) & (PTS_S < 3)).tolist()
