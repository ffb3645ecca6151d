"""A training on a GPU runs on kernels that repeat themselves, and says where it does not."""

from __future__ import annotations

import warnings

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

from iaca.compute import repeatable as module
from iaca.compute.devices import device_label
from iaca.compute.repeatable import repeatable
from iaca.config import RELATED_GATES, TARGETS, BackboneConfig, BackboneTraining, FusionConfig
from iaca.models.backbones import build_backbone
from iaca.models.fusion_model import FusionModel
from iaca.models.fusions.registry import fusion_names, registered_fusion
from iaca.training import TrainingStep
from iaca.training.backbone_training import BackboneStep

GPU = torch.device("cuda:0")

ANY_ORDER = (
    "avg_pool3d_backward", "_adaptive_avg_pool2d_backward", "_adaptive_avg_pool3d_backward", "adaptive_max_pool",
    "fractional_max_pool", "max_unpool", "upsample_linear", "upsample_bilinear", "upsample_bicubic",
    "upsample_trilinear", "reflection_pad", "nll_loss", "ctc_loss", "embedding_bag", "put_", "histc", "bincount",
    "median", "kthvalue", "grid_sampler", "scatter_reduce", "resize_",
)  # fmt: skip
"""Beginnings of the names of operations for which torch has no repeatable kernel on a GPU, by its documentation."""


def modes():
    return (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
        torch.backends.cudnn.benchmark,
        torch.backends.cuda.flash_sdp_enabled() or torch.backends.cuda.mem_efficient_sdp_enabled(),
    )


@pytest.fixture(autouse=True)
def card(monkeypatch):
    """A GPU by name alone."""
    monkeypatch.setattr(module, "device_label", lambda device: "NVIDIA T4" if device == GPU else device_label(device))
    return f"NVIDIA T4 with torch {torch.__version__}"


def test_kernels_are_fixed_within_and_as_before_afterwards(monkeypatch, card):
    monkeypatch.setenv(module.WORKSPACE, ":4096:8")
    before = modes()
    with repeatable(GPU, 1) as repetition:
        assert modes() == (True, True, False, False)
        repetition.note_place()
    assert modes() == before
    assert repetition.report() == {"computed_on": [card], "exact": True, "why_not": ""}


def test_an_operation_that_adds_in_any_order_is_noted_and_other_warnings_are_shown(monkeypatch):
    monkeypatch.setenv(module.WORKSPACE, ":4096:8")
    with warnings.catch_warnings(record=True) as shown, repeatable(GPU, 1) as repetition:
        for _ in range(2):
            torch.quantize_per_tensor(torch.zeros(4), 1.0, 0, torch.quint8).resize_(8)
        warnings.warn("something else", stacklevel=1)
    assert repetition.report()["why_not"] == "quantized_resize_cpu_ adds in any order"
    assert not repetition.report()["exact"]
    assert "something else" in [str(one.message) for one in shown]


def test_what_torch_does_not_see_is_noted_too(monkeypatch):
    monkeypatch.delenv(module.WORKSPACE, raising=False)
    with repeatable(GPU, 2) as repetition:
        pass
    assert "2 processes" in repetition.report()["why_not"]
    assert "CUBLAS_WORKSPACE_CONFIG is None; expected :4096:8" in repetition.report()["why_not"]
    before = modes()
    with repeatable(torch.device("cpu"), 1) as repetition:
        assert modes() == before
    assert repetition.report()["exact"]


class Names(TorchDispatchMode):
    """Keeps the names of all operations, those of the backward pass too."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        self.found.add(function.name().removeprefix("aten::").partition(".")[0])
        return function(*args, **(kwargs or {}))


@pytest.mark.parametrize("settings", [
    *({"fusion": name} for name in fusion_names() if registered_fusion(name).plugin is None),
    *({"fusion": "ca", "iaca": True, "gate": name} for name in ("learned", *RELATED_GATES)),
])  # fmt: skip
def test_no_step_of_a_fusion_needs_a_kernel_that_adds_in_any_order(settings):
    torch.manual_seed(0)
    model = FusionModel(FusionConfig(audio_dim=8, visual_dim=8, dim=8, **settings))
    with Names() as names:
        TrainingStep(model, 0.3).train()(torch.randn(3, 16, 8), torch.randn(3, 16, 8), torch.rand(3, 16, 2)).backward()
    assert len(names.found) > 20
    assert {name for name in names.found if name.startswith(ANY_ORDER)} == set()


@pytest.mark.parametrize(
    ("arch", "shape"),
    [
        ("slim", (2, 8, 112, 112, 3)),
        ("r3d_18", (2, 2, 112, 112, 3)),
        ("slim", (2, 1, 64, 100)),
        ("resnet18", (2, 1, 64, 100)),
    ],
)
def test_no_step_of_a_backbone_needs_a_kernel_that_adds_in_any_order(arch, shape):
    modality = "visual" if len(shape) == 5 else "audio"
    config = BackboneConfig(modality=modality, arch=arch, dim=128 if arch == "slim" else 512)
    clips = torch.zeros(shape, dtype=torch.uint8 if modality == "visual" else torch.float32)
    step = BackboneStep(build_backbone(config), BackboneTraining()).train()
    with Names() as names:
        step([clips], torch.rand(2, len(TARGETS)), torch.tensor([0, 1]), 0).backward()
    assert "convolution_backward" in names.found
    assert {name for name in names.found if name.startswith(ANY_ORDER)} == set()
