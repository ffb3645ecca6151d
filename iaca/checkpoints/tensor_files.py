"""Safetensors files of networks, with a JSON header that describes them."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import nn

import iaca
from iaca.config import MODALITIES
from iaca.errors import CheckpointError
from iaca.files import write_whole
from iaca.headers import HeaderError, are_backbones, damage, parse_json, shortened, with_checksum

FORMAT_VERSION = 2
"""Of the files that are written. Those of version 1, which iaca 0.1.0 wrote, need not carry a checksum."""

HEADER_KEY = "iaca"
FUSION = "fusion"
BACKBONE = "backbone"

HEADER_FIELDS = {"kind": str, "created_by": str, "config": dict, "training": dict}
FUSION_FIELDS = {"plugin": str | None, "backbones": dict, "scores": dict}
"""Fields of a header and their types; the second only for fusion models."""

STORED_TYPES = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
"""Types of numbers that a weight may be stored in."""

LARGEST_WEIGHT = 1e9
"""Largest size of a weight: training that gives larger ones has failed."""


def write_checkpoint_file(path: Path, model: nn.Module, header: dict[str, Any], dtype: torch.dtype) -> None:
    """Write a network and its header, whole or not at all.

    Args:
        path: The file, ending in .safetensors.
        model: Whose state goes in.
        header: The fields of `HEADER_FIELDS` but `created_by`, and for a fusion model those of `FUSION_FIELDS`.
        dtype: How weights are stored.

    Raises:
        CheckpointError: A weight is not finite or beyond `LARGEST_WEIGHT`, as after training that failed.
        OSError: The file cannot be written; nothing is left of it.
    """
    header = {"format_version": FORMAT_VERSION, "created_by": f"iaca {iaca.__version__}", **header}
    tensors = {
        name: (tensor.to(dtype) if tensor.is_floating_point() else tensor).detach().cpu().contiguous()
        for name, tensor in model.state_dict().items()
    }
    check_values(path, tensors)
    write_whole(path, save(tensors, {HEADER_KEY: with_checksum(header, _bytes_of(tensors))}))


def read_checkpoint_file(path: Path) -> tuple[dict[str, Any], dict[str, torch.Tensor]]:
    """Read the header and the tensors of a file.

    Raises:
        CheckpointError: It is missing, damaged, of a newer version, or a field of its header is missing or has another
            shape.
    """
    if not os.path.isfile(path):
        found = "is no file" if path.exists() else "does not exist"
        raise CheckpointError(f"{path} {found}; expected a checkpoint (.safetensors)")
    try:
        with safe_open(path, framework="pt") as file:
            metadata = file.metadata() or {}
            if HEADER_KEY not in metadata:
                raise CheckpointError(
                    f"{path} has no {HEADER_KEY!r} header; expected a checkpoint written by this project"
                )
            header = _header(path, metadata[HEADER_KEY])
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118  not a mapping
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} is damaged or no safetensors file ({error}); expected a whole one") from error
    found = damage(header, _bytes_of(tensors), must_have=header["format_version"] > 1)
    if found:
        raise CheckpointError(f"{path} is damaged: {found}; expected what was written: copy it again")
    return header, tensors


def _bytes_of(tensors: Mapping[str, torch.Tensor]) -> dict[str, np.ndarray]:
    """Name -> (n,) uint8, the bytes of a tensor as they are stored, which it shares; NumPy does not know bfloat16."""
    return {name: values.reshape(-1).view(torch.uint8).numpy() for name, values in tensors.items()}


def _header(path: Path, text: str) -> dict[str, Any]:
    try:
        header = parse_json(text)
    except HeaderError as error:
        raise CheckpointError(f"{path} has a damaged {HEADER_KEY!r} header ({error}); expected JSON") from error
    version = header.get("format_version") if isinstance(header, dict) else None
    if type(version) is not int or version < 1:
        raise CheckpointError(
            f"{path} has format version {shortened(version)}; expected a whole number up to {FORMAT_VERSION}"
        )
    if version > FORMAT_VERSION:
        raise CheckpointError(
            f"{path} has format version {version} ({header.get('created_by')}); this is iaca {iaca.__version__}, which "
            f"reads up to {FORMAT_VERSION}: update it"
        )
    for name, kind in (HEADER_FIELDS | (FUSION_FIELDS if header.get("kind") == FUSION else {})).items():
        if not isinstance(header.get(name), kind):
            raise CheckpointError(
                f"{path}: {name!r} of the header is {shortened(header.get(name))}; "
                f"expected {getattr(kind, '__name__', kind)}"
            )
    if header["kind"] not in (FUSION, BACKBONE):
        raise CheckpointError(f"{path} is a {shortened(header['kind'])}; expected {FUSION!r} or {BACKBONE!r}")
    if not are_backbones(header.get("backbones", {})):
        raise CheckpointError(
            f"{path}: 'backbones' of the header is {shortened(header['backbones'])}; expected name and sha256 of each"
        )
    missing = [modality for modality in MODALITIES if modality not in header.get("backbones", {})]
    if header["kind"] == FUSION and missing:
        raise CheckpointError(f"{path}: {unnamed_backbones(missing)}")
    if not isinstance(header["training"].get("settings", {}), dict):
        raise CheckpointError(f"{path}: 'settings' of its training is no dict; expected names and values")
    return header


def unnamed_backbones(missing: Sequence[str]) -> str:
    """What is said of a fusion model that does not name the backbones whose features it takes."""
    return (
        f"'backbones' of the header names none for {' and '.join(missing)}; expected name and sha256 of the backbones "
        "whose features the model was trained on, without which nobody can tell whether others fit it"
    )


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
    """Refuse tensors that are not those of a model, which may be on the meta device, or whose values cannot be.

    Raises:
        CheckpointError: A tensor is missing, unexpected, of another shape or type, or has a value that is not finite or
            beyond `LARGEST_WEIGHT`.
    """
    state = model.state_dict()
    for mismatch in mismatches(shapes_of(state), shapes_of(tensors)):
        raise CheckpointError(f"{path}: {mismatch}")
    for name, values in tensors.items():
        wanted = STORED_TYPES if state[name].is_floating_point() else (state[name].dtype,)
        if values.dtype not in wanted:
            raise CheckpointError(
                f"{path}: tensor {name!r} is {_type_name(values.dtype)}; expected {', '.join(map(_type_name, wanted))}"
            )
    check_values(path, tensors)


def check_values(path: Path, tensors: Mapping[str, torch.Tensor]) -> None:
    """Refuse weights with a value that is not finite, or larger than any that training gives.

    Raises:
        CheckpointError: The first such tensor.
    """
    for name, values in tensors.items():
        if not values.is_floating_point() or not values.numel():
            continue
        largest = float(values.abs().max())  # NaN where any value is
        if not math.isfinite(largest):
            raise CheckpointError(f"{path}: tensor {name!r} has a value that is not finite; expected finite numbers")
        if largest > LARGEST_WEIGHT:
            raise CheckpointError(
                f"{path}: tensor {name!r} has a value of {largest:.3g}; expected at most {LARGEST_WEIGHT:g}"
            )


def _type_name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix("torch.")
