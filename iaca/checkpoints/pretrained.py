"""Backbones by name or file: the shipped ones, torchvision's, the authors' and your own."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple
from urllib.error import URLError

import torch
from torch import Tensor

from iaca.checkpoints.backbone_files import BackboneFile, load_backbone
from iaca.checkpoints.published_files import COLOUR_CHANNELS, TSAV_PREFIXES
from iaca.checkpoints.tensor_files import mismatches, shapes_of
from iaca.checkpoints.torch_files import as_state_dict, read_torch_file
from iaca.config import AUDIO, VISUAL, Architecture, BackboneConfig
from iaca.errors import CheckpointError, InputError
from iaca.files import file_sha256
from iaca.models.backbones import FULL_WIDTH_DIM, build_backbone


class PretrainedError(InputError):
    """Weights that are missing or do not fit: the message says what to download and where to put it."""


class BackboneSource(NamedTuple):
    """Where a backbone comes from: what other processes and machines are given instead of the network.

    Attributes:
        spec: A name, or the absolute path of a file.
        modality: audio or visual.
        sha256: Of the file that was found here.
        untrained: Whether its weights are random.
    """

    spec: str
    modality: str
    sha256: str
    untrained: bool


def source_of(backbone: BackboneFile) -> BackboneSource:
    """Where a backbone comes from, for `open_source`."""
    spec = backbone.spec or os.path.abspath(backbone.path)
    return BackboneSource(spec, backbone.config.modality, backbone.sha256, not backbone.path.is_file())


def open_source(source: BackboneSource, device: str | torch.device = "cpu") -> BackboneFile:
    """Read a backbone again, perhaps on another machine.

    Raises:
        PretrainedError: It is not there, or not the same.
        CheckpointError: Its file is damaged.
    """
    found = find_backbone(source.spec, source.modality, device, untrained=source.untrained)
    if found.sha256 != source.sha256:
        raise PretrainedError(
            f"{found.path} has other weights than where the run was started (sha256 {found.sha256[:12]}...); expected "
            f"{source.sha256[:12]}..."
        )
    return found


def find_backbone(
    spec: str | os.PathLike[str], modality: str, device: str | torch.device = "cpu", *, untrained: bool = False
) -> BackboneFile:
    """Find the backbone that a name or a file refers to.

    `slim` ships with the project. `r3d_18` and `r2plus1d_18` take torchvision's Kinetics-400 weights, `resnet18` its
    ImageNet weights with the first layer averaged to one channel. A file is a backbone of this project (.safetensors),
    or a torch file: a state dict of torchvision, or the authors' TSAV file, of which the part of the modality is
    taken.

    Args:
        spec: Name or file.
        modality: audio or visual.
        device: Where the network goes.
        untrained: Use random weights (seed 0) if the trained ones of a name are not available.

    Returns:
        The backbone, in eval mode.

    Raises:
        PretrainedError: The weights are not available, or belong to another network.
        CheckpointError: A file that is damaged, or a .safetensors file that is no backbone.
        ConfigError: A network that the modality does not have.
    """
    backbone = _find(spec, modality, untrained)
    backbone.model.to(device)
    named = not Path(spec).is_file()
    return replace(backbone, spec=str(spec) if named else os.path.abspath(spec))


def _find(spec: str | os.PathLike[str], modality: str, untrained: bool) -> BackboneFile:
    path = Path(spec)
    names = [arch.value for arch in Architecture]
    if str(spec) in names:
        arch = Architecture(str(spec))
        config = BackboneConfig(modality=modality, arch=arch, dim=128 if arch is Architecture.SLIM else FULL_WIDTH_DIM)
        try:
            return load_backbone(f"{modality}_slim") if arch is Architecture.SLIM else _from_torchvision(config)
        except (PretrainedError, CheckpointError):
            if not untrained:
                raise
            return _untrained(config)
    if not path.is_file():
        raise PretrainedError(f"{spec} is neither a file nor one of: {', '.join(names)}")
    backbone = load_backbone(path) if path.suffix == ".safetensors" else _from_torch_file(path, modality)
    if backbone.config.modality != modality:
        raise PretrainedError(f"{path} is a backbone for {backbone.config.modality}; expected one for {modality}")
    return backbone


def _torchvision_weights(config: BackboneConfig) -> Any:
    from torchvision.models import ResNet18_Weights
    from torchvision.models.video import R2Plus1D_18_Weights, R3D_18_Weights

    return {
        Architecture.R3D_18: R3D_18_Weights.KINETICS400_V1,
        Architecture.R2PLUS1D_18: R2Plus1D_18_Weights.KINETICS400_V1,
        Architecture.RESNET18: ResNet18_Weights.IMAGENET1K_V1,
    }[config.arch]


def _from_torchvision(config: BackboneConfig) -> BackboneFile:
    weights = _torchvision_weights(config)
    path = Path(torch.hub.get_dir()) / "checkpoints" / weights.url.rsplit("/", 1)[1]
    try:
        state = weights.get_state_dict(progress=True, check_hash=True)
    except (URLError, OSError, RuntimeError) as error:
        raise PretrainedError(
            f"weights for {config.arch.value} are not on this machine and cannot be downloaded ({error}): download "
            f"{weights.url} and put it at {path}, or name a file, or allow an untrained backbone with --untrained"
        ) from error
    return _filled(path, config, state)


def _from_torch_file(path: Path, modality: str) -> BackboneFile:
    content = read_torch_file(path)
    state = as_state_dict(content.get("state_dict", content) if isinstance(content, dict) else content)
    if state is None:
        raise PretrainedError(f"{path} holds no state dict; expected one of torchvision or of TSAV")
    prefix = TSAV_PREFIXES[modality]
    if any(name.startswith(prefix) for name in state):
        state = {name.removeprefix(prefix): tensor for name, tensor in state.items() if name.startswith(prefix)}
    is_factored = any(name.startswith("stem.3") for name in state)
    arch = Architecture.RESNET18
    if modality == VISUAL:
        arch = Architecture.R2PLUS1D_18 if is_factored else Architecture.R3D_18
    return _filled(path, BackboneConfig(modality=modality, arch=arch, dim=FULL_WIDTH_DIM), state)


def _filled(path: Path, config: BackboneConfig, state: dict[str, Tensor]) -> BackboneFile:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)  # of the head, which weights made for other labels do not have
        model = build_backbone(config)
    state = {name: tensor for name, tensor in state.items() if not name.startswith("fc.")}
    first = "conv1.weight" if config.modality == AUDIO else "stem.0.weight"
    if first in state:
        channels = state[first].shape[1]
        if config.modality == AUDIO and channels == COLOUR_CHANNELS:
            state[first] = state[first].mean(dim=1, keepdim=True)
        elif config.modality == VISUAL and channels == COLOUR_CHANNELS + 1:
            state[first] = state[first][:, :COLOUR_CHANNELS]  # the fourth is a mask that the fusion models do without
    for mismatch in mismatches(shapes_of(model.body.state_dict()), shapes_of(state)):
        raise PretrainedError(f"{path}: {mismatch} for {config.arch.value} ({config.modality})")
    model.body.load_state_dict(state)
    return BackboneFile(path, model.eval().requires_grad_(False), config, file_sha256(path))


def _untrained(config: BackboneConfig) -> BackboneFile:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = build_backbone(config)
    digest = hashlib.sha256(json.dumps(["untrained", asdict(config)]).encode()).hexdigest()
    return BackboneFile(
        Path(f"untrained_{config.modality}_{config.arch.value}"), model.eval().requires_grad_(False), config, digest
    )
