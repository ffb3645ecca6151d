"""Training that repeats itself to the last bit on a GPU, and what is said where it does not."""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

WORKSPACE = "CUBLAS_WORKSPACE_CONFIG"
"""Variable that gives cuBLAS a workspace of its own for each stream; it is read once, as CUDA starts."""

FIXED_WORKSPACES = (":4096:8", ":16:8")
"""Values of it with which products repeat themselves. `iaca` sets the first where it is imported before torch."""

_UNREPEATABLE = re.compile(
    r"(\w+) does not have a deterministic implementation|operation is not deterministic|non-deterministic algorithm"
)


class Repetition:
    """Whether a training repeats itself, as its report tells it.

    Attributes:
        device: Type of the device it computes on.
        reasons: Why it does not, up to now.
    """

    def __init__(self, device: torch.device, reasons: list[str]) -> None:
        self.device = device
        self.reasons = reasons

    def report(self) -> dict[str, Any]:
        """`exact`: whether the same training there, with the same versions, ends with the same bits; `why_not` says
        what stands in the way."""
        return {"device": self.device.type, "exact": not self.reasons, "why_not": "; ".join(self.reasons)}


@contextmanager
def repeatable(device: torch.device, processes: int) -> Iterator[Repetition]:
    """Let torch compute a training on a GPU so that it repeats itself: sums in a fixed order, no choice by the clock.

    An operation without such a kernel, as a fusion of one's own may have, is not refused: it is noted. On a CPU
    nothing is changed; there a training repeats itself with the same number of threads.

    Args:
        device: Where the training computes.
        processes: Processes that train together: their sums may be made in another order after a run is taken up again.

    Yields:
        What is known of it so far; at the end, all that is.
    """
    reasons = [] if processes == 1 else [f"{processes} processes add up their gradients"]
    if device.type == "cpu":
        yield Repetition(device, reasons)
        return
    if os.environ.get(WORKSPACE) not in FIXED_WORKSPACES:
        reasons.append(f"{WORKSPACE} is {os.environ.get(WORKSPACE)!r}; expected {' or '.join(FIXED_WORKSPACES)}")
    was = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    filled, benchmark = torch.utils.deterministic.fill_uninitialized_memory, torch.backends.cudnn.benchmark  # type: ignore[attr-defined]
    # Of attention, torch says only once in a process that its fused kernels add in any order: none of them is used.
    with warnings.catch_warnings(), sdpa_kernel(SDPBackend.MATH):
        shown = warnings.showwarning

        def note(message: Any, *about: Any, **more: Any) -> None:
            found = _UNREPEATABLE.search(str(message))
            if found is None:
                shown(message, *about, **more)
            elif (reason := f"{found[1] or 'an operation'} adds in any order") not in reasons:
                reasons.append(reason)

        warnings.filterwarnings("always", ".*deterministic")
        warnings.showwarning = note
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.utils.deterministic.fill_uninitialized_memory = False  # type: ignore[attr-defined]  # it would cost time
        torch.backends.cudnn.benchmark = False
        try:
            yield Repetition(device, reasons)
        finally:
            torch.use_deterministic_algorithms(was[0], warn_only=was[1])
            torch.utils.deterministic.fill_uninitialized_memory = filled  # type: ignore[attr-defined]
            torch.backends.cudnn.benchmark = benchmark
