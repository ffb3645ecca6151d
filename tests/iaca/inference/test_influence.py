"""Influence and relationship: what removing a modality changes, computed from outside."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from iaca.clips import Windows, plan_windows
from iaca.config import DropoutConfig, ForcedGates, GateOverrides
from iaca.errors import InputError
from iaca.inference import WindowMemory, add_influence, infer, relationships
from iaca.inference.influence import INFLUENCE_COLUMNS, relationships_of
from iaca.types import TRACE_COLUMNS
from tests.conftest import make_features
from tests.iaca.inference.test_trace import checkpoint_of

SHAPES = ({"iaca": False}, {"iaca": True}, {"fusion": "rjca", "iaca": True, "trunk": "shared"}, {"fusion": "concat"})


def influence_of(features, checkpoint, dropouts=(), **settings):
    trace = infer(features, checkpoint, dropouts, **settings)
    return add_influence(trace, features, checkpoint, dropouts, **settings)


def forward(features, checkpoint, target, *, audio, visual):
    """A prediction for each clip by one plain forward pass, with or without each modality."""
    plan = plan_windows(len(features.frame), features.clip_stride, checkpoint.config.clips, Windows.OVERLAP)
    inputs = []
    for name, stays in (("audio", audio), ("visual", visual)):
        zero = getattr(features, f"{name}_zero")
        clips = getattr(features, name) if stays else np.tile(zero, (len(features.frame), 1))
        inputs.append(torch.tensor(np.where((plan.index >= 0)[..., None], clips[plan.index], zero)))
    with torch.inference_mode():
        said = getattr(checkpoint.model(*inputs), target).numpy()
    per_clip = np.empty(len(features.frame))
    per_clip[plan.index[plan.keep]] = said[plan.keep]
    return per_clip


@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_four_forward_passes_reproduce_every_influence(tmp_path, shape):
    features, checkpoint = make_features(700, 4), checkpoint_of(tmp_path, **shape)
    frames = influence_of(features, checkpoint).frames.iloc[features.frame]
    for target in ("valence", "arousal"):
        y, y_a, y_v, y_0 = (
            forward(features, checkpoint, target, audio=audio, visual=visual)
            for audio, visual in ((True, True), (True, False), (False, True), (False, False))
        )
        expected = {
            "audio_influence": 0.5 * (y_a - y_0 + y - y_v),
            "visual_influence": 0.5 * (y_v - y_0 + y - y_a),
            "interaction": y - y_a - y_v + y_0,
            "without_both": y_0,
        }
        for name, values in expected.items():
            np.testing.assert_allclose(frames[f"{target}_{name}"], values, atol=1e-5)
        assert np.abs(expected["audio_influence"]).max() > 1e-3


@pytest.mark.parametrize("dropouts", [(), (DropoutConfig(share=0.4),)], ids=["whole", "dropout"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_influences_add_up_to_what_both_modalities_change(tmp_path, shape, dropouts):
    features, checkpoint = make_features(500, 4), checkpoint_of(tmp_path, **shape)
    frames = influence_of(features, checkpoint, dropouts, gates=GateOverrides(temperature=2.0)).frames
    for target in ("valence", "arousal"):
        total = frames[f"{target}_audio_influence"] + frames[f"{target}_visual_influence"]
        np.testing.assert_allclose(total, frames[target] - frames[f"{target}_without_both"], atol=1e-5)


@pytest.mark.parametrize("absent", ["audio", "visual"])
def test_a_modality_that_a_recording_does_not_have_has_no_influence(tmp_path, absent):
    features, checkpoint = make_features(500, 4), checkpoint_of(tmp_path, iaca=True)
    nothing = np.tile(getattr(features, f"{absent}_zero"), (len(features.frame), 1))
    frames = influence_of(features._replace(**{absent: nothing}), checkpoint).frames
    other = "visual" if absent == "audio" else "audio"
    for target in ("valence", "arousal"):
        np.testing.assert_allclose(frames[f"{target}_{absent}_influence"], 0, atol=1e-6)
        assert np.abs(frames[f"{target}_{other}_influence"]).max() > 1e-3


def test_forced_gates_count(tmp_path):
    features, checkpoint = make_features(300, 4), checkpoint_of(tmp_path, fusion="concat", iaca=True)
    gates = GateOverrides(forced=ForcedGates(stage1="self", stage2="audio"))
    frames = influence_of(features, checkpoint, gates=gates).frames
    np.testing.assert_allclose(frames["valence_visual_influence"], 0, atol=1e-6)


def test_columns_follow_those_of_the_trace_and_a_missing_target_is_nan(tmp_path):
    features, checkpoint = make_features(300, 4), checkpoint_of(tmp_path, iaca=True, targets=("arousal",))
    frames = influence_of(features, checkpoint).frames
    assert tuple(frames.columns) == TRACE_COLUMNS + INFLUENCE_COLUMNS
    assert frames[[name for name in INFLUENCE_COLUMNS if name.startswith("valence")]].isna().all(axis=None)
    assert frames[[name for name in INFLUENCE_COLUMNS if name.startswith("arousal")]].notna().all(axis=None)


def test_memories_change_nothing_but_the_time(tmp_path):
    features, checkpoint = make_features(500, 4), checkpoint_of(tmp_path, iaca=True)
    memories = [WindowMemory(), WindowMemory(), WindowMemory()]
    for share in (0.2, 0.5):
        dropouts = (DropoutConfig(share=share),)
        trace = infer(features, checkpoint, dropouts)
        kept = add_influence(trace, features, checkpoint, dropouts, memories=memories).frames
        plain = influence_of(features, checkpoint, dropouts).frames
        np.testing.assert_allclose(kept[list(INFLUENCE_COLUMNS)], plain[list(INFLUENCE_COLUMNS)], atol=1e-5)


def test_relationships_are_the_five_and_unknown_where_an_influence_is():
    audio = np.array([0.1, 0.3, -0.3, -0.3, 0.09, 0.0, np.nan])
    visual = np.array([0.1, -0.1, -0.2, 0.05, -0.5, 0.0, 0.5])
    assert relationships(audio, visual, 0.1).tolist() == [
        "complement", "conflict", "complement", "audio dominates", "visual dominates", "neither", "",
    ]  # fmt: skip
    assert set(relationships(audio[:-1], visual[:-1], 0.9)) == {"neither"}


def test_without_a_face_or_sound_there_is_no_relationship_in_the_frame(tmp_path):
    features = make_features(200, 4)
    gone = np.arange(200) < 50
    trace = influence_of(features._replace(has_face=~gone), checkpoint_of(tmp_path))
    kinds = relationships_of(trace, "valence")
    np.testing.assert_array_equal(kinds == "", gone)


@pytest.mark.parametrize("threshold", [0.0, -1.0, float("nan"), float("inf")])
def test_a_threshold_that_is_no_size_is_refused(threshold):
    with pytest.raises(InputError, match="expected a number above 0"):
        relationships(np.zeros(2), np.zeros(2), threshold)
