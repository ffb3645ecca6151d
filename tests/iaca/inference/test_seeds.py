"""Seeds of one model: who belongs together, and their mean and extent."""

from __future__ import annotations

import numpy as np
import pytest

from iaca.checkpoints import load_checkpoint, save_checkpoint
from iaca.errors import InputError
from iaca.inference import infer
from iaca.inference.seeds import seed_band, seed_groups
from iaca.metrics import ccc
from tests.conftest import make_features, make_model


def written(folder, name, weights, seed, fingerprint="f", epochs=3, **settings):
    """A checkpoint that says to have been trained with a seed."""
    training = {"fingerprint": fingerprint, "clip_stride": 8, "settings": {"epochs": epochs}}
    if seed is not None:
        training["settings"]["seed"] = seed
    backbones = make_features().backbones
    save_checkpoint(
        folder / f"{name}.safetensors", make_model(weights, **settings), backbones=backbones, training=training
    )
    return load_checkpoint(folder / f"{name}.safetensors")


def test_models_belong_together_that_differ_in_their_seed_alone(tmp_path):
    models = [
        written(tmp_path, "a0", 0, 0, iaca=True),
        written(tmp_path, "other", 1, 1, iaca=False),
        written(tmp_path, "a1", 2, 1, iaca=True),
        written(tmp_path, "again", 3, 1, iaca=True),
        written(tmp_path, "unknown", 4, None, iaca=True),
        written(tmp_path, "longer", 5, 2, epochs=4, iaca=True),
        written(tmp_path, "data", 6, 2, fingerprint="g", iaca=True),
        written(tmp_path, "a2", 7, 2, iaca=True),
    ]
    assert seed_groups(models) == [[0, 2, 7], [1], [3], [4], [5], [6]]


def test_the_mean_and_the_band_are_those_of_every_frame(tmp_path):
    features = make_features(300, 4)
    traces = [infer(features, written(tmp_path, f"a{k}", k, k, iaca=True)) for k in range(3)]
    found = seed_band(traces)
    for name in ("arousal", "valence_stage2_joint", "valence_audio_contribution"):
        every = np.stack([one.columns[name] for one in traces]).astype(np.float64)
        np.testing.assert_allclose(found.mean.columns[name], every.mean(axis=0), atol=1e-6)
        np.testing.assert_array_equal(found.low[name], every.min(axis=0))
        np.testing.assert_array_equal(found.high[name], every.max(axis=0))
    np.testing.assert_array_equal(found.mean.columns["valence_truth"], traces[0].columns["valence_truth"])
    total = sum(found.mean.columns[f"valence_stage2_{part}"] for part in ("audio", "visual", "joint"))
    np.testing.assert_allclose(total, 1, atol=1e-5)
    said = found.mean.scores["valence"]
    assert said.ccc == pytest.approx(ccc(features.valence, found.mean.columns["valence"]))
    assert said.valid_frames == traces[0].scores["valence"].valid_frames
    assert found.seeds == 3


def test_traces_of_other_recordings_or_of_one_seed_make_no_band(tmp_path):
    model = written(tmp_path, "a", 0, 0)
    one, other = (infer(make_features(frames, 4), model) for frames in (100, 120))
    with pytest.raises(InputError, match="expected those of one recording"):
        seed_band([one, other])
    with pytest.raises(InputError, match="expected at least 2 seeds"):
        seed_band([one])
