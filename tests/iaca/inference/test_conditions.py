"""Events: where conditions on a trace are met, on the clock, and never where data is missing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iaca.inference import add_influence, infer
from iaca.inference.conditions import (
    CHOICES,
    COLUMNS,
    NUMBERS,
    Condition,
    EventError,
    count_row,
    event_rows,
    find_events,
    parse_condition,
    query_of,
)
from iaca.inference.influence import INFLUENCE_COLUMNS
from iaca.types import TRACE_COLUMNS, Episode, Trace
from tests.conftest import make_features
from tests.iaca.inference.test_trace import checkpoint_of

NO_FACE = slice(2, 4)


def made(**columns):
    """A trace of twelve frames of uneven length, without a face in two of them."""
    pts_s = np.array([0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 2.6, 2.7, 2.8, 3.8, 4.3, 4.8])
    plain = {name: np.full(12, np.nan, np.float32) for name in TRACE_COLUMNS}
    flags = {name: np.ones(12, bool) for name in ("has_face", "has_audio")}
    flags |= {name: np.zeros(12, bool) for name in ("audio_dropped", "visual_dropped", "interpolated")}
    flags["has_face"][NO_FACE] = False
    given = {name: np.asarray(values, np.float32) for name, values in columns.items()}
    return Trace("s", "m", 1, {**plain, **flags, "pts_s": pts_s, "frame": np.arange(12), **given}, {})


def frames(trace, *conditions, episodes=None, **settings):
    found = find_events(trace, query_of(conditions, **settings), episodes)
    return [(one.first_frame, one.last_frame) for one in found.events]


def test_every_column_of_a_trace_can_be_asked_for():
    assert set(TRACE_COLUMNS) | set(INFLUENCE_COLUMNS) <= set(COLUMNS)


def test_an_event_is_a_run_of_frames_on_the_clock_that_lasts_long_enough():
    weights = [0.9, 0.9, 0.9, 0.9, 0.1, 0.8, 0.8, 0.8, 0.8, 0.1, 0.8, 0.8]
    trace = made(valence_stage2_visual=weights)
    assert frames(trace, "valence_stage2_visual > 0.7") == [(0, 1), (5, 8), (10, 11)]
    found = find_events(trace, query_of(["valence_stage2_visual > 0.7"], at_least_s=1.0))
    assert [(one.start_s, one.end_s) for one in found.events] == [(0.0, 1.0), (2.5, 3.8), (4.3, 5.3)]
    assert frames(trace, "valence_stage2_visual > 0.7", at_least_s=1.1) == [(5, 8)]
    assert (found.length_s, found.known_s) == (pytest.approx(5.3), (pytest.approx(5.3),))
    assert count_row(found, "s", "m")["share"] == pytest.approx(3.3 / 5.3)
    assert event_rows(found, "m")[1] == {
        "subject": "s", "model": "m", "start_s": 2.5, "end_s": 3.8, "length_s": 1.3, "first_frame": 5, "last_frame": 8
    }  # fmt: skip


def test_missing_data_is_never_a_hit_and_not_of_is_not_either():
    trace = made(valence=np.zeros(12), valence_truth=[np.nan, *[0.5] * 11])
    assert frames(trace, "valence_error >= 0.5") == [(1, 1), (4, 11)]  # no annotation, then no face
    assert frames(trace, "arousal_stage2_audio <= 1") == []
    assert frames(trace, "has_face is no") == [(2, 3)]
    assert frames(trace, "has_face is not yes", "valence_error > 0") == [(2, 3)]
    for unknown in ("face is clean", "face is not corrupted", "voice is not clean"):
        assert frames(trace, unknown) == []
    assert frames(trace, "face is clean", episodes=[]) == [(0, 1), (4, 11)]
    silent = trace._replace(columns={**trace.columns, **dict.fromkeys(INFLUENCE_COLUMNS, np.full(12, np.nan))})
    assert frames(silent, "valence_relationship is not conflict") == []


def test_what_is_known_of_a_face_or_a_voice_is_a_condition():
    episodes = [
        Episode("s", 2.0, 2.6, "visual", "blur"),
        Episode("s", 2.6, 2.8, "visual", "stranger_control"),
        Episode("s", 4.0, 5.0, "visual", "conflict", "audio"),
        Episode("s", 0.0, 0.5, "audio", "noise"),
        Episode("other", 0.0, 5.0, "visual", "blur"),
    ]
    found = {word: frames(made(), f"face is {word}", episodes=episodes) for word in CHOICES["face"]}
    assert found == {
        "wrong": [(4, 7), (10, 11)], "corrupted": [(4, 5)], "restrained": [], "another person": [(6, 7)],
        "contradicting": [(10, 11)], "clean": [(0, 1), (8, 9)],
    }  # fmt: skip
    assert frames(made(), "voice is corrupted", "face is not clean", episodes=episodes) == []
    assert frames(made(), "voice is corrupted", episodes=episodes) == [(0, 0)]


def test_relationships_and_influences_are_those_of_the_threshold(tmp_path):
    features, checkpoint = make_features(300, 4), checkpoint_of(tmp_path, iaca=True)
    plain = infer(features, checkpoint)
    trace = add_influence(plain, features, checkpoint)
    query = query_of(["valence_relationship is neither"], threshold=1e6)
    assert [(one.first_frame, one.last_frame) for one in find_events(trace, query).events] == [(0, 299)]
    inside = np.zeros(300, bool)
    for event in find_events(trace, query_of(["arousal_audio_influence < 0"])).events:
        inside[event.first_frame : event.last_frame + 1] = True
    np.testing.assert_array_equal(inside, trace.columns["arousal_audio_influence"] < 0)
    assert 0 < inside.sum() < 300
    with pytest.raises(EventError, match="has no influences"):
        find_events(plain, query)


NUMERIC = st.builds(
    Condition,
    st.sampled_from(NUMBERS),
    st.sampled_from((">", ">=", "<", "<=")),
    st.floats(-1e6, 1e6).map(lambda value: float(f"{value:.12g}")),
)
WORDED = st.sampled_from([(column, word) for column, words in CHOICES.items() for word in words]).flatmap(
    lambda one: st.builds(Condition, st.just(one[0]), st.sampled_from(("is", "is not")), st.just(one[1]))
)


@given(NUMERIC | WORDED)
def test_a_condition_is_read_as_it_is_written(condition):
    assert parse_condition(str(condition)) == condition


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("stage2_visual > 0.7", "expected 'valence_stage2_visual' or 'arousal_stage2_visual'"),
        ("valnce > 0", "expected 'valence'"),
        ("valence > high", "'high'; expected a number"),
        ("valence > nan", "expected a number"),
        ("valence is 0.5", "by 'is'; expected one of: >, >=, <, <="),
        ("face > corrupted", "by '>'; expected one of: is, is not"),
        ("face is sad", "expected one of: wrong, corrupted, restrained, another person, contradicting, clean"),
        ("__import__('os').system('true')", "cannot be read"),
        ("valence > 0 and arousal > 0", "expected a number"),
        ("valence > " + "9" * 300, "cannot be read"),
        ("", "cannot be read"),
    ],
)
def test_what_cannot_be_read_is_told_with_what_was_expected(text, said):
    with pytest.raises(EventError, match="condition") as raised:
        parse_condition(text)
    assert said in str(raised.value)
    assert len(str(raised.value)) < 1500


@pytest.mark.parametrize(
    ("conditions", "settings", "said"),
    [
        ([], {}, "0 conditions"),
        (["valence > 0"] * 13, {}, "13 conditions"),
        (["valence > 0"], {"at_least_s": -1.0}, "the shortest event is -1 s"),
        (["valence > 0"], {"at_least_s": float("nan")}, "the shortest event is nan s"),
        (["valence > 0"], {"threshold": 0.0}, "the threshold of influence is 0"),
    ],
)
def test_a_search_has_bounds(conditions, settings, said):
    with pytest.raises(EventError, match=said):
        query_of(conditions, **settings)
