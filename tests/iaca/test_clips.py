"""Windows predict every clip exactly once; clips are the frames that the specification names."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iaca.clips import clip_ends, clip_frame_indices, plan_windows
from iaca.config import ConfigError

STRIDES = (1, 2, 4, 8, 16, 32)


@pytest.mark.parametrize("windows", ["overlap", "authors"])
@pytest.mark.parametrize("stride", STRIDES)
def test_every_clip_is_kept_exactly_once_for_any_number_of_frames(stride, windows):
    for num_clips in sorted({len(clip_ends(n, stride)) for n in range(1, 2001)}):
        plan = plan_windows(num_clips, stride, windows=windows)
        assert sorted(plan.index[plan.keep].tolist()) == list(range(num_clips))
        assert plan.index.shape[1] == 16


@pytest.mark.parametrize("stride", STRIDES)
def test_clips_of_a_window_end_32_frames_apart_and_empty_places_come_first(stride):
    for num_clips in (1, 5, 33, 140, 700):
        ends = clip_ends(num_clips * stride, stride)
        for row in plan_windows(num_clips, stride).index:
            present = row[row >= 0]
            assert (np.diff(ends[present]) == 32).all()
            assert (row[-len(present) :] == present).all()


def test_a_way_of_cutting_that_does_not_exist_is_told_with_those_that_do():
    with pytest.raises(ConfigError, match="windows is 'x'; expected one of: overlap, authors"):
        plan_windows(20, 32, windows="x")


def test_windows_of_the_authors_leave_empty_places_after_the_end():
    plan = plan_windows(20, 32, windows="authors")
    assert plan.index[1].tolist() == [16, 17, 18, 19] + [-1] * 12


def test_the_last_window_moves_back_and_keeps_only_what_is_new():
    plan = plan_windows(20, 32)
    assert plan.index[1].tolist() == list(range(4, 20))
    assert plan.keep[1].tolist() == [False] * 12 + [True] * 4


@pytest.mark.parametrize(
    ("end", "expected"),
    [
        (100, [72, 76, 80, 84, 88, 92, 96, 100]),
        (31, [3, 7, 11, 15, 19, 23, 27, 31]),
        (30, [9, 12, 15, 18, 21, 24, 27, 30]),
        (23, [2, 5, 8, 11, 14, 17, 20, 23]),
        (15, [1, 3, 5, 7, 9, 11, 13, 15]),
        (7, [0, 1, 2, 3, 4, 5, 6, 7]),
        (2, [0, 1, 2, 2, 2, 2, 2, 2]),
        (0, [0] * 8),
    ],
)
def test_a_clip_has_eight_frames_that_end_at_its_last(end, expected):
    assert clip_frame_indices(end).tolist() == expected


def test_a_stride_that_does_not_divide_a_clip_is_refused():
    with pytest.raises(ConfigError, match="clip_stride is 3"):
        clip_ends(10, 3)


@given(
    num_clips=st.integers(0, 400),
    stride=st.sampled_from(STRIDES),
    clips=st.integers(1, 20),
    windows=st.sampled_from(["overlap", "authors"]),
)
def test_windows_of_any_length_hold_every_clip_once_and_never_mix_phases(num_clips, stride, clips, windows):
    plan = plan_windows(num_clips, stride, clips, windows)
    assert plan.index.shape == plan.keep.shape
    assert plan.index.shape[1] == clips
    assert plan.index.dtype == np.int64
    assert plan.index.min(initial=0) >= -1
    assert sorted(plan.index[plan.keep].tolist()) == list(range(num_clips))
    assert not plan.keep[plan.index < 0].any()
    step = 32 // stride
    fewest = sum(-(-len(range(phase, num_clips, step)) // clips) for phase in range(step))
    assert len(plan.index) == fewest
    for row in plan.index:
        present = row[row >= 0]
        assert len(present)
        assert (np.diff(present) == step).all()
        first = int(np.argmax(row >= 0))
        assert (row[first : first + len(present)] == present).all()  # in one piece
        assert first == 0 or windows == "overlap"


@given(num_frames=st.integers(0, 5000), stride=st.sampled_from(STRIDES))
def test_clip_ends_are_every_frame_that_the_stride_divides(num_frames, stride):
    ends = clip_ends(num_frames, stride)
    assert ends.dtype == np.int32
    assert ends.tolist() == [k for k in range(num_frames) if k % stride == 0]


@given(end=st.integers(0, 10_000))
def test_the_eight_frames_of_a_clip_ascend_evenly_within_its_32(end):
    frames = clip_frame_indices(end)
    assert frames.shape == (8,)
    assert frames[-1] == end
    assert frames[0] >= max(0, end - 31)
    steps = set(np.diff(frames).tolist())
    if end >= 7:
        assert steps == {min(32, end + 1) // 8}
    else:
        assert sorted(set(frames.tolist())) == list(range(end + 1))
