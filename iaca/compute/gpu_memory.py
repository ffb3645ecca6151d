"""Work that the memory of a GPU may not hold: less of it at a time, then on the CPU, and said in a sentence."""

from __future__ import annotations

import copy
import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import NamedTuple, TypeVar

import torch
from torch import nn

from iaca.compute.threads import CPU
from iaca.errors import InputError, is_out_of_memory

RETRY_S = 600.0
"""How long a smaller number at a time is kept to: whatever else took the memory may be gone then."""

LEAST = 2
"""The smallest batch that is tried: agreement with one clip is not defined."""

Result = TypeVar("Result")
Module = TypeVar("Module", bound=nn.Module)

_log = logging.getLogger(__name__)


class ShortMemoryError(InputError):
    """A step of training that a GPU's memory does not hold: the message says what does, and what to do."""


class _Shortage(NamedTuple):
    at_once: int
    sentence: str
    since_s: float


_shortages: dict[tuple[torch.device, str], _Shortage] = {}
_lock = threading.Lock()


def as_fits(
    work: Callable[[torch.device, int], Result], device: torch.device, at_once: Mapping[str, int], unit: str
) -> Result:
    """Do work with as much at a time as the device's memory holds, and where that is nothing, on the CPU.

    Where the memory runs out, the work begins anew with half as much. The smaller number is kept to for `RETRY_S`, so
    that the next call does not run out again; each change is logged as a warning.

    Args:
        work: Called with a device and how much to do at a time there, at least 1; with the CPU it must take a model
            from `on_cpu`.
        device: Where it is done.
        at_once: Type of device -> how much at a time there where memory is not short.
        unit: What is counted, in the plural.

    Returns:
        What `work` returned; up to rounding the same however much at a time.

    Raises:
        Exception: What `work` raised that has nothing to do with memory.
    """
    most = at_once[device.type]
    number = _known(device, unit, most)
    while number:
        try:
            return work(device, number)
        except RuntimeError as error:
            if device == CPU or not is_out_of_memory(error):
                raise
        # Outside the handler: the error holds on to every tensor of the attempt.
        number = _less(device, unit, number, most)
    return work(CPU, at_once[CPU.type])


def free_gpu_bytes(device: torch.device) -> int:
    """Memory of a GPU that this process can take: what is free and not beyond its share, and what torch keeps for it
    and does not use."""
    free, total = torch.cuda.mem_get_info(device)
    reserved = torch.cuda.memory_reserved(device)
    share = int(torch.cuda.get_per_process_memory_fraction(device) * total)
    return max(0, min(free, share - reserved)) + reserved - torch.cuda.memory_allocated(device)


def shortages() -> list[str]:
    """A sentence for each thing that is done with less at a time, or on the CPU, because memory is short."""
    with _lock:
        return [one.sentence for one in _shortages.values() if _holds(one)]


def forget_shortages() -> None:
    """Begin again with as much at a time as there may be."""
    with _lock:
        _shortages.clear()


def is_short(device: torch.device) -> bool:
    """Whether something is done with less at a time on a device, or on the CPU in its place."""
    with _lock:
        return any(_holds(one) for (where, _), one in _shortages.items() if where == device)


def on_cpu(model: Module) -> Module:
    """A copy of a model on the CPU, made without any memory of its device."""
    memo: dict[int, object] = {}
    for parameter in model.parameters():
        memo[id(parameter)] = nn.Parameter(parameter.detach().to(CPU, copy=True), parameter.requires_grad)
    for buffer in model.buffers():
        memo[id(buffer)] = buffer.detach().to(CPU, copy=True)
    return copy.deepcopy(model, memo)


def step_or_what_fits(
    step: Callable[[], Result], attempt: Callable[[int], object] | None, size: int, unit: str, option: str
) -> Result:
    """Do a step of training; where the memory runs out, find out what would fit, and stop.

    Choice: a batch is not halved in silence. The CCC is no sum over the clips of a batch, so gradients of halves do not
    add up to its own. They could be had in two passes; but dropout draws other masks for halves, and batch norm takes
    its statistics over what it is given, so that the step would be another one all the same.

    Args:
        step: The step.
        attempt: Computes the gradients of the first n of the batch, to see whether they fit; None: nobody tries.
        size: How much is in the batch.
        unit: What is counted, in the plural.
        option: What makes batches smaller on the command line; what fits is added to it.

    Raises:
        ShortMemoryError: The memory ran out.
    """
    try:
        return step()
    except RuntimeError as error:
        if not is_out_of_memory(error):
            raise
        said = str(error).split(". ")[0]
    fits = 0 if attempt is None else _largest(attempt, size // 2)
    if fits:
        advice = f"{fits} would: train with {option}={fits}, which is another training, or"
    elif attempt:
        advice = f"not even {LEAST} do: free memory of the GPU, or"
    else:
        advice = "each process has its share of a batch: use more of them, or"
    raise ShortMemoryError(
        f"a batch of {size} {unit} does not fit the GPU's memory ({said}); {advice} go on with --device cpu"
    )


def _largest(attempt: Callable[[int], object], size: int) -> int:
    """The first of size, size / 2, ... that fits; 0 where none does."""
    while size >= LEAST:
        torch.cuda.empty_cache()
        try:
            attempt(size)
        except RuntimeError as error:
            if not is_out_of_memory(error):
                raise
        else:
            return size
        size //= 2
    return 0


def _holds(shortage: _Shortage) -> bool:
    return time.monotonic() - shortage.since_s < RETRY_S


def _known(device: torch.device, unit: str, most: int) -> int:
    with _lock:
        known = _shortages.get((device, unit))
        return most if known is None or not _holds(known) else min(known.at_once, most)


def _less(device: torch.device, unit: str, number: int, most: int) -> int:
    """Half the number; freed memory is given back first, so that others of the process find it in one piece."""
    torch.cuda.empty_cache()
    half = number // 2
    sentence = (
        f"The memory of the GPU {device} holds fewer than {most} {unit}: {half} at a time are computed, more slowly."
        if half
        else f"The memory of the GPU {device} does not hold any {unit}: they are computed on the CPU."
    )
    with _lock:
        known = _shortages.get((device, unit))
        _shortages[device, unit] = _Shortage(half, sentence, time.monotonic())
    if known is None or known.sentence != sentence:
        _log.warning(sentence)
    return half
