"""Devices that tensors are computed on: a GPU where there is one, else the CPU."""

from __future__ import annotations

import ctypes
import os
import sys

import torch
from torch import nn

from iaca.errors import InputError

ENVIRONMENT_VARIABLE = "IACA_DEVICE"


class DeviceError(InputError):
    """A device that this machine does not have; the message names those it has."""


def available_devices() -> list[str]:
    """Names that `choose_device` accepts here, the preferred one first."""
    return [f"cuda:{i}" for i in range(torch.cuda.device_count())] + ["cpu"]


def choose_device(requested: str | None = None) -> torch.device:
    """The device asked for, else that of the environment variable IACA_DEVICE, else a GPU, else the CPU.

    Args:
        requested: "cpu", "cuda", "cuda:1", or None.

    Raises:
        DeviceError: It is not a device, or not one of this machine.
    """
    name = requested or os.environ.get(ENVIRONMENT_VARIABLE) or available_devices()[0]
    expected = ", ".join(available_devices())
    try:
        device = torch.device(name)
    except RuntimeError:
        raise DeviceError(f"device is {name!r}; expected one of: {expected}") from None
    if device.type == "cuda" and device.index is None and torch.cuda.is_available():
        device = torch.device("cuda:0")
    if str(device) not in available_devices():
        raise DeviceError(f"device is {name!r}, which this machine does not have; expected one of: {expected}")
    return device


def device_of(model: nn.Module) -> torch.device:
    """The device that a model is on. Functions that are given a model compute there."""
    return next(model.parameters()).device


def device_label(device: torch.device) -> str:
    """The name of a device on screen: that of the GPU, or "CPU" and its number of threads."""
    if device.type == "cuda":
        return torch.cuda.get_device_name(device)
    threads = torch.get_num_threads()
    return f"CPU ({threads} thread{'s' if threads > 1 else ''})"


def keep_freed_memory(limit: int | None = None) -> None:
    """Let glibc reuse large blocks of memory instead of returning them to the system after every step.

    Measured: without it, a visual training step spends a quarter of its time in page faults, and two threads that
    predict wait for each other there. Does nothing where the C library is not glibc.

    Args:
        limit: Bytes that a heap may keep; blocks above 32 MiB are then returned at once. None: everything is kept.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        m_trim_threshold, m_mmap_threshold, m_mmap_max = -1, -3, -4
        mallopt(m_trim_threshold, 2**31 - 1 if limit is None else limit)
        mallopt(*((m_mmap_max, 0) if limit is None else (m_mmap_threshold, 2**25)))
