"""Gates that do nothing are called dead, those that move are not."""

from __future__ import annotations

import numpy as np
import pytest

from iaca.inference import gate_health
from iaca.types import TRACE_COLUMNS, Score, Trace

CLIPS = 200


def trace_of(subject="one", **weights):
    """A trace of a clip every second frame whose gates have these weights; in between they are held."""
    frames = {name: np.full(2 * CLIPS, np.nan) for name in TRACE_COLUMNS}
    frames |= {name: np.repeat(np.broadcast_to(values, CLIPS), 2) for name, values in weights.items()}
    frames["interpolated"] = np.arange(2 * CLIPS) % 2 == 1
    return Trace(subject, "model", 2, frames, {"valence": Score(0.5, 2 * CLIPS)})


def stage1(self_):
    return {"valence_stage1_audio_self": self_, "valence_stage1_audio_cross": 1 - np.asarray(self_)}


def test_a_gate_that_moves_is_not_dead():
    (found,) = gate_health([trace_of(**stage1(np.linspace(0.2, 0.6, CLIPS)))])
    assert (found.target, found.gate, found.side, found.clips) == ("valence", "stage 1, audio", "cross", CLIPS)
    assert found.range == pytest.approx(0.4)
    assert found.mean == pytest.approx(0.6)
    assert not found.is_dead
    assert found.sentence == ""


def test_a_gate_that_does_not_move_is_dead():
    (found,) = gate_health([trace_of(**stage1(0.3 + np.linspace(0, 0.049, CLIPS)))])
    assert found.is_dead
    assert found.sentence == "valence, stage 1, audio: the gate does not move (range 0.049, 0.68 on cross)"


@pytest.mark.parametrize(("other", "dead"), [(9, True), (11, False)])
def test_a_gate_that_takes_one_side_on_nearly_all_clips_is_dead(other, dead):
    weights = np.full(CLIPS, 0.99)
    weights[:other] = 0.1
    (found,) = gate_health([trace_of(**stage1(weights))])
    assert found.is_dead == dead
    assert found.share == pytest.approx(1 - other / CLIPS)
    if dead:
        assert found.sentence.endswith("the gate takes one side (self above 0.95 on 96% of clips)")


def test_clips_of_all_subjects_count_and_a_gate_may_differ_between_them_alone():
    parts = [trace_of("one", **stage1(0.2)), trace_of("two", **stage1(0.4))]
    assert all(gate_health([part])[0].is_dead for part in parts)
    (found,) = gate_health(parts)
    assert (found.clips, found.is_dead) == (2 * CLIPS, False)


def test_the_three_sides_of_stage_2_are_named_and_a_model_without_gates_has_none():
    stage2 = {"valence_stage2_audio": 0.0, "valence_stage2_visual": 1.0, "valence_stage2_joint": 0.0}
    (found,) = gate_health([trace_of(**stage2)])
    assert found.sentence == "valence, stage 2: the gate does not move (range 0.000, 1.00 on visual)"
    assert gate_health([trace_of()]) == ()
    assert gate_health([]) == ()
