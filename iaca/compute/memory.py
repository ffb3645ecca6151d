"""How much memory there is, and how much of it a value takes."""

from __future__ import annotations

import dataclasses
import os
import sys
from contextlib import suppress
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
import torch

CGROUPS = Path("/sys/fs/cgroup")


def memory_bytes(cgroups: Path = CGROUPS, own: Path = Path("/proc/self/cgroup")) -> int | None:
    """Memory that this process may use: that of the machine, or less where its container has a limit.

    Args:
        cgroups: Where Linux lists limits of containers and services.
        own: Where it says which of them hold for this process.

    Returns:
        Bytes; None where the system does not say.
    """
    found = []
    with suppress(AttributeError, ValueError, OSError):  # neither Linux nor macOS
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    try:
        lines = own.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    for line in lines:
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if controllers and "memory" not in controllers.split(","):
            continue
        kind, name = ("memory", "memory.limit_in_bytes") if controllers else ("", "memory.max")
        group = PurePosixPath(path.lstrip("/"))
        # A limit of any group above holds too. In a container the path may be that of the host, and the root its own.
        for folder in (group, *group.parents):
            try:
                found.append(int((cgroups / kind / folder / name).read_text()))
            except (OSError, ValueError):
                continue  # not there, or "max"
    return min((one for one in found if one > 0), default=None)


def size_of(value: Any) -> int:
    """Bytes of what a value holds: arrays, tensors, weights and tables, in tuples, lists, dicts and dataclasses.

    An object of this project may say so itself, as `nbytes`. What two of its parts share counts twice, and what is on a
    GPU counts as if it lay in the machine's memory.
    """
    if isinstance(value, (np.ndarray, torch.Tensor)):
        return value.nbytes
    if isinstance(value, torch.nn.Module):
        return sum(tensor.nbytes for tensor in (*value.parameters(), *value.buffers()))
    if isinstance(value, pd.DataFrame):
        return int(value.memory_usage(deep=False).sum())
    if isinstance(value, (tuple, list)):
        return sum(map(size_of, value))
    if isinstance(value, dict):
        return sum(map(size_of, value.values()))
    if dataclasses.is_dataclass(value):
        return sum(size_of(getattr(value, field.name)) for field in dataclasses.fields(value))
    ours = type(value).__module__.startswith("iaca.")
    if ours and hasattr(value, "nbytes"):
        return sys.getsizeof(value) + int(value.nbytes)
    return sys.getsizeof(value) + (size_of(getattr(value, "__dict__", {})) if ours else 0)
