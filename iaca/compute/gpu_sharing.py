"""Several processes that read and compute on one GPU: how many suit it, and how much of its memory each takes."""

from __future__ import annotations

import os

import torch

from iaca.compute.memory import memory_bytes

CORES_EACH = 2
"""Cores that a process keeps at work beside the GPU: one reads pictures and crops them, one reads sound and hands
batches over."""

BYTES_EACH = 4 * 2**30
"""Memory of the machine that a process takes at most, libraries for GPUs among it."""

MOST_PROCESSES = 8
"""On one GPU: further ones would only cost memory there."""


def processes_for(device: torch.device) -> int:
    """Processes that suit a device, where each reads what it computes.

    Choice: a CPU has one, whose network takes every core. A GPU waits for what is read, so it has one for every
    `CORES_EACH` cores: at least two, since the next subject is then prepared while one is computed, as far as the
    machine's memory goes.

    Args:
        device: Where the networks run.

    Returns:
        At least 1.
    """
    if device.type == "cpu":
        return 1
    memory = memory_bytes()
    by_cores = max(2, (os.cpu_count() or 1) // CORES_EACH)
    by_memory = by_cores if memory is None else memory // BYTES_EACH
    return max(1, min(by_cores, by_memory, MOST_PROCESSES))


def take_share(device: torch.device, share: float) -> None:
    """Let this process take no more than a share of a GPU's memory; a CPU is not shared out.

    Args:
        device: The device.
        share: Above 0, at most 1.
    """
    if device.type == "cuda" and share < 1:
        torch.cuda.set_per_process_memory_fraction(share, device)
