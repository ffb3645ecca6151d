"""Reading files that torch saved, without running code from them."""

from __future__ import annotations

import os
import pickle
import re
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from iaca.checkpoints.pickles import NUMBERS, PickleError, check_pickles
from iaca.errors import CheckpointError
from iaca.headers import MOST_SHOWN

PREFIXES = ("module.", "_orig_mod.")
"""Prefixes that training on several GPUs and `torch.compile` put before every name."""

NAMES_SHOWN = 4

MOST_UNPACKED = 2**20
"""Bytes that a file may unpack to beyond its own size: torch stores tensors as they are."""

ADVICE = (
    ", and a weight file may hold only tensors and numbers; if it is your own, save it without that, else download it "
    "again"
)

_SCALAR = np.float64().__reduce__()[0]
"""NumPy's constructor of scalars, which it keeps in a private module."""

ALLOWED_GLOBALS: list[Any] = [
    (_SCALAR, "numpy.core.multiarray.scalar"),
    (_SCALAR, "numpy._core.multiarray.scalar"),
    np.dtype,
    *(type(np.dtype(number)) for number in NUMBERS),
]
"""What torch is told to allow besides tensors; `check_pickles` has looked at how a file uses it."""


class WeightFileError(CheckpointError):
    """A weight file that cannot be used: the message names the file, the reason, and what to do."""


def is_torch_file(path: Path) -> bool:
    """Whether torch saved a file, by its first bytes: a ZIP or a pickle."""
    if not os.path.isfile(path):
        return False
    with open(path, "rb") as file:
        start = file.read(9)
    is_safetensors = start[8:] == b"{"  # after a length of 8 bytes, whose first may be that of a pickle
    return not is_safetensors and (start[:2] == b"PK" or start[:1] == b"\x80")


def read_torch_file(path: Path) -> Any:
    """Read a file of tensors, numbers, and containers of these.

    Args:
        path: A file that `torch.save` wrote.

    Raises:
        WeightFileError: It is missing, damaged, holds what cannot be read without running code from it, unpacks to
            more than it is, or is made to take all memory or time.
    """
    _check_unpacked_size(path)
    try:
        check_pickles(path)
        with torch.serialization.safe_globals(ALLOWED_GLOBALS):
            return torch.load(path, map_location="cpu", weights_only=True)
    except PickleError as error:
        raise WeightFileError(f"{path} is refused: {error}{ADVICE}") from error
    except FileNotFoundError:
        raise WeightFileError(f"{path} does not exist; expected a weight file") from None
    except (IsADirectoryError, PermissionError) as error:
        raise WeightFileError(f"{path} cannot be read: {error.strerror}") from error
    except Exception as error:
        # A damaged pickle can raise anything, and all of it means the same.
        wanted = re.search(r"GLOBAL ([\w.]+)|unrecognized function (.+)|got <class '([\w.]+)'>", str(error))
        if isinstance(error, pickle.UnpicklingError) and wanted:
            needed = next(filter(None, wanted.groups()))
            raise WeightFileError(f"{path} is refused: reading it would need {needed}{ADVICE}") from error
        # Of torch's advice, which is to allow everything, only the reason is of use.
        reason = str(error).partition("WeightsUnpickler error: ")[2] or str(error) or type(error).__name__
        raise WeightFileError(
            f"{path} is damaged, cut short, or no weight file of torch ({reason.strip().splitlines()[0].strip()}); "
            "download it again from its authors"
        ) from error


def _check_unpacked_size(path: Path) -> None:
    """Refuse a ZIP that unpacks to more than its size, as one does that is made to fill the memory.

    Raises:
        WeightFileError: It does.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError):
        return  # missing, damaged, or of the older form, a bare pickle: the reader says so
    size = path.stat().st_size
    if unpacked > size + MOST_UNPACKED:
        raise WeightFileError(
            f"{path} has {size:,} bytes and unpacks to {unpacked:,}; expected a file in which torch stored tensors as "
            "they are; download it again from its authors"
        )


def as_state_dict(content: Any) -> dict[str, Tensor] | None:
    """The state dict that some content is, without `PREFIXES` and gradients; None if it is something else."""
    if not isinstance(content, Mapping):
        return None
    if not all(isinstance(name, str) and isinstance(values, Tensor) for name, values in content.items()):
        return None
    state_dict = {name: values.detach() for name, values in content.items()}
    while prefix := next((p for p in PREFIXES if state_dict and all(name.startswith(p) for name in state_dict)), None):
        state_dict = {name.removeprefix(prefix): values for name, values in state_dict.items()}
    return state_dict


def listed(names: Iterable[object]) -> str:
    """The first few names, and how many more there are."""
    every = list(names)
    if not every:
        return "nothing"
    left = len(every) - NAMES_SHOWN
    shown = ", ".join(str(name)[:MOST_SHOWN] for name in every[:NAMES_SHOWN])
    return shown + (f" and {left} more" if left > 0 else "")
