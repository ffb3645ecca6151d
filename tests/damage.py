"""Damaged copies of files: bits that flipped, an end that is missing, a piece of zeros. The same in every run."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np


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
