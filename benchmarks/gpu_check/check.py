"""What all parts of the check share."""

from __future__ import annotations

import json
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

from iaca.files import write_whole

ROOT = Path(__file__).resolve().parent.parent.parent
PAPERS = (("visual", "r3d_18"), ("audio", "resnet18"))
"""Modality and the paper's backbone of it."""


class Check:
    """What all parts share: the device, the time left, and the numbers that they print.

    Args:
        device: What is checked.
        quick: Whether in little.
        budget_s: Seconds for all parts together.
        out: JSON file for the numbers; None: none.
    """

    def __init__(self, device: torch.device, quick: bool, budget_s: float, out: Path | None) -> None:
        self.device, self.quick, self.out = device, quick, out
        self.began, self.budget_s = time.perf_counter(), budget_s
        self.numbers: dict[str, list[dict[str, Any]]] = {}
        self.failed: list[str] = []

    @property
    def left_s(self) -> float:
        """Seconds left."""
        return self.budget_s - (time.perf_counter() - self.began)

    @property
    def devices(self) -> list[torch.device]:
        """The CPU and what is checked, once where they are one."""
        return list(dict.fromkeys((torch.device("cpu"), self.device)))

    def say(self, part: str, **values: Any) -> None:
        """Print a line of a part, and keep it."""
        self.numbers.setdefault(part, []).append(values)
        told = ", ".join(f"{k} {v:.4g}" if isinstance(v, float) else f"{k} {v}" for k, v in values.items())
        print(f"[{time.perf_counter() - self.began:4.0f} s] {part}: {told}", flush=True)
        if self.out is not None:
            write_whole(self.out, json.dumps(self.numbers, indent=1, default=str).encode())

    def wait(self) -> None:
        """Until the device has done what it was given."""
        if self.device.type == "cuda":
            torch.cuda.synchronize(self.device)

    def median_ms(self, work: Callable[[], Any], at_least: int = 3, seconds: float = 1.5) -> float:
        """Median time of a piece of work after a warm-up, on the device's clock."""
        work()
        times: list[float] = []
        began = time.perf_counter()
        while len(times) < at_least or (not self.quick and time.perf_counter() - began < seconds):
            self.wait()
            begin = time.perf_counter()
            work()
            self.wait()
            times.append(1000 * (time.perf_counter() - begin))
        return float(np.median(times))

    def peak_gb(self) -> float:
        """Most memory of the device that tensors had since the last call; NaN on a CPU."""
        if self.device.type != "cuda":
            return float("nan")
        peak = torch.cuda.max_memory_allocated(self.device) / 2**30
        torch.cuda.reset_peak_memory_stats(self.device)
        return peak

    def run(self, part: Part) -> None:
        """Run a part, unless the time left is too short for it; its failure is a line."""
        name = part.work.__name__
        if self.left_s < (0 if self.quick else part.needs_s):
            print(f"-- {name}: skipped, {self.left_s:.0f} s are left of the {part.needs_s} that it needs", flush=True)
            return
        try:
            part.work(self)
        except Exception as error:  # whatever it is, the other parts go on
            self.failed.append(name)
            print(f"!! {name} failed: {type(error).__name__}: {error}", flush=True)
            traceback.print_exc()


class Part(NamedTuple):
    """One part of the check.

    Attributes:
        work: What it does; its name is that of the part.
        needs_s: Seconds that must be left for it on a GPU.
    """

    work: Callable[[Check], None]
    needs_s: int
