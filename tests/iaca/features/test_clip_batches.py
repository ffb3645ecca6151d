"""What clips share is sent once, and is cut as it is clip by clip."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from iaca.compute.threads import CPU
from iaca.data.faces.crops import clip_pictures
from iaca.data.media.sound import SAMPLE_RATE_HZ, AudioTrack
from iaca.features.backbone_inputs import MINIMUM_SAMPLES, audio_clip, visual_input
from iaca.features.clip_batches import (
    BATCH_BYTES,
    WAITING_BYTES,
    WAITING_CLIPS,
    equal_lengths,
    picture_batches,
    sound_batches,
)


def track(seconds, start_s=0.0):
    samples = np.random.default_rng(2).normal(0, 0.1, round(seconds * SAMPLE_RATE_HZ)).astype(np.float32)
    samples[: round(start_s * SAMPLE_RATE_HZ)] = 0
    return AudioTrack(samples, start_s, seconds)


def jittered(frames, fps):
    return np.cumsum(np.r_[0, np.random.default_rng(5).uniform(0.5, 1.5, frames - 1)]) / fps


@pytest.mark.parametrize("at_once", [1, 7, 64])
@pytest.mark.parametrize(
    ("pts_s", "sound"),
    [
        (np.arange(150) / 25, track(6)),  # begins with spans that are padded
        (np.arange(150) / 60, track(2.5)),  # every span is shorter than the shortest input
        (np.arange(150) / 25, track(3, start_s=1)),  # sound begins late and ends early
        (jittered(150, 20), track(8)),  # nearly every clip has a length of its own
        (np.arange(40) * 1.5, track(60)),
    ],
)
def test_sound_that_is_cut_from_a_batch_is_that_of_each_clip(pts_s, sound, at_once):
    ends = np.arange(0, len(pts_s), 2)
    expected = [audio_clip(sound, pts_s, int(end)) for end in ends]
    seen, sent = [], 0
    for places, clips in sound_batches(sound, pts_s, ends, at_once):
        assert len(clips) == len(places) <= at_once
        waveforms = clips.waveforms(CPU).numpy()
        for place, waveform in zip(places, waveforms, strict=True):
            assert np.array_equal(waveform, expected[place])
        some = np.arange(0, len(places), 2)
        assert np.array_equal(clips.rows(some).waveforms(CPU).numpy(), waveforms[some])
        assert clips.samples.numel() <= waveforms.size
        seen += places
        sent += clips.samples.numel()
    assert sorted(seen) == [place for place, clip in enumerate(expected) if clip is not None]
    if at_once == 64 and pts_s[1] == 1 / 25:
        assert sent < sum(clip.size for clip in expected if clip is not None) / 5


def test_a_video_without_sound_has_no_batches():
    assert list(sound_batches(None, np.arange(50) / 25, np.arange(50), 8)) == []


def test_pictures_are_sent_once_and_gathered_into_the_clips_that_show_them():
    frames = [None if k % 5 == 0 else np.full((112, 112, 3), k, np.uint8) for k in range(60)]
    frames[40:52] = [None] * 12
    clips = [frames[k : k + 8] for k in range(52)]
    expected = [clip_pictures(clip) for clip in clips]
    seen = []
    for places, batch in picture_batches(clips, 16):
        x = batch.on(CPU, torch.float32)
        assert torch.equal(x, visual_input(torch.from_numpy(np.stack([expected[place] for place in places]))))
        assert torch.equal(batch.rows(slice(3, 5)).on(CPU, torch.float32), x[3:5])
        assert x.is_contiguous(memory_format=torch.channels_last_3d)  # as the networks want it, without a copy
        assert len(batch.pictures) <= len(places) + 8
        assert len(places) == 16 or places[-1] == 51
        seen += places
    assert seen == [place for place, clip in enumerate(expected) if clip is not None]
    assert len(seen) < 52


def test_no_more_sounds_wait_than_lie_near_each_other_when_every_length_differs():
    made = []

    def lengths():
        for i in range(2000):
            made.append(i)
            yield 5 + i % 700 if i % 50 else None

    handed_out = []
    for places in equal_lengths(lengths()):
        handed_out += places
        assert len({place % 700 for place in places}) == 1
        assert len(made) - len(handed_out) - len(made) // 50 <= WAITING_CLIPS + 2
    assert sorted(handed_out) == [i for i in range(2000) if i % 50]


@pytest.mark.parametrize("at_once", [32, 128])
def test_long_sounds_come_in_small_batches(at_once):
    growth = at_once // 32
    made, handed_out = [], []

    def lengths():
        for i in range(60):
            made.append(i)
            yield 3_000_000 + i % 9

    for places in equal_lengths(lengths(), at_once):
        handed_out += places
        assert (len(places) - 1) * 12_000_000 <= growth * BATCH_BYTES
        assert (len(made) - len(handed_out)) * 12_000_000 <= growth * WAITING_BYTES
    assert sorted(handed_out) == list(range(60))


def test_a_short_span_is_padded_with_silence_and_not_with_what_was_heard_before():
    sound = track(3)
    ((_, clips),) = (batch for batch in sound_batches(sound, np.arange(180) / 60, np.array([179]), 4))
    span = round(31 / 60 * SAMPLE_RATE_HZ)
    assert not clips.waveforms(CPU)[0, : MINIMUM_SAMPLES - span].any()
