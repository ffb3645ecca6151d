"""The benchmark of growth: what it says of one length."""

from __future__ import annotations

import sys

from benchmarks.growth import PIXELS, follow_steps


def test_a_step_of_a_long_recording_sends_less_than_there_is_and_one_of_a_short_one_everything(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "argv", sys.argv)  # which it replaces, before what it imports reads it
    short, long = (follow_steps(frames, 1, 1, tmp_path) for frames in (5 * PIXELS, 12 * PIXELS))
    assert short.sent_kb == short.whole_kb
    assert long.sent_kb < long.whole_kb / 2
    assert long.sent_kb < 1.5 * short.sent_kb
