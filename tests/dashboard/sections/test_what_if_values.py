"""Values of the live controls: what they mean, and which texts are none."""

from __future__ import annotations

import itertools
import re

import pytest

from dashboard.sections.what_if_values import PATTERNS, READERS, STAGE_1, STAGE_2, TEMPERATURES, Values, read_values
from dashboard.state import session
from dashboard.steps import StepError
from iaca.config import OWN_GATES, DropoutConfig, ForcedGates, GateOverrides


def test_every_live_control_has_a_field_of_the_session():
    keys = {field.key for field in (*session.DROPOUT_FIELDS, *session.WHAT_IF_FIELDS)}
    assert keys >= set(Values._fields)
    assert READERS.keys() == set(Values._fields)


@pytest.mark.parametrize(
    "values",
    [
        Values(),
        *(
            Values(True, 100, pattern, 2**31 - 1, 5, "block", temperature, stage1, stage2)
            for pattern, temperature, stage1, stage2 in itertools.product(PATTERNS, TEMPERATURES, STAGE_1, STAGE_2)
        ),
    ],
)
def test_values_survive_being_written_as_texts(values):
    assert read_values(values.texts) == values


def test_nothing_is_changed_at_first():
    assert Values().dropouts(None) == ()
    assert Values().gates == OWN_GATES


def test_sound_and_face_are_dropped_as_the_controls_say():
    values = Values(True, 40, "block", 3, 20, "brushed range")
    audio = DropoutConfig(share=0.4, pattern="block", seed=3)
    assert values.dropouts(None) == (audio,)
    assert values.dropouts((1.0, 2.0)) == (
        audio,
        DropoutConfig(modality="visual", pattern="range", start_s=1.0, end_s=2.0),
    )
    assert values._replace(drop_audio=False, face_dropout=0, face_pattern="block").dropouts(None) == ()


def test_gates_are_set_as_the_controls_say():
    values = Values(temperature="0.5", stage1="always cross-attended", stage2="joint alone")
    assert values.gates == GateOverrides(temperature=0.5, forced=ForcedGates(stage1="cross", stage2="joint"))


@pytest.mark.parametrize(
    ("key", "text", "expected"),
    [
        ("drop_audio", "yes", "true, false"),
        ("dropout", "101", "0 to 100"),
        ("dropout", "-5", "0 to 100"),
        ("dropout", "40.5", "0 to 100"),
        ("dropout", "NaN", "0 to 100"),
        ("dropout", "", "0 to 100"),
        ("dropout", "٤٠", "0 to 100"),
        ("face_dropout", "1e1", "0 to 100"),
        ("pattern", "../block", "scattered, block, brushed range"),
        ("face_pattern", "Block", "scattered, block, brushed range"),
        ("seed", "2147483648", "0 to 2147483647"),
        ("seed", "9" * 4000, "0 to 2147483647"),
        ("temperature", "nan", "as trained, 0.01"),
        ("temperature", "3", "as trained, 0.01"),
        ("stage1", "audio alone", "always self-attended"),
        ("stage2", "", "visual alone"),
    ],
)
def test_a_text_that_is_no_value_is_told_by_its_name(key, text, expected):
    with pytest.raises(StepError, match=rf"^{key} is .*; expected .*{re.escape(expected)}") as refusal:
        read_values(Values().texts | {key: text})
    assert len(str(refusal.value)) < 300


@pytest.mark.parametrize("texts", [{}, {"dropout": "40"}, Values().texts | {"path": "/etc/passwd"}])
def test_all_names_and_no_others_are_expected(texts):
    with pytest.raises(StepError, match=r"^The request names .*; expected drop_audio, dropout"):
        read_values(texts)
