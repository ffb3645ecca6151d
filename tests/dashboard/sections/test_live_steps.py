"""What the player says that it shows, and what a step sends for it."""

from __future__ import annotations

import pytest

from dashboard.sections.live_steps import read_seen
from dashboard.steps import StepError
from dashboard.timeline.thinned import Seen


def test_what_the_player_shows_is_read():
    assert read_seen("0-99/900", 100) == Seen(0, 99, 900)
    assert read_seen("10-20/7 0-5 90-99", 100) == Seen(10, 20, 7, ((0, 5), (90, 99)))


@pytest.mark.parametrize(
    "text",
    [
        "", "0-99", "0-99/0", "0-100/900", "20-10/900", "0-99/900 5", "0-99/900 0-100", "0-99/900 7-3", "-1-99/900",
        "0-99/900000", "0-99/900" + " 0-1" * 9, "a-b/c", "0-99/900\n", "٠-99/900", "0-99/1e3",
    ],
)  # fmt: skip
def test_what_no_player_shows_is_one_sentence(text):
    with pytest.raises(StepError, match=r"^seen is .*; expected first-last/pixels with frames from 0 to 99"):
        read_seen(text, 100)
