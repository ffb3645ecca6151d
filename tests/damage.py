"""Damaged copies of files: bits that flipped, an end that is missing, a piece of zeros. The same in every run."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from safetensors import safe_open
from safetensors.torch import save

from iaca.headers import CHECKSUM, with_checksum


def damaged_copies(path: Path, folder: Path, count: int, seed: int = 0) -> Iterator[Path]:
    """Write and yield copies of a file, each damaged in another way, most of them near its beginning or its end.

    Args:
        path: The file.
        folder: Where the copies go.
        count: How many.
        seed: Of the damage.
    """
    content = path.read_bytes()
    for k in range(count):
        draw = np.random.default_rng([seed, k])
        copy = bytearray(content)
        reach = len(copy) if draw.random() < 0.3 else min(len(copy), 2000)
        start = int(draw.integers(reach))
        if draw.random() < 0.3:
            start = len(copy) - 1 - start
        kind = k % 4
        if kind == 0:
            del copy[start:]
        elif kind == 1:
            copy[start : start + int(draw.integers(1, 200))] = b""
        elif kind == 2:
            end = min(len(copy), start + int(draw.integers(1, 64)))
            copy[start:end] = bytes(end - start)
        else:
            for place in np.clip(start + draw.integers(-200, 200, int(draw.integers(1, 12))), 0, len(copy) - 1):
                copy[place] ^= 1 << int(draw.integers(8))
        target = folder / f"{k:03d}{path.suffix}"
        target.write_bytes(copy)
        yield target


def rewritten(path: Path, target: Path, change: Callable[[dict, dict], object], *, checked: bool = True) -> Path:
    """A copy of a feature file or checkpoint with another header or other tensors.

    Args:
        path: The file.
        target: The copy.
        change: Called with the fields of the header and the tensors, as torch has them; what it returns does not count.
        checked: Whether the copy has a checksum that agrees with it; without one nothing tells that it is another.

    Returns:
        The copy.
    """
    with safe_open(path, "pt") as file:
        tensors, metadata = {k: file.get_tensor(k) for k in file.keys()}, dict(file.metadata())  # noqa: SIM118
    ((key, text),) = metadata.items()
    header = {name: value for name, value in json.loads(text).items() if name != CHECKSUM}
    change(header, tensors)
    stored = {name: tensor.numpy() for name, tensor in tensors.items()}
    target.write_bytes(save(tensors, {key: with_checksum(header, stored) if checked else json.dumps(header)}))
    return target
