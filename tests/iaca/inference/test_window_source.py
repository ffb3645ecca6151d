"""Windows come from a table on the device that is sent once, and are those that the machine's memory gives."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import torch

from iaca.checkpoints import Checkpoint
from iaca.compute import gpu_memory, kept_tables
from iaca.compute.kept_tables import KeptTables
from iaca.config import DropoutConfig, TrainingConfig
from iaca.evaluation.robustness import sweep
from iaca.inference import (
    WindowMemory,
    add_influence,
    infer,
    infer_with_influence,
    trace,
    window_source,
    windows_of,
)
from iaca.inference.window_source import WindowSource
from iaca.models.published.network import PublishedNetwork
from iaca.training import train_fusion
from tests.conftest import make_features, make_model

ELSEWHERE = torch.device("cpu:0")
"""A device of its own here, with the CPU behind it."""


@pytest.fixture
def sent(monkeypatch):
    """What is sent to devices, in bytes."""
    sizes, send = [], kept_tables.send_table

    def counted(*given):
        table = send(*given)
        sizes.append(table.nbytes)
        return table

    monkeypatch.setattr(kept_tables, "send_table", counted)
    monkeypatch.setattr(window_source, "TABLES", KeptTables())
    monkeypatch.setattr(gpu_memory, "_shortages", {})
    return sizes


@pytest.mark.parametrize("published", [False, True])
def test_steps_of_a_slider_send_features_once_and_give_the_curves_of_the_cpu(sent, monkeypatch, tmp_path, published):
    torch.manual_seed(0)
    model = PublishedNetwork("published DCA").eval().requires_grad_(False) if published else make_model(iaca=True)
    features = make_features(300, 8, audio_dim=model.config.audio_dim, visual_dim=model.config.visual_dim)
    checkpoint = Checkpoint(tmp_path / "model.safetensors", model, model.config)
    steps = [[DropoutConfig(share=share, seed=1)] for share in (0.0, 0.3, 0.6)]
    expected = [infer(features, checkpoint, dropouts) for dropouts in steps]
    assert sent == []
    monkeypatch.setattr(trace, "device_of", lambda model: ELSEWHERE)
    memory = WindowMemory()
    for dropouts, there in zip(steps, expected, strict=True):
        found = infer(features, checkpoint, dropouts, memory=memory)
        for name in ("valence", "arousal", "audio_dropped"):
            np.testing.assert_allclose(found.columns[name], there.columns[name], atol=1e-5)
    assert sent == [one.nbytes + one[0].nbytes for one in (features.audio, features.visual)]


def test_influence_sends_a_subject_once(sent, monkeypatch, tmp_path):
    model = make_model(iaca=True)
    checkpoint = Checkpoint(tmp_path / "model.safetensors", model, model.config)
    features = make_features(300, 8)
    dropouts = [DropoutConfig(share=0.3)]
    expected = add_influence(infer(features, checkpoint, dropouts), features, checkpoint, dropouts)
    monkeypatch.setattr(trace, "device_of", lambda model: ELSEWHERE)
    found = infer_with_influence(features, checkpoint, dropouts)
    assert len(sent) == 2
    for name, values in expected.columns.items():
        np.testing.assert_allclose(found.columns[name], values, atol=1e-6)


def test_a_sweep_and_the_epochs_of_a_training_send_a_subject_once(sent, monkeypatch):
    subjects = [make_features(200, 8, seed=seed) for seed in range(2)]
    model = make_model(iaca=True)
    expected = sweep(model, subjects, shares=(0.0, 0.4), draws=2)
    monkeypatch.setattr(trace, "device_of", lambda model: ELSEWHERE)
    found = sweep(model, subjects, shares=(0.0, 0.4), draws=2)
    assert len(sent) == 4
    pd.testing.assert_frame_equal(found, expected, rtol=1e-5)
    seen = [make_features(200, 8, seed=seed, subject=f"seen-{seed}") for seed in range(2)]
    settings = TrainingConfig(epochs=3, steps_per_epoch=1, batch_windows=2)
    train_fusion(seen, model.config, settings, validation=subjects[:1], progress=False)
    assert len(sent) == 4  # the subject of the validation is there already


def test_a_table_gives_the_windows_that_the_machines_memory_gives(sent):
    features = make_features(400, 8)
    index = np.array([[-1, 0, 1, 2], [3, 49, -1, 4]])
    dropped = np.zeros(50, bool)
    dropped[[1, 49]] = True
    for keep, tables in ((True, 2), (False, 6)):  # what is kept is sent once for both sources
        for _ in range(2):
            source = WindowSource(features, ELSEWHERE, keep=keep)
            for modality in ("audio", "visual", "audio"):
                expected = windows_of(features, modality, index, dropped)
                assert torch.equal(source.windows(modality, index, dropped), expected)
        assert len(sent) == tables


def test_tables_keep_to_their_budget_and_go_with_their_arrays_and_where_memory_is_short(sent, monkeypatch):
    tables = KeptTables()
    subjects = [make_features(80, 8, seed=seed) for seed in range(3)]
    size = subjects[0].audio.nbytes + subjects[0].audio_zero.nbytes
    monkeypatch.setattr(kept_tables, "ELSEWHERE_BYTES", 2 * size)

    def get(number):
        return tables.get(subjects[number].audio, subjects[number].audio_zero, ELSEWHERE)

    for number in (0, 1, 0, 2):  # 1 was used longest ago
        assert torch.equal(get(number)[:-1], torch.from_numpy(subjects[number].audio))
    assert (len(sent), tables.nbytes) == (3, 2 * size)
    get(0)
    assert len(sent) == 3
    subjects[0] = None
    get(2)
    assert (len(sent), tables.nbytes) == (3, size)
    monkeypatch.setattr(kept_tables, "ELSEWHERE_BYTES", size - 1)
    assert get(1) is None
    monkeypatch.setattr(kept_tables, "ELSEWHERE_BYTES", 2 * size)

    def fails(*_):
        raise torch.cuda.OutOfMemoryError

    with monkeypatch.context() as full:
        full.setattr(kept_tables, "send_table", fails)
        assert get(1) is None
    assert tables.nbytes == 0
    assert get(1) is not None
    gpu_memory.as_fits(lambda device, n: n < 8 or fails(), ELSEWHERE, {"cpu": 8}, "windows")
    assert get(1) is None
    assert tables.nbytes == 0
