"""ONNX files: they predict and explain as the model does, at any number of windows."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
import torch
from torch.export import Dim

import iaca
from iaca.__main__ import main
from iaca.checkpoints import load_checkpoint, save_checkpoint
from iaca.checkpoints.onnx_files import EXPLAINED, ExportError, export_onnx, named_outputs
from iaca.config import RELATED_GATES
from iaca.models.fusions import registry
from iaca.models.fusions.registry import fusion_names
from iaca.models.published.network import PublishedNetwork
from iaca.types import Attended
from tests.conftest import make_model

BACKBONES = {"audio": {"name": "ears", "sha256": "a" * 64}, "visual": {"name": "eyes", "sha256": "b" * 64}}
FUSIONS = [name for name in fusion_names() if registry.registered_fusion(name).plugin is None]


def windows(count, clips=16):
    torch.manual_seed(count)
    return torch.randn(count, clips, 12), torch.randn(count, clips, 12)


def saved(folder, **settings):
    model = make_model(**{"trunk": "shared", "num_layers": 1} | settings)
    model.set_standardisation(torch.randn(30, 12) * 4, torch.randn(30, 12) + 1)
    save_checkpoint(folder / "model.safetensors", model, backbones=BACKBONES)
    return load_checkpoint(folder / "model.safetensors")


def session_of(path):
    onnxruntime = pytest.importorskip("onnxruntime")
    return onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The tensor attributes .*_flat_weights")
@pytest.mark.parametrize("gated", [False, True])
@pytest.mark.parametrize("fusion", FUSIONS)
def test_torch_exports_every_fusion_with_a_trunk_per_target(fusion, gated):
    model = make_model(fusion=fusion, iaca=gated, trunk="per_target", num_layers=1).requires_grad_(False)
    batch = Dim("batch")
    program = torch.export.export(model, windows(2), dynamic_shapes={"audio": {0: batch}, "visual": {0: batch}})
    for count in (1, 5):
        found, expected = (named_outputs(run(*windows(count))) for run in (program.module(), model))
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("gated", [False, True])
@pytest.mark.parametrize("fusion", FUSIONS)
def test_an_onnx_file_agrees_with_torch_at_two_batch_sizes(tmp_path, fusion, gated):
    checkpoint = saved(tmp_path, fusion=fusion, iaca=gated)
    export_onnx(checkpoint, tmp_path / "model.onnx")
    session = session_of(tmp_path / "model.onnx")
    for count in (1, 7):
        audio, visual = windows(count)
        expected = named_outputs(checkpoint.model(audio, visual))
        assert [output.name for output in session.get_outputs()] == list(expected)
        found = session.run(None, {"audio": audio.numpy(), "visual": visual.numpy()})
        for values, reference in zip(found, expected.values(), strict=True):
            torch.testing.assert_close(torch.from_numpy(values), reference, rtol=0, atol=1e-5)


@pytest.mark.slow
@pytest.mark.parametrize("gate", RELATED_GATES)
def test_an_onnx_file_holds_gates_of_related_work(tmp_path, gate):
    checkpoint = saved(tmp_path, fusion="ca", iaca=True, gate=gate)
    export_onnx(checkpoint, tmp_path / "model.onnx")
    audio, visual = windows(3)
    expected = named_outputs(checkpoint.model(audio, visual))
    found = session_of(tmp_path / "model.onnx").run(list(expected), {"audio": audio.numpy(), "visual": visual.numpy()})
    for values, reference in zip(found, expected.values(), strict=True):
        torch.testing.assert_close(torch.from_numpy(values), reference, rtol=0, atol=1e-5)


def test_a_file_names_what_a_user_needs_and_nothing_of_this_machine(tmp_path):
    checkpoint = saved(tmp_path, fusion="ca", iaca=True, trunk="per_target")
    export_onnx(checkpoint, tmp_path / "model.onnx")
    session = session_of(tmp_path / "model.onnx")
    assert [(one.name, one.shape) for one in session.get_inputs()] == [
        ("audio", ["windows", 16, 12]),
        ("visual", ["windows", 16, 12]),
    ]
    names = [one.name for one in session.get_outputs()]
    every = [f"{target}_{field}" for target in ("valence", "arousal") for field in EXPLAINED]
    assert names == ["valence", "arousal", *every]
    metadata = {key: json.loads(value) for key, value in session.get_modelmeta().custom_metadata_map.items()}
    assert set(metadata["outputs"]) == set(names)
    assert metadata["backbones"] == BACKBONES
    assert metadata["description"]["title"] == "CA+IACA"
    content = (tmp_path / "model.onnx").read_bytes()
    assert str(Path(iaca.__file__).parent).encode() not in content
    assert b"site-packages" not in content
    export_onnx(checkpoint, tmp_path / "again.onnx")
    assert (tmp_path / "again.onnx").read_bytes() == content
    assert {file.name for file in tmp_path.iterdir()} == {"model.safetensors", "model.onnx", "again.onnx"}


def test_the_model_is_left_as_it_was(tmp_path):
    checkpoint = saved(tmp_path, fusion="rjca")
    before = checkpoint.model(*windows(2))
    export_onnx(checkpoint, tmp_path / "model.onnx")
    assert torch.equal(checkpoint.model(*windows(2)).valence, before.valence)


def test_the_command_writes_the_file_and_says_how_closely_it_agrees(tmp_path, capsys):
    saved(tmp_path, fusion="concat")
    assert main(["export", str(tmp_path / "model.safetensors"), "--onnx", str(tmp_path / "out.onnx")]) == 0
    assert "Concat -> " in capsys.readouterr().out
    assert [one.name for one in session_of(tmp_path / "out.onnx").get_outputs()] == ["valence", "arousal"]
    assert main(["export", str(tmp_path / "model.safetensors"), "--onnx", str(tmp_path / "out.txt")]) == 1
    assert "expected a file that ends in .onnx" in capsys.readouterr().err


@pytest.mark.parametrize("package", ["onnx", "onnxscript", "onnxruntime"])
def test_a_package_that_is_missing_is_told_in_a_sentence(tmp_path, monkeypatch, package):
    checkpoint = saved(tmp_path, fusion="concat")
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ExportError, match=rf"{package} is not installed; .*pip install 'iaca\[export\]'"):
        export_onnx(checkpoint, tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()


class Branching(torch.nn.Module):
    def forward(self, audio, visual):
        return Attended(audio, visual, -audio if audio.sum() > 0 else audio, visual)


def test_a_fusion_that_cannot_be_exported_and_a_published_network_are_told(tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "_FUSIONS", dict(registry._FUSIONS))
    iaca.register_fusion("branching", lambda config: Branching())
    with pytest.raises(ExportError, match="fusion 'branching' cannot be exported"):
        export_onnx(saved(tmp_path, fusion="branching"), tmp_path / "model.onnx")
    torch.save({"net": PublishedNetwork("published RJCA").state_dict()}, tmp_path / "authors.pt")
    with pytest.raises(ExportError, match="is a published RJCA; expected a fusion model of this project"):
        export_onnx(load_checkpoint(tmp_path / "authors.pt"), tmp_path / "model.onnx")
    assert not (tmp_path / "model.onnx").exists()
