"""Backbone files: weights, configuration and training history."""

from __future__ import annotations

import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from iaca.checkpoints.tensor_files import (
    BACKBONE,
    check_tensors,
    read_checkpoint_file,
    write_checkpoint_file,
)
from iaca.checkpoints.torch_files import is_torch_file
from iaca.config import BackboneConfig, ConfigError, from_fields
from iaca.errors import CheckpointError
from iaca.files import file_sha256
from iaca.resources import weights_file

if TYPE_CHECKING:
    from iaca.models.backbones import Backbone


@dataclass(frozen=True)
class BackboneFile:
    """A backbone read from a file.

    Attributes:
        path: The file.
        model: The network, float32, in eval mode.
        config: Its configuration.
        sha256: Of the file; feature files name it.
        training: How it was trained.
        spec: The name or file that it was found by; "": its path.
    """

    path: Path
    model: Backbone
    config: BackboneConfig
    sha256: str
    training: dict[str, Any] = field(default_factory=dict)
    spec: str = ""

    @property
    def name(self) -> str:
        """File name without its ending."""
        return self.path.stem

    @property
    def is_still(self) -> bool:
        """Whether it was trained on single pictures; it cannot read whole clips until it is trained further."""
        return self.training.get("settings", {}).get("pictures") == 1


def save_backbone(
    path: str | os.PathLike[str],
    model: nn.Module,
    config: BackboneConfig,
    training: dict[str, Any] | None = None,
    dtype: torch.dtype = torch.float16,
) -> None:
    """Write a backbone file whole, or not at all.

    Args:
        path: The file, ending in .safetensors.
        model: The network that `build_backbone(config)` makes.
        config: Its configuration.
        training: Settings, seed, scores.
        dtype: How weights are stored.

    Raises:
        CheckpointError: A weight is not finite or too large, as after training that failed.
        OSError: The file cannot be written; nothing is left of it.
    """
    header = {"kind": BACKBONE, "config": asdict(config), "training": training or {}}
    write_checkpoint_file(Path(path), model, header, dtype)


def load_backbone(path: str | os.PathLike[str], device: str | torch.device = "cpu") -> BackboneFile:
    """Read a backbone file.

    Args:
        path: A .safetensors file written by `save_backbone`, or the name of one that ships, such as "visual_slim".
        device: Where the network goes.

    Returns:
        The network in float32 and eval mode.

    Raises:
        CheckpointError: The file is missing, damaged, a fusion model, a file of torch, of a newer version, its tensors
            are not those of its configuration, or a weight is not finite.
    """
    path = weights_file(path)
    if is_torch_file(path):
        raise CheckpointError(
            f"{path} was saved by torch; expected .safetensors. iaca.checkpoints.pretrained.find_backbone reads it"
        )
    from iaca.models.backbones import build_backbone

    header, tensors = read_checkpoint_file(path)
    if header["kind"] != BACKBONE:
        raise CheckpointError(f"{path} is a {header['kind']} model, not a backbone; use iaca.load_checkpoint for it")
    try:
        config = from_fields(BackboneConfig, header["config"])
        with torch.device("meta"):
            check_tensors(path, build_backbone(config), tensors)
        model = build_backbone(config)
    except ConfigError as error:
        raise CheckpointError(f"{path} cannot be rebuilt: {error}") from error
    model.load_state_dict(tensors)
    return BackboneFile(
        path, model.to(device).eval().requires_grad_(False), config, file_sha256(path), header["training"]
    )
