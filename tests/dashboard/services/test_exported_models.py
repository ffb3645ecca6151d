"""Models are exported in the background, and say the same from then on."""

from __future__ import annotations

import math
import time
from dataclasses import replace

import numpy as np
import pytest

from dashboard.services import exported_models, model_files, traces
from iaca.checkpoints import save_checkpoint
from iaca.config import AUDIO, UNCHANGED, DropoutConfig, GateOverrides, WhatIf
from iaca.files import file_state
from iaca.inference import infer
from iaca.models.published.network import Published, PublishedNetwork
from tests.conftest import make_features, make_model

BACKBONES = {"audio": {"name": "ears", "sha256": "a" * 64}, "visual": {"name": "eyes", "sha256": "b" * 64}}


@pytest.fixture
def model(tmp_path, monkeypatch):
    monkeypatch.setenv("IACA_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("IACA_EXPORT")
    monkeypatch.setattr(exported_models, "IDLE_S", 0.0)
    monkeypatch.setattr(exported_models, "_computed_s", -math.inf)
    exported_models.opening.cache_clear()
    exported_models.exporting.cache_clear()
    save_checkpoint(tmp_path / "model.safetensors", make_model(fusion="ca", iaca=True), backbones=BACKBONES)
    return file_state(tmp_path / "model.safetensors")


def ended(job):
    """A job, once it has ended."""
    until_s = time.monotonic() + 300
    while not job.ended:
        assert time.monotonic() < until_s
        time.sleep(0.02)
    return job


@pytest.mark.parametrize("switch", ["off", ""])
def test_while_models_compute_none_is_exported_and_none_at_all_where_it_is_switched_off(
    model, tmp_path, monkeypatch, switch
):
    pytest.importorskip("onnxruntime")
    monkeypatch.setenv("IACA_EXPORT", switch)
    monkeypatch.setattr(exported_models, "IDLE_S", 600.0)
    loaded = model_files.load(model, "cpu")
    traces.compute(make_features(), model, "cpu", UNCHANGED)  # of this no step consists, however long it takes
    if switch != "off":
        assert ended(exported_models.opening(model)).result is None
    assert exported_models.ready(model, loaded, "cpu") is None
    assert exported_models.exporting.cache_info().currsize == (switch != "off")
    assert not (tmp_path / "cache").exists()
    if switch != "off":
        job = exported_models.exporting(model)
        assert not job.ended
        monkeypatch.setenv("IACA_PLUGINS", "no_such_plugin")  # the command ends with an error, and soon
        exported_models.note(model, exported_models.WORTH_S)
        assert "could not be exported" in ended(job).error


def test_what_cannot_be_exported_is_told_once_and_goes_on_in_torch(model, monkeypatch):
    pytest.importorskip("onnxruntime")
    loaded = model_files.load(model, "cpu")
    exported_models.ready(model, loaded, "cpu")
    ended(exported_models.opening(model))
    monkeypatch.setenv("IACA_PLUGINS", "no_such_plugin")  # the command ends with an error
    assert exported_models.ready(model, loaded, "cpu") is None
    job = ended(exported_models.exporting(model))
    assert "could not be exported" in job.error
    assert exported_models.ready(model, loaded, "cpu") is None
    assert exported_models.exporting(model) is job


def test_a_published_network_and_a_gpu_stay_in_torch(model):
    loaded = model_files.load(model, "cpu")
    assert exported_models.ready(model, loaded, "cuda:0") is None
    assert exported_models.ready(model, replace(loaded, model=PublishedNetwork(Published.JCA)), "cpu") is None
    assert not exported_models.opening.cache_info().currsize


@pytest.mark.slow
def test_an_idle_server_exports_a_model_which_says_the_same(model, tmp_path):
    pytest.importorskip("onnxruntime")
    features = make_features()
    loaded = model_files.load(model, "cpu")
    before = traces.compute(features, model, "cpu", UNCHANGED)
    ended(exported_models.opening(model))
    traces.compute(features, model, "cpu", UNCHANGED)
    network = ended(exported_models.exporting(model)).result
    assert exported_models.ready(model, loaded, "cpu") is network is not None
    change = WhatIf(dropouts=(DropoutConfig(modality=AUDIO, share=0.5),))
    for asked in (UNCHANGED, change):
        found, expected = traces.compute(features, model, "cpu", asked), infer(features, loaded, asked.dropouts)
        assert list(found.frames) == list(expected.frames)
        for name in expected.frames:
            np.testing.assert_allclose(
                found.frames[name].astype(float), expected.frames[name].astype(float), rtol=0, atol=1e-5, err_msg=name
            )
    np.testing.assert_allclose(before.frames.valence, infer(features, loaded).frames.valence, rtol=0, atol=0)
    # Changed gates are in no exported graph.
    gates = GateOverrides(temperature=1.0)
    changed = traces.compute(features, model, "cpu", WhatIf(gates=gates))
    assert changed.frames.equals(infer(features, loaded, gates=gates).frames)
    # Another server finds the file; a damaged one is made again.
    exported_models.opening.cache_clear()
    exported_models.exporting.cache_clear()
    exported_models.ready(model, loaded, "cpu")
    assert ended(exported_models.opening(model)).result is not None
    (file,) = (tmp_path / "cache" / "onnx").glob("*.onnx")
    file.write_bytes(file.read_bytes()[:-1000])
    exported_models.opening.cache_clear()
    exported_models.ready(model, loaded, "cpu")
    assert "cannot be run" in ended(exported_models.opening(model)).error
    assert exported_models.ready(model, loaded, "cpu") is None
    assert ended(exported_models.exporting(model)).result is not None
