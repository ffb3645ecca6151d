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
from tests.conftest import make_features, make_model


def shown(tmp_path, **settings):
    features = make_features()
    file = tmp_path / "model.safetensors"
    save_checkpoint(file, make_model(**settings), backbones=features.backbones, training={}, scores={})
    trace = infer(features, load_checkpoint(file))
    return Shown("CA+IACA", trace, trace, palette.MODELS[1]), features.pts_s


def episode(modality="visual", start_s=1.0, end_s=3.0, truth_modality=""):
    return Episode("someone", start_s, end_s, modality, "blur", truth_modality)


def test_it_tells_the_weights_inside_and_outside_of_the_spans(tmp_path):
    model, pts_s = shown(tmp_path, iaca=True)
    inside = (pts_s >= 1) & (pts_s < 3)
    told = sentence([model], [episode()], pts_s, "valence")
    for modality in ("visual", "audio"):
        weight = model.trace.frames[f"valence_stage1_{modality}_cross"].to_numpy()
        assert f"{weight[inside].mean():.2f} for {modality} ({weight[~inside].mean():.2f} elsewhere)" in told
    assert told.startswith("Where the face is corrupted (shaded), CA+IACA weighs cross-attention ")


@pytest.mark.parametrize(
    ("settings", "episodes"),
    [
        ({"iaca": False}, [episode()]),
        ({"iaca": True, "stage1": False}, [episode()]),
        ({"iaca": True}, []),
        ({"iaca": True}, [episode(), episode("audio")]),
        ({"iaca": True}, [episode(truth_modality="audio")]),
        ({"iaca": True}, [episode(end_s=np.inf, start_s=0.0)]),
    ],
    ids=["no gates", "no stage 1", "no spans", "both modalities", "a conflict", "the whole recording"],
)
def test_it_says_nothing_where_there_is_nothing_to_compare(tmp_path, settings, episodes):
    model, pts_s = shown(tmp_path, **settings)
    assert sentence([model], episodes, pts_s, "valence") == ""
