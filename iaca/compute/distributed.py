"""Several processes that train one model, as torchrun starts them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import NamedTuple

import torch
from torch import nn
from torch.distributed import barrier, broadcast, destroy_process_group, init_process_group, is_initialized
from torch.nn.parallel import DistributedDataParallel

PATIENCE = timedelta(hours=24)
"""How long processes wait for one another where one of them may decode for hours. If one dies, all end at once."""

SHORT_PATIENCE = timedelta(minutes=30)
"""How long they wait where all of them do the same at the same time."""


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


def as_leader(value: float, device: torch.device) -> float:
    """The value that the first process has, where several train one model: what follows from it is the same in all.

    Processes that add in another order differ in the last digit, and one of them might stop where the others go on.

    Args:
        value: The value of this process, a float64; every process calls this with its own.
        device: Where this process computes.
    """
    if not is_initialized():
        return value
    shared = torch.tensor(value, dtype=torch.float64, device=device)
    broadcast(shared, 0)
    return shared.item()


def leads() -> bool:
    """Whether this process writes files and prints: the first one that torchrun started, or the only one."""
    return int(os.environ.get("RANK", "0")) == 0


@contextmanager
def worker(device: torch.device | str, patience: timedelta = PATIENCE) -> Iterator[Worker]:
    """Join the processes that torchrun started, or work alone.

    Args:
        device: Where to compute; with several processes on GPUs, each takes the one of its local rank.
        patience: How long this process waits for another before it gives up.

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
        init_process_group("nccl" if device.type == "cuda" else "gloo", timeout=patience)
    try:
        yield Worker(int(os.environ["RANK"]), world, device)
    finally:
        if not joined:
            destroy_process_group()
