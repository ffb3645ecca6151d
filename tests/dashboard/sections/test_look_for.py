"""The sentence above the player says what the gates of the shown model do, or nothing."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.sections.look_for import sentence
from dashboard.timeline.declared import Shown
from iaca.checkpoints import load_checkpoint, save_checkpoint
from iaca.figures import palette
from iaca.inference import infer
from iaca.types import Episode
from tests.conftest import columns_of, make_features, make_model


def shown(tmp_path, **settings):
    features = make_features()
    file = tmp_path / "model.safetensors"
    save_checkpoint(file, make_model(**settings), backbones=features.backbones, training={}, scores={})
    trace = infer(features, load_checkpoint(file))
    return Shown("CA+IACA", trace, trace, palette.MODELS[1]), features.pts_s


def with_weights(model, **weights):
    """The model with other gate weights for valence; those that are not named rest at a half, or a third in stage 2."""
    frames = model.trace.frames.copy()
    for name in frames:
        if name.startswith("valence_stage"):
            frames[name] = 0.5 if "stage1" in name else 1 / 3
    for name, values in weights.items():
        frames[f"valence_{name}"] = values
    trace = model.trace._replace(columns=columns_of(frames))
    return model._replace(trace=trace, baseline=trace)


def episode(modality="visual", start_s=1.0, end_s=3.0, truth_modality="", kind="blur"):
    return Episode("someone", start_s, end_s, modality, kind, truth_modality)


def test_it_names_the_weights_that_move_most_in_either_stage(tmp_path):
    model, pts_s = shown(tmp_path, iaca=True)
    inside = (pts_s >= 1) & (pts_s < 3)
    model = with_weights(
        model,
        stage2_visual=np.where(inside, 0.1, 0.7),
        stage1_audio_cross=np.where(inside, 0.25, 0.5),
        stage1_visual_cross=np.where(inside, 0.5, 0.6),
    )
    assert sentence([model], [episode()], pts_s, "valence") == (
        "Where the face is corrupted (shaded), CA+IACA turns on average from visual in stage 2 (0.70 to 0.10) and "
        "from cross-attended audio in stage 1 (0.50 to 0.25)."
    )


def test_a_stage_that_both_weights_are_of_is_named_once(tmp_path):
    model, pts_s = shown(tmp_path, iaca=True)
    inside = (pts_s >= 1) & (pts_s < 3)
    model = with_weights(model, stage2_joint=np.where(inside, 0.4, 0.75), stage2_visual=np.where(inside, 0.5, 0.25))
    assert sentence([model], [episode("audio")], pts_s, "valence") == (
        "Where the voice is corrupted (shaded), stage 2 of CA+IACA turns on average from joint (0.75 to 0.40) and "
        "to visual (0.25 to 0.50)."
    )


def test_what_does_not_move_is_not_claimed(tmp_path):
    model, pts_s = shown(tmp_path, iaca=True)
    inside = (pts_s >= 1) & (pts_s < 3)
    one = with_weights(model, stage1_visual_cross=np.where(inside, 0.9, 0.2), stage2_visual=np.where(inside, 0.3, 0.31))
    assert "stage 2" not in sentence([one], [episode()], pts_s, "valence")
    still = sentence([with_weights(model)], [episode("audio")], pts_s, "valence")
    assert still == "Where the voice is corrupted (shaded), no gate of CA+IACA moves by 0.05 or more on average."


@pytest.mark.parametrize(
    ("kinds", "said"),
    [
        (("blur", "dark"), "corrupted"),
        (("stranger", "stranger_control"), "somebody else's"),
        (("restrained",), "restrained"),
        (("blur", "stranger"), "corrupted or misleading"),
    ],
)
def test_it_says_what_is_wrong_with_the_face(tmp_path, kinds, said):
    model, pts_s = shown(tmp_path, iaca=True)
    told = sentence([model], [episode(kind=kind) for kind in kinds], pts_s, "valence")
    assert told.startswith(f"Where the face is {said} (shaded), ")


@pytest.mark.parametrize(
    ("settings", "episodes"),
    [
        ({"iaca": False}, [episode()]),
        ({"iaca": True}, []),
        ({"iaca": True}, [episode(), episode("audio")]),
        ({"iaca": True}, [episode(truth_modality="audio")]),
        ({"iaca": True}, [episode(end_s=np.inf, start_s=0.0)]),
    ],
    ids=["no gates", "no spans", "both modalities", "a conflict", "the whole recording"],
)
def test_it_says_nothing_where_there_is_nothing_to_compare(tmp_path, settings, episodes):
    model, pts_s = shown(tmp_path, **settings)
    assert sentence([model], episodes, pts_s, "valence") == ""
