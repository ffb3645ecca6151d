"""Devices that tensors are computed on: a GPU where there is one, else the CPU."""

from __future__ import annotations

import ctypes
import logging
import os
import re
import sys
import warnings
from functools import cache
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from iaca.errors import InputError

ENVIRONMENT_VARIABLE = "IACA_DEVICE"

_log = logging.getLogger(__name__)


class DeviceError(InputError):
    """A device that this machine does not have; the message names those it has."""


class Gpus(NamedTuple):
    """The GPUs that torch can compute on.

    Attributes:
        number: How many.
        problem: Why there is none, in a sentence; "" where there are some.
    """

    number: int
    problem: str


@cache
def find_gpus() -> Gpus:
    """Ask torch whether it can compute on a GPU, once in a process.

    torch counts GPUs through NVML, which also counts those that a driver older than torch's CUDA cannot start; only
    `torch.cuda.is_available` asks CUDA itself.
    """
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        if torch.cuda.is_available():
            return Gpus(torch.cuda.device_count(), "")
    problem = _why_no_gpu(" ".join(str(one.message) for one in told))
    _log.info("no GPU: %s", problem)
    return Gpus(0, problem)


def _why_no_gpu(told: str) -> str:
    """One sentence from what torch was built for and what it said."""
    built = torch.version.cuda
    if built is None and torch.version.hip is None:
        return f"torch {torch.__version__} is built for the CPU alone; its build with CUDA would use a GPU"
    old = re.search(r"driver on your system is too old \(found version (\d+)\)", told)
    if old:
        has = f"{int(old[1]) // 1000}.{int(old[1]) % 1000 // 10}"
        return (
            f"The driver of the GPU knows CUDA {has}, and torch {torch.__version__} is built for CUDA {built}; update "
            f"the driver, or install torch built for CUDA {has} or older"
        )
    if os.environ.get("CUDA_VISIBLE_DEVICES", "all").strip() in ("", "-1"):
        return "CUDA_VISIBLE_DEVICES hides every GPU; unset it"
    if "no NVIDIA driver" in told or not told:
        return "No NVIDIA driver was found; a GPU needs one"
    return told.split(" (Triggered internally")[0].strip()


def available_devices() -> list[str]:
    """Names that `choose_device` accepts here, the preferred one first."""
    return [f"cuda:{i}" for i in range(find_gpus().number)] + ["cpu"]


def choose_device(requested: str | None = None) -> torch.device:
    """The device asked for, else that of the environment variable IACA_DEVICE, else a GPU, else the CPU.

    Args:
        requested: "cpu", "cuda", "cuda:1", or None.

    Raises:
        DeviceError: It is not a device, or not one of this machine.
    """
    name = requested
    if name is None:
        name = os.environ.get(ENVIRONMENT_VARIABLE) or available_devices()[0]
    expected = ", ".join(available_devices())
    try:
        device = torch.device(name)
    except RuntimeError:
        raise DeviceError(f"device is {name!r}; expected one of: {expected}") from None
    gpus = find_gpus()
    if device.type == "cuda" and device.index is None and gpus.number:
        device = torch.device("cuda:0")
    if str(device) not in available_devices():
        reason = f" ({gpus.problem})" if device.type == "cuda" and gpus.problem else ""
        raise DeviceError(f"device is {name!r}, which this machine does not have{reason}; expected one of: {expected}")
    return device


def choose_devices(requested: str | None = None) -> list[torch.device]:
    """The devices for work that several can share: as `choose_device`, but all GPUs where none is named.

    Raises:
        DeviceError: As of `choose_device`.
    """
    first = choose_device(requested)
    if first.type == "cpu" or requested or os.environ.get(ENVIRONMENT_VARIABLE):
        return [first]
    return [torch.device("cuda", number) for number in range(find_gpus().number)]


def device_of(model: nn.Module) -> torch.device:
    """The device that a model is on. Functions that are given a model compute there."""
    return next(model.parameters()).device


def sent(array: np.ndarray, device: torch.device) -> torch.Tensor:
    """An array on a device. A GPU is not waited for: its copy is made from memory that stays in its place."""
    tensor = torch.from_numpy(array)
    if device.type != "cuda":
        return tensor.to(device)
    with torch.cuda.device(device):  # else pinned memory would start CUDA on the first GPU too
        return tensor.pin_memory().to(device, non_blocking=True)


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
