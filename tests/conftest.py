"""Fixtures that several parts share."""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch
from hypothesis import settings

from iaca.checkpoints import BackboneFile, load_backbone, save_backbone
from iaca.config import BackboneConfig, FusionConfig
from iaca.models.backbones import build_backbone
from iaca.models.fusion_model import FusionModel
from iaca.types import Features

os.environ["IACA_EXPORT"] = "off"  # an export takes longer than most tests
torch.set_num_threads(1)  # small tensors: threads only contend

# The same examples in every run. `pytest --hypothesis-profile explore` looks further, with others each time.
settings.register_profile("repeatable", derandomize=True, database=None, deadline=None, max_examples=60)
settings.register_profile("explore", database=None, deadline=None, max_examples=2000)
settings.load_profile("repeatable")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever takes a browser from the fixtures is a browser test, without saying so."""
    for item in items:
        if "playwright" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


BACKBONES = {"audio": {"name": "a", "sha256": "a" * 64}, "visual": {"name": "v", "sha256": "b" * 64}}
"""What made the features of `make_features`."""


def columns_of(frames):
    """The columns of a table as a Trace has them."""
    return {name: frames[name].to_numpy() for name in frames}


def make_features(
    num_frames=200, clip_stride=8, audio_dim=12, visual_dim=12, seed=0, subject="someone", split="validation"
) -> Features:
    """Features with random values and smooth labels, of which some frames are not annotated."""
    draw = np.random.default_rng([seed, num_frames])
    frame = np.arange(0, num_frames, clip_stride, dtype=np.int32)
    pts_s = np.arange(num_frames) / 25
    valence = np.sin(pts_s + seed).astype(np.float32) * 0.8
    arousal = np.cos(pts_s * 1.3 + seed).astype(np.float32) * 0.7
    valence[num_frames // 2 : num_frames // 2 + 5] = np.nan
    arousal[num_frames // 2 : num_frames // 2 + 5] = np.nan
    audio = draw.normal(size=(len(frame), audio_dim)).astype(np.float32)
    visual = draw.normal(size=(len(frame), visual_dim)).astype(np.float32)
    audio[:, 0] += 2 * np.nan_to_num(arousal[frame])
    visual[:, 0] += 2 * np.nan_to_num(valence[frame])
    return Features(
        subject,
        subject,
        split,
        clip_stride,
        BACKBONES,
        "test",
        (),
        audio,
        visual,
        frame,
        pts_s,
        valence,
        arousal,
        np.ones(num_frames, bool),
        np.ones(num_frames, bool),
        np.full(audio_dim, 0.5, np.float32),
        np.full(visual_dim, -0.5, np.float32),
    )


def make_model(seed=0, **settings) -> FusionModel:
    """A model of dimension 12 with random weights, gates included, in eval mode."""
    torch.manual_seed(seed)
    config = FusionConfig(**{"audio_dim": 12, "visual_dim": 12, "dim": 12, "gate_init": "default"} | settings)
    model = FusionModel(config).eval()
    for name, parameter in model.named_parameters():
        if "gate" in name or "blind" in name:
            torch.nn.init.normal_(parameter, std=0.3)
    return model


@pytest.fixture
def features() -> Features:
    """200 frames at stride 8."""
    return make_features()


def write_small_backbones(folder) -> tuple[BackboneFile, BackboneFile]:
    """A visual and an audio backbone with random weights, whose features have 6 values."""
    torch.manual_seed(0)
    found = []
    for modality in ("visual", "audio"):
        config = BackboneConfig(modality=modality, width=8, dim=6)
        save_backbone(folder / f"{modality}.safetensors", build_backbone(config), config)
        found.append(load_backbone(folder / f"{modality}.safetensors"))
    return found[0], found[1]
