"""Loss of a modality."""

from __future__ import annotations

import numpy as np
import pytest

from iaca.checkpoints import Checkpoint
from iaca.config import DropoutConfig
from iaca.evaluation import ccc_sums
from iaca.evaluation.robustness import sweep
from iaca.inference import infer
from iaca.metrics import ccc
from iaca.study.missing import curves
from tests.conftest import make_features, make_model


def subjects(count=3):
    return [make_features(600, 8, seed=i, subject=f"s{i}") for i in range(count)]


def test_a_sweep_takes_the_clips_that_the_page_takes(tmp_path):
    model, features = make_model(), subjects(2)
    swept = sweep(model, features, shares=(0.0, 0.4), draws=2)
    checkpoint = Checkpoint(tmp_path / "m.safetensors", model, model.config)
    trace = infer(features[1], checkpoint, [DropoutConfig(share=0.4, pattern="block", seed=1)])
    chosen = swept[(swept.pattern == "block") & (swept.share == 0.4) & (swept.draw == 1)]
    (row,) = chosen[(chosen.subject == "s1") & (chosen.target == "arousal")].filter(like="moment_").to_numpy()
    np.testing.assert_allclose(row, ccc_sums(features[1].arousal, trace.frames.arousal))


def test_without_loss_a_sweep_is_the_pooled_ccc_and_all_patterns_agree(tmp_path):
    model, features = make_model(), subjects()
    means = curves([sweep(model, features, shares=(0.0,))])
    checkpoint = Checkpoint(tmp_path / "m.safetensors", model, model.config)
    predictions = np.concatenate([infer(f, checkpoint).frames.valence for f in features])
    expected = ccc(np.concatenate([f.valence for f in features]), predictions)
    assert means[means.target == "valence"].ccc.tolist() == pytest.approx([expected, expected])
