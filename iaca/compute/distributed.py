"""Several processes that train one model, as torchrun starts them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import NamedTuple

import torch
from torch import nn
from torch.distributed import barrier, destroy_process_group, init_process_group, is_initialized
from torch.nn.parallel import DistributedDataParallel

PATIENCE = timedelta(hours=24)
"""How long processes wait for one another: one of them may decode or score for hours. If one dies, all end at once."""


class Worker(NamedTuple):
    """This process, among those that train one model together.

    Attributes:
        rank: 0 to world - 1; 0 writes files and shows progress.
        world: Number of processes.
        device: Where this process computes.
    """

    rank: int
    world: int
    device: torch.device

    @property
    def leads(self) -> bool:
        """Whether this process writes files and shows progress."""
        return self.rank == 0

    def share(self, module: nn.Module) -> nn.Module:
        """Wrap a module so that its gradients are averaged over all processes, where there are several."""
        if self.world == 1:
            return module
        devices = [self.device.index] if self.device.type == "cuda" else None
        return DistributedDataParallel(module, device_ids=devices, find_unused_parameters=True)

    def wait(self) -> None:
        """Wait until every process has called this."""
        if self.world > 1:
            barrier()


def leads() -> bool:
    """Whether this process writes files and prints: the first one that torchrun started, or the only one."""
    return int(os.environ.get("RANK", "0")) == 0


@contextmanager
def worker(device: torch.device | str) -> Iterator[Worker]:
    """Join the processes that torchrun started, or work alone.

    Args:
        device: Where to compute; with several processes on GPUs, each takes the one of its local rank.

    Yields:
        This process.
    """
    device = torch.device(device)
    world = int(os.environ.get("WORLD_SIZE", "1"))
    if world == 1:
        yield Worker(0, 1, device)
        return
    if device.type == "cuda":
        device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
        torch.cuda.set_device(device)
    joined = is_initialized()
    if not joined:
        init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=PATIENCE)
    try:
        yield Worker(int(os.environ["RANK"]), world, device)
    finally:
        if not joined:
            destroy_process_group()
