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

from iaca.compute.devices import device_label

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
        here: What computes: the GPU, or the threads of a CPU, and the version of torch.
        places: What has computed, in order; several where the training was stopped and taken up again elsewhere.
        reasons: Why it does not, up to now.
    """

    def __init__(self, device: torch.device, reasons: list[str]) -> None:
        self.here = f"{device_label(device)} with torch {torch.__version__}"
        self.places: list[str] = []
        self.reasons = reasons

    def note_place(self) -> None:
        """Note that something was computed here."""
        self.places = list(dict.fromkeys([*self.places, self.here]))

    def report(self) -> dict[str, Any]:
        """`computed_on`: the places; `exact`: whether the same training there ends with the same bits; `why_not` says
        what stands in the way."""
        moved = [f"it was computed on {' and then on '.join(self.places)}"] if len(self.places) > 1 else []
        why_not = [*self.reasons, *moved]
        return {"computed_on": self.places, "exact": not why_not, "why_not": "; ".join(why_not)}


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
