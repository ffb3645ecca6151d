"""Which clips a simulated dropout takes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iaca.config import ConfigError, DropoutConfig
from iaca.inference.dropout import dropped_clips
from tests import reference

FRAME = np.arange(0, 500, 4, dtype=np.int32)
PTS_S = np.arange(500) / 25


@pytest.mark.parametrize("pattern", ["scattered", "block"])
@pytest.mark.parametrize("share", [0, 0.1, 0.4, 0.5, 0.996, 1])
@pytest.mark.parametrize("seed", [0, 7])
def test_clips_are_those_of_the_written_rule(pattern, share, seed):
    dropped = dropped_clips(DropoutConfig(share=share, pattern=pattern, seed=seed), FRAME, PTS_S)
    assert set(np.flatnonzero(dropped)) == reference.dropped_clips(share, pattern, seed, len(FRAME))


def test_a_larger_scattered_share_contains_a_smaller_one():
    small, large = (dropped_clips(DropoutConfig(share=s, seed=3), FRAME, PTS_S) for s in (0.2, 0.6))
    assert (large[small]).all()


def test_a_block_is_one_run():
    dropped = dropped_clips(DropoutConfig(share=0.3, pattern="block", seed=1), FRAME, PTS_S)
    assert np.abs(np.diff(np.concatenate(([0], dropped.astype(int), [0])))).sum() == 2


def test_a_range_takes_clips_whose_last_frame_lies_in_it():
    config = DropoutConfig(pattern="range", start_s=2.0, end_s=3.0)
    ends = PTS_S[FRAME][dropped_clips(config, FRAME, PTS_S)]
    assert ends.min() >= 2
    assert ends.max() <= 3
    assert len(ends) == ((PTS_S[FRAME] >= 2) & (PTS_S[FRAME] <= 3)).sum()


def test_whole_seconds_drop_every_clip_that_touches_one():
    dropped = dropped_clips(DropoutConfig(share=0.2, unit="second", seed=2), FRAME, PTS_S)
    seconds = reference.dropped_clips(0.2, "scattered", 2, 20)
    for clip, end in enumerate(FRAME):
        covered = {int(PTS_S[f]) for f in range(max(0, end - 31), end + 1)}
        assert dropped[clip] == bool(covered & seconds)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"share": 1.2}, "share is 1.2"),
        ({"modality": "smell"}, "audio, visual"),
        ({"pattern": "range"}, "start_s and end_s"),
        ({"seed": -1}, "seed is -1"),
        ({"share": "0.4"}, "share is '0.4'"),
        ({"pattern": "range", "start_s": 3.0, "end_s": 2.0}, "start_s is 3.0 and end_s is 2.0"),
    ],
)
def test_a_bad_dropout_is_refused(settings, message):
    with pytest.raises(ConfigError, match=message):
        DropoutConfig(**settings)


@given(
    num_frames=st.integers(1, 400),
    stride=st.sampled_from([1, 4, 16, 32]),
    shares=st.tuples(st.floats(0, 1), st.floats(0, 1)).map(sorted),
    pattern=st.sampled_from(["scattered", "block"]),
    unit=st.sampled_from(["clip", "second"]),
    seed=st.integers(0, 2**63 - 1),
)
def test_any_mask_has_a_value_for_each_clip_and_takes_the_share_that_was_asked(
    num_frames, stride, shares, pattern, unit, seed
):
    frame, pts_s = np.arange(0, num_frames, stride), np.arange(num_frames) / 25
    small, large = (
        dropped_clips(DropoutConfig(share=share, pattern=pattern, unit=unit, seed=seed), frame, pts_s)
        for share in shares
    )
    assert small.dtype == large.dtype == bool
    assert small.shape == large.shape == frame.shape
    if unit == "clip":
        assert [small.sum(), large.sum()] == [round(share * len(frame)) for share in shares]
        if pattern == "block":
            assert all(np.abs(np.diff(mask.astype(int), prepend=0, append=0)).sum() <= 2 for mask in (small, large))
    if pattern == "scattered":
        assert large[small].all()
    if shares[1] == 1:
        assert large.all()


@given(num_frames=st.integers(1, 200), ends=st.tuples(st.floats(-5, 10), st.floats(-5, 10)).map(sorted))
def test_any_range_takes_the_clips_that_end_in_it_and_no_other(num_frames, ends):
    frame, pts_s = np.arange(0, num_frames, 4), np.arange(num_frames) / 25
    dropped = dropped_clips(DropoutConfig(pattern="range", start_s=ends[0], end_s=ends[1]), frame, pts_s)
    assert dropped.tolist() == [ends[0] <= pts_s[k] <= ends[1] for k in frame]


@given(
    num_frames=st.integers(0, 300), share=st.floats(0, 1), seed=st.integers(0, 999), rate=st.sampled_from([7.5, 25, 60])
)
def test_any_whole_seconds_drop_every_clip_of_32_frames_that_touches_one(num_frames, share, seed, rate):
    pts_s = np.arange(num_frames) / rate
    dropped = dropped_clips(DropoutConfig(share=share, unit="second", seed=seed), np.arange(num_frames), pts_s)
    assert dropped.dtype == bool
    assert dropped.shape == (num_frames,)
    count = int(pts_s[-1]) + 1 if num_frames else 0
    seconds = reference.dropped_clips(share, "scattered", seed, count)
    for end in range(num_frames):
        assert dropped[end] == any(int(time_s) in seconds for time_s in pts_s[max(0, end - 31) : end + 1])
