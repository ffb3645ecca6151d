"""The study in words: what is said of episodes follows from who has them."""

from __future__ import annotations

import pytest

from iaca.study.plan import table_rows
from iaca.study.report import statements
from iaca.study.tables import HELPS, TOO_FEW, UNCLEAR, Difference

VARIANTS = table_rows("ca", {"audio_dim": 12, "visual_dim": 12, "dim": 12})[:2]


def difference(group, verdict):
    return Difference("ca_iaca", "CA+IACA", "CA", "extensions", group, "valence", 0.05, -0.01, 0.1, 3, 5, verdict)


@pytest.mark.parametrize(
    ("episodes", "sentence"),
    [
        ({}, ""),
        ({"no episode": HELPS}, ""),
        ({"face corrupted": TOO_FEW, "any episode": TOO_FEW}, " Every kind of episode has too few subjects to tell."),
        ({"face corrupted": TOO_FEW, "any episode": UNCLEAR}, " Under no single kind of episode can it be told apart."),
        ({"blur": UNCLEAR, "any episode": HELPS}, " By episode, it helps under any episode (valence +0.050)."),
    ],
)
def test_what_is_said_of_episodes_follows_from_the_verdicts(episodes, sentence):
    told = [difference("all", UNCLEAR), *(difference(group, verdict) for group, verdict in episodes.items())]
    said = statements(VARIANTS, told, "validation").strip()
    assert said.endswith("cannot be told apart from nothing." + sentence)
