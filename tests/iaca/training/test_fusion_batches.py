"""Batches that a GPU's memory does not hold, and features that it does not."""

from __future__ import annotations

import pytest
import torch

from iaca.compute.gpu_memory import ShortMemoryError
from iaca.training import TrainingStep, fusion_batches, train_fusion
from iaca.training.fusion_batches import make_pool
from tests.iaca.training.test_fusion_training import CONFIG, QUICK, equal, subjects


def test_a_batch_that_does_not_fit_the_gpu_stops_with_what_does_and_the_run_can_go_on(tmp_path, monkeypatch):
    forward, steps, state = TrainingStep.forward, [], tmp_path / "run.state"

    def on_a_small_card(step, audio, *more):
        steps.append(len(audio))
        if len(steps) > QUICK.steps_per_epoch and len(audio) > 3:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2.00 GiB")
        return forward(step, audio, *more)

    with monkeypatch.context() as patch:
        patch.setattr(TrainingStep, "forward", on_a_small_card)
        with pytest.raises(ShortMemoryError, match=r"batch of 8 windows .* 2 would: .* training\.batch_windows=2"):
            train_fusion(subjects(), CONFIG, QUICK, state_file=state, progress=False)
    assert steps[QUICK.steps_per_epoch :] == [8, 4, 2]
    resumed, report = train_fusion(subjects(), CONFIG, QUICK, state_file=state, progress=False)
    whole, _ = train_fusion(subjects(), CONFIG, QUICK, progress=False)
    assert equal(resumed, whole)
    assert report["repeatable"]["exact"]


def test_features_that_do_not_fit_the_gpu_stay_where_they_are(monkeypatch):
    expected, _ = train_fusion(subjects(), CONFIG, QUICK, progress=False)
    places = []

    def on_a_small_card(features, device):
        places.append(device)
        if device != torch.device("cpu"):
            raise torch.cuda.OutOfMemoryError
        return make_pool(features, device)

    monkeypatch.setattr(fusion_batches, "make_pool", on_a_small_card)
    model, _ = train_fusion(subjects(), CONFIG, QUICK, device="cpu:0", progress=False)
    assert list(map(str, places)) == ["cpu:0", "cpu"]
    assert equal(model, expected)
