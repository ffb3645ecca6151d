"""Files of networks: safetensors, with a header in JSON that says what they are."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

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
"""What a header says, and of what type it is; the second of fusion models only."""


def is_published(path: Path) -> bool:
    """Whether a file is one that torch saved (as the authors' are), by its first bytes: a ZIP or a pickle."""
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        start = file.read(9)
    is_safetensors = start[8:] == b"{"  # after a length of 8 bytes, whose first may be that of a pickle
    return not is_safetensors and (start[:2] == b"PK" or start[:1] == b"\x80")


def write_checkpoint_file(path: Path, model: nn.Module, header: dict[str, Any], dtype: torch.dtype) -> None:
    """Write a network and what is said of it, whole or not at all.

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
    """The header and the tensors of a file.

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


def check_tensors(path: Path, model: nn.Module, tensors: dict[str, torch.Tensor]) -> None:
    """Refuse tensors that are not those of a model, which may lie on the meta device, or not finite.

    Raises:
        CheckpointError: A tensor is missing, too many, of another shape, or not finite.
    """
    expected = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    found = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    for name in expected | found:  # in the order of the model: the message is the same every time
        if expected.get(name) != found.get(name):
            raise CheckpointError(
                f"{path}: tensor {name!r} is {found.get(name, 'missing')}; expected {expected.get(name, 'none')}"
            )
        if not tensors[name].isfinite().all():
            raise CheckpointError(f"{path}: tensor {name!r} has a value that is not finite; expected finite numbers")
