"""Backbones by name or file, and never an untrained one by accident."""

from __future__ import annotations

import pytest
import torch

from iaca.checkpoints import save_backbone
from iaca.checkpoints.pretrained import PretrainedError, find_backbone
from iaca.config import BackboneConfig
from iaca.errors import CheckpointError
from iaca.models.backbones import build_backbone


@pytest.fixture
def offline(tmp_path, monkeypatch):
    """No weights on disk and no network."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    for name in ("http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")


def body(modality, arch):
    return build_backbone(BackboneConfig(modality=modality, arch=arch, dim=512)).body.state_dict()


def test_without_network_it_says_what_to_download_and_where_to_put_it(offline, tmp_path):
    with pytest.raises(PretrainedError) as error:
        find_backbone("r3d_18", "visual")
    told = str(error.value)
    assert "https://download.pytorch.org/models/r3d_18" in told
    assert str(tmp_path / "hub" / "checkpoints" / "r3d_18") in told
    assert "--untrained" in told


def test_untrained_weights_are_taken_only_when_allowed_and_are_always_the_same(offline):
    first, second = (find_backbone("resnet18", "audio", untrained=True) for _ in range(2))
    assert first.sha256 == second.sha256
    assert first.name == "untrained_audio_resnet18"
    assert all(torch.equal(a, b) for a, b in zip(first.model.parameters(), second.model.parameters(), strict=True))
    assert not first.model.training


def test_weights_that_lie_where_torchvision_keeps_them_are_taken(offline, tmp_path):
    from torchvision.models.video import R3D_18_Weights

    path = tmp_path / "hub" / "checkpoints" / R3D_18_Weights.KINETICS400_V1.url.rsplit("/", 1)[1]
    path.parent.mkdir(parents=True)
    state = body("visual", "r3d_18") | {"fc.weight": torch.zeros(400, 512), "fc.bias": torch.zeros(400)}
    torch.save(state, path)
    backbone = find_backbone("r3d_18", "visual")
    assert torch.equal(backbone.model.body.state_dict()["stem.0.weight"], state["stem.0.weight"])
    assert backbone.name.startswith("r3d_18")


def test_of_the_authors_file_each_modality_takes_its_part(tmp_path):
    audio, visual = body("audio", "resnet18"), body("visual", "r2plus1d_18")
    stem = visual["stem.0.weight"]
    with_mask = visual | {"stem.0.weight": torch.cat((stem, torch.ones_like(stem[:, :1])), dim=1)}
    state = {f"module.audio_model.resnet.{n}": t for n, t in audio.items()}
    state |= {f"module.video_model.r2plus1d.{n}": t for n, t in with_mask.items()}
    state["module.fc.1.weight"] = torch.zeros(17, 1024)
    torch.save({"state_dict": state, "epoch": 3}, tmp_path / "tsav.pth.tar")
    heard, seen = (find_backbone(tmp_path / "tsav.pth.tar", m) for m in ("audio", "visual"))
    assert (heard.config.arch, seen.config.arch) == ("resnet18", "r2plus1d_18")
    for backbone, expected in ((heard, audio), (seen, visual)):
        found = backbone.model.body.state_dict()
        assert all(torch.equal(found[name], tensor) for name, tensor in expected.items())
    assert heard.sha256 == seen.sha256


def test_a_first_layer_for_colour_is_averaged_for_sound(tmp_path):
    state = body("audio", "resnet18")
    colour = torch.randn(64, 3, 7, 7)
    torch.save(state | {"conv1.weight": colour}, tmp_path / "resnet.pth")
    backbone = find_backbone(tmp_path / "resnet.pth", "audio")
    assert torch.allclose(backbone.model.body.state_dict()["conv1.weight"], colour.mean(1, keepdim=True))


def test_a_backbone_of_this_project_is_taken_by_its_file(tmp_path):
    config = BackboneConfig(modality="audio", width=8, dim=6)
    save_backbone(tmp_path / "mine.safetensors", build_backbone(config), config)
    assert find_backbone(tmp_path / "mine.safetensors", "audio").name == "mine"
    with pytest.raises(PretrainedError, match="expected one for visual"):
        find_backbone(tmp_path / "mine.safetensors", "visual")


def test_what_is_neither_a_name_nor_a_file_is_refused_with_the_names(tmp_path):
    with pytest.raises(PretrainedError, match="slim, r3d_18, r2plus1d_18, resnet18"):
        find_backbone(tmp_path / "missing.pth", "visual")


@pytest.mark.parametrize("content", [b"", b"no weights", None])
def test_a_file_of_something_else_is_refused_by_name(tmp_path, content):
    path = tmp_path / "other.pth"
    if content is None:
        torch.save({"weight": torch.zeros(3)}, path)
    else:
        path.write_bytes(content)
    with pytest.raises((PretrainedError, CheckpointError), match=r"other\.pth"):
        find_backbone(path, "audio")
