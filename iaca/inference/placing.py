"""Models on the device that was asked for, or on the CPU where its memory does not hold them."""

from __future__ import annotations

import os

import torch

from iaca.checkpoints import Checkpoint, load_checkpoint
from iaca.compute.gpu_memory import as_fits


def load_where_it_fits(path: str | os.PathLike[str], device: torch.device | str) -> Checkpoint:
    """Read a fusion model as `load_checkpoint` does, to a device, or to the CPU where its memory is short.

    Raises:
        CheckpointError: As of `load_checkpoint`.
    """
    return as_fits(lambda place, _: load_checkpoint(path, place), torch.device(device), {"cuda": 1, "cpu": 1}, "models")
