"""Backbones: shapes, what they share with torchvision, what they depend on."""

from __future__ import annotations

import pytest
import torch
from torchvision.models import resnet18, video

from iaca.config import BackboneConfig, ConfigError
from iaca.models.backbones import build_backbone, inflate

CASES = [
    ("visual", "slim", 128, 128), ("audio", "slim", 40, 40), ("visual", "r2plus1d_18", 512, 25_088),
    ("audio", "resnet18", 512, 512),
]  # fmt: skip


def example(modality, clips=2, columns=104):
    shape = (clips, 3, 8, 112, 112) if modality == "visual" else (clips, 1, 64, columns)
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize(("modality", "arch", "dim", "feature_dim"), CASES)
def test_a_clip_becomes_one_feature_and_two_predictions(modality, arch, dim, feature_dim):
    model = build_backbone(BackboneConfig(modality=modality, arch=arch, dim=dim)).eval()
    x = example(modality, clips=1)
    with torch.inference_mode():
        features, predictions = model.features(x), model(x)
    assert features.shape == (1, feature_dim)
    assert model.feature_dim == feature_dim
    assert predictions.shape == (1, 2)
    assert predictions.abs().max() <= 1


@pytest.mark.parametrize("modality", ["visual", "audio"])
def test_a_feature_does_not_depend_on_its_neighbours(modality):
    model = build_backbone(BackboneConfig(modality=modality)).eval()
    x = example(modality, clips=3)
    with torch.inference_mode():
        together, alone = model.features(x), model.features(x[1:2])
    assert torch.allclose(together[1:2], alone, atol=1e-5)


def test_a_spectrogram_may_have_any_length():
    model = build_backbone(BackboneConfig(modality="audio")).eval()
    with torch.inference_mode():
        assert model.features(example("audio", columns=222)).shape == (2, 128)


def test_weights_of_torchvision_fit_and_give_its_features():
    reference = video.r3d_18(weights=None).eval()
    reference.fc = torch.nn.Identity()
    model = build_backbone(BackboneConfig(modality="visual", arch="r3d_18", dim=512)).eval()
    model.body.load_state_dict(reference.state_dict())
    x = example("visual", clips=1)
    with torch.inference_mode():
        assert torch.allclose(model.features(x), reference(x), atol=1e-4)


def test_the_weights_of_r2plus1d_have_the_names_of_torchvision():
    model = build_backbone(BackboneConfig(modality="visual", arch="r2plus1d_18", dim=512))
    with torch.device("meta"):
        reference = video.r2plus1d_18(weights=None)
    assert set(model.body.state_dict()) == {n for n in reference.state_dict() if not n.startswith("fc.")}


def test_resnet18_differs_from_torchvision_in_its_first_layer_only():
    model = build_backbone(BackboneConfig(modality="audio", arch="resnet18", dim=512))
    ours = {name: tuple(t.shape) for name, t in model.body.state_dict().items()}
    theirs = {name: tuple(t.shape) for name, t in resnet18(weights=None).state_dict().items()}
    differing = {name for name in theirs if name in ours and theirs[name] != ours[name]}
    assert differing == {"conv1.weight"}
    assert set(theirs) - set(ours) == {"fc.weight", "fc.bias"}


def test_a_dimension_that_a_full_network_does_not_have_is_refused():
    with pytest.raises(ConfigError, match=r"dim is 128.*expected 512"):
        build_backbone(BackboneConfig(modality="visual", arch="r3d_18", dim=128))


def test_a_width_that_crashes_in_training_is_refused():
    with pytest.raises(ConfigError, match=r"width is 12.*multiple of 8"):
        build_backbone(BackboneConfig(modality="audio", width=12))


def test_both_networks_run_channels_last():
    for modality, memory_format in (("visual", torch.channels_last_3d), ("audio", torch.channels_last)):
        model = build_backbone(BackboneConfig(modality=modality))
        assert model.body[0].weight.is_contiguous(memory_format=memory_format)


def test_a_clip_that_stands_still_gives_an_inflated_network_what_its_picture_gave():
    torch.manual_seed(0)
    model = build_backbone(BackboneConfig(modality="visual", width=8)).eval()
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm3d):
            module.running_mean.normal_()
            module.running_var.uniform_(0.5, 2)
    picture = torch.randn(1, 3, 1, 32, 32, generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        before = model.body(picture)
        assert not torch.allclose(model.body(picture.expand(-1, -1, 512, -1, -1))[:, :, 16:17], before, rtol=0.1)
        after = inflate(model).body(picture.expand(-1, -1, 512, -1, -1))
    # Near the ends kernels meet padding.
    assert after.shape[2] == 32
    assert torch.allclose(after[:, :, 10:22], before.expand(-1, -1, 12, -1, -1), rtol=1e-4, atol=1e-4)


def test_inflated_kernels_sum_to_what_their_middle_was():
    torch.manual_seed(0)
    model = build_backbone(BackboneConfig(modality="visual", arch="r2plus1d_18", dim=512))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    for name, tensor in inflate(model).state_dict().items():
        if tensor.ndim != 5:
            assert torch.equal(tensor, before[name]), name
            continue
        middle = before[name][:, :, tensor.shape[2] // 2]
        assert torch.allclose(tensor.sum(2), middle, atol=1e-6), name
        assert torch.equal(tensor, tensor[:, :, :1].expand_as(tensor)), name
