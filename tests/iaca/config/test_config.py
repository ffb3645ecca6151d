"""Configurations survive JSON, and whatever they are made of, they are valid or refused in a sentence."""

from __future__ import annotations

import json
from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iaca.config import (
    MODALITIES,
    TARGETS,
    BackboneConfig,
    BackboneTraining,
    ConfigError,
    CorruptionConfig,
    DropoutConfig,
    ForcedGates,
    FusionConfig,
    Gate,
    GateInit,
    GateOverrides,
    Keep,
    Normalisation,
    Optimiser,
    Schedule,
    Stage1Context,
    Stage2Input,
    TrainingConfig,
    TrunkSharing,
    from_fields,
)
from iaca.config.checks import HIGHEST_RATE, LOWEST_RATE

COUNT, SHARE = st.integers(1, 256), st.floats(0, 1, exclude_max=True)
POSITIVE = st.floats(1e-6, 1e6)

FUSIONS = st.fixed_dictionaries(
    {},
    optional={
        "fusion": st.text("abcdefghijklmnop_0123456789", min_size=1),
        "iaca": st.booleans(),
        "dim": COUNT,
        "clips": COUNT,
        "targets": st.sampled_from([TARGETS, ["valence"], ("arousal",)]),
        "trunk": st.sampled_from(TrunkSharing),
        "num_recursions": COUNT,
        "attention_dropout": SHARE,
        "gate": st.sampled_from(Gate),
        "gate_temperature": POSITIVE,
        "gate_init": st.sampled_from([*GateInit, *map(str, GateInit)]),
        "stage1_context": st.sampled_from(Stage1Context),
        "stage2_input": st.sampled_from(Stage2Input),
        "normalise": st.sampled_from(Normalisation),
    },
)
TRAININGS = st.fixed_dictionaries(
    {},
    optional={
        "seed": st.integers(0, 2**63 - 1),
        "epochs": COUNT,
        "patience": st.none() | COUNT,
        "optimiser": st.sampled_from(Optimiser),
        "schedule": st.sampled_from(Schedule),
        "keep": st.sampled_from([*Keep, *map(str, Keep)]),
        "late_rate": st.none() | st.floats(LOWEST_RATE, HIGHEST_RATE),
        "late_from": COUNT,
        "learning_rate": st.floats(LOWEST_RATE, HIGHEST_RATE),
        "modality_dropout": st.floats(0, 1),
        "mixed_precision": st.booleans(),
    },
)

PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
ANYTHING = PLAIN | st.lists(PLAIN, max_size=3) | st.dictionaries(st.text(max_size=3), PLAIN, max_size=2)
WORDS = ["range", "block", "second", "blur", "white", "visual", "audio", "self", "joint", "resnet18", "ca", "plateau"]
KINDS = (
    FusionConfig, TrainingConfig, BackboneConfig, BackboneTraining, DropoutConfig, CorruptionConfig, ForcedGates,
    GateOverrides,
)  # fmt: skip


@given(settings=FUSIONS)
def test_any_fusion_comes_back_from_json_as_it_was(settings):
    config = FusionConfig(**settings)
    assert FusionConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@given(settings=TRAININGS)
def test_any_training_comes_back_from_json_as_it_was(settings):
    config = TrainingConfig(**settings)
    assert TrainingConfig.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize("kind", KINDS)
@given(data=st.data())
def test_a_configuration_of_any_values_is_made_or_refused_in_one_line(kind, data):
    names = [one.name for one in fields(kind)] + ["unheard_of"]
    values = st.sampled_from(WORDS) | ANYTHING
    settings = data.draw(st.dictionaries(st.sampled_from(names), values, max_size=3))
    if "modality" in names and data.draw(st.booleans()):
        settings["modality"] = data.draw(st.sampled_from(MODALITIES))
    told, config = "", None
    try:
        config = from_fields(kind, settings)
    except ConfigError as error:
        told = str(error)
    assert "\n" not in told
    assert bool(told) == (config is None)
    assert not told or "expected" in told
