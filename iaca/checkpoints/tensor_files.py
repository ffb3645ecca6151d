"""Safetensors files of networks, with a JSON header that describes them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

import iaca
from iaca.errors import CheckpointError
from iaca.files import write_whole

FORMAT_VERSION = 1
HEADER_KEY = "iaca"
FUSION = "fusion"
BACKBONE = "backbone"

HEADER_FIELDS = {"kind": str, "created_by": str, "config": dict, "training": dict}
FUSION_FIELDS = {"plugin": str | None, "backbones": dict, "scores": dict}
"""Fields of a header and their types; the second only for fusion models."""


def write_checkpoint_file(path: Path, model: nn.Module, header: dict[str, Any], dtype: torch.dtype) -> None:
    """Write a network and its header, whole or not at all.

    Args:
        path: The file, ending in .safetensors.
        model: Whose state goes in.
        header: The fields of `HEADER_FIELDS` but `created_by`, and for a fusion model those of `FUSION_FIELDS`.
        dtype: How weights are stored.

    Raises:
        OSError: The file cannot be written; nothing is left of it.
    """
    header = {"format_version": FORMAT_VERSION, "created_by": f"iaca {iaca.__version__}", **header}
    tensors = {
        name: (tensor.to(dtype) if tensor.is_floating_point() else tensor).detach().cpu().contiguous()
        for name, tensor in model.state_dict().items()
    }
    write_whole(path, save(tensors, {HEADER_KEY: json.dumps(header, sort_keys=True)}))


def read_checkpoint_file(path: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Read the header and the tensors of a file.

    Raises:
        CheckpointError: It is missing, damaged, of a newer version, or its header lacks a field.
    """
    if not path.is_file():
        found = "is no file" if path.exists() else "does not exist"
        raise CheckpointError(f"{path} {found}; expected a checkpoint (.safetensors)")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  not a mapping
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is damaged or no safetensors file ({error}); expected a whole one") from error
    if HEADER_KEY not in metadata:
        raise CheckpointError(f"{path} has no {HEADER_KEY!r} header; expected a checkpoint written by this project")
    return _header(path, metadata[HEADER_KEY]), tensors


def _header(path: Path, text: str) -> dict[str, Any]:
    try:
        header = json.loads(text)
    except json.JSONDecodeError as error:
        raise CheckpointError(f"{path} has a damaged {HEADER_KEY!r} header ({error}); expected JSON") from error
    version = header.get("format_version") if isinstance(header, dict) else None
    if not isinstance(version, int):
        raise CheckpointError(f"{path} has format version {version!r}; expected a whole number up to {FORMAT_VERSION}")
    if version > FORMAT_VERSION:
        raise CheckpointError(
            f"{path} has format version {version} ({header.get('created_by')}); this is iaca {iaca.__version__}, which "
            f"reads up to {FORMAT_VERSION}: update it"
        )
    for name, kind in (HEADER_FIELDS | (FUSION_FIELDS if header.get("kind") == FUSION else {})).items():
        if not isinstance(header.get(name), kind):
            raise CheckpointError(
                f"{path}: {name!r} of the header is {header.get(name)!r}; expected {getattr(kind, '__name__', kind)}"
            )
    return header


Shape = tuple[int, ...]


class Mismatch(NamedTuple):
    """A tensor whose shape is not the network's; None: the tensor does not exist there."""

    name: str
    found: Shape | None
    expected: Shape | None

    def __str__(self) -> str:
        found = "missing" if self.found is None else self.found
        return f"tensor {self.name!r} is {found}; expected {'none' if self.expected is None else self.expected}"


def shapes_of(tensors: Mapping[str, torch.Tensor]) -> dict[str, Shape]:
    """The shape of each tensor, by name."""
    return {name: tuple(values.shape) for name, values in tensors.items()}


def mismatches(expected: Mapping[str, Shape], found: Mapping[str, Shape]) -> list[Mismatch]:
    """Every tensor that is missing, unexpected, or of another shape: in the network's order, then the file's."""
    return [
        Mismatch(name, found.get(name), expected.get(name))
        for name in dict.fromkeys((*expected, *found))
        if found.get(name) != expected.get(name)
    ]


def check_tensors(path: Path, model: nn.Module, tensors: Mapping[str, torch.Tensor]) -> None:
    """Refuse tensors that are not finite or not those of a model, which may be on the meta device.

    Raises:
        CheckpointError: A tensor is missing, unexpected, of another shape, or not finite.
    """
    for mismatch in mismatches(shapes_of(model.state_dict()), shapes_of(tensors)):
        raise CheckpointError(f"{path}: {mismatch}")
    check_finite(path, tensors)


def check_finite(path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """Refuse tensors with a value that is not finite.

    Raises:
        CheckpointError: The first such tensor.
    """
    for name, values in tensors.items():
        if not values.isfinite().all():
            raise CheckpointError(f"{path}: tensor {name!r} has a value that is not finite; expected finite numbers")
