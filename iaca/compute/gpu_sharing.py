"""Several processes that read and compute on GPUs: how many suit them, and what each sees and takes of one."""

from __future__ import annotations

import os
from collections.abc import Sequence

import torch

from iaca.compute.memory import memory_bytes

CORES_EACH = 2
"""Cores that a process keeps at work beside the GPU: one reads pictures and crops them, one reads sound and hands
batches over."""

BYTES_EACH = 4 * 2**30
"""Memory of the machine that a process takes at most, libraries for GPUs among it."""

MOST_PROCESSES = 8
"""On each GPU: further ones would only cost memory there."""


def processes_for(devices: Sequence[torch.device]) -> int:
    """Processes that suit devices, where each reads what it computes.

    Choice: a CPU has one, whose network takes every core. GPUs wait for what is read, so there is one for every
    `CORES_EACH` cores: at least two for each GPU, since the next subject is then prepared while one is computed, as far
    as the machine's memory goes.

    Args:
        devices: Where the networks run: the CPU, or GPUs.

    Returns:
        At least 1.
    """
    if devices[0].type == "cpu":
        return 1
    memory = memory_bytes()
    by_cores = max(2 * len(devices), (os.cpu_count() or 1) // CORES_EACH)
    by_memory = by_cores if memory is None else memory // BYTES_EACH
    return max(1, min(by_cores, by_memory, MOST_PROCESSES * len(devices)))


def alone(devices: Sequence[torch.device]) -> list[dict[str, str]]:
    """Variables with which a process sees one GPU alone, as cuda:0, for each of several GPUs of this process."""
    seen = os.environ.get("CUDA_VISIBLE_DEVICES")
    names = seen.split(",") if seen else None
    return [{"CUDA_VISIBLE_DEVICES": names[one.index].strip() if names else str(one.index)} for one in devices]


def take_share(device: torch.device, share: float) -> None:
    """Let this process take no more than a share of a GPU's memory; a CPU is not shared out.

    Args:
        device: The device.
        share: Above 0, at most 1.
    """
    if device.type == "cuda" and share < 1:
        torch.cuda.set_per_process_memory_fraction(share, device)
