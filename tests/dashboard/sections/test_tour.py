"""What the tour claims of gates is what the shown models do."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.sections.tour import KNOWN_WRONG, STEPS, VOICE_LOST, steps_of
from dashboard.timeline.declared import Shown
from iaca.checkpoints import load_checkpoint, save_checkpoint
from iaca.config import DropoutConfig
from iaca.figures import palette
from iaca.inference import infer
from tests.conftest import columns_of, make_features, make_model


@pytest.fixture
def gated(tmp_path):
    """A model with gates, half of whose audio is dropped."""
    features, file = make_features(), tmp_path / "ca_iaca.safetensors"
    save_checkpoint(file, make_model(iaca=True), backbones=features.backbones, training={}, scores={})
    checkpoint = load_checkpoint(file)
    before, after = infer(features, checkpoint), infer(features, checkpoint, [DropoutConfig(share=0.5)])
    return Shown("CA+IACA", after, before, palette.MODELS[1])


def texts(shown, said=""):
    return {step.title: step.text for step in steps_of(shown, "valence", said)}


def test_without_gates_none_are_spoken_of(tmp_path):
    features, file = make_features(), tmp_path / "ca.safetensors"
    save_checkpoint(file, make_model(), backbones=features.backbones, training={}, scores={})
    trace = infer(features, load_checkpoint(file))
    found = texts([Shown("CA", trace, trace, palette.MODELS[0])])
    assert list(found) == [step.title for step in STEPS]
    assert not any("gate" in text for text in found.values())


def test_what_is_wrong_is_said_of_the_shown_subject(gated):
    assert texts([gated], "Where the face is corrupted, it turns.")[KNOWN_WRONG].endswith("it turns.")
    assert any("gates of stage 1" in text for text in texts([gated]).values())


def test_a_stage_that_does_not_turn_without_audio_is_said_not_to(gated):
    frames = gated.baseline.frames.copy()
    dropped = gated.trace.frames.audio_dropped.to_numpy()
    for name in ("audio", "joint", "visual"):
        frames[f"valence_stage2_{name}"] = gated.trace.frames[f"valence_stage2_{name}"] + 0.01
    frames["valence_stage1_audio_cross"] = np.where(dropped, gated.trace.frames.valence_stage1_audio_cross - 0.2, 0.5)
    told = texts([gated._replace(baseline=gated.baseline._replace(columns=columns_of(frames)))])[VOICE_LOST]
    assert "stage 2, which hardly moves: audio" in told
    assert "stage 1: cross-attended audio" in told
    assert f"{dropped.sum()} frames without audio" in told
