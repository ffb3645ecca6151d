"""Tables that stay on a GPU from call to call: what does not change is sent there once."""

from __future__ import annotations

import threading
import weakref
from collections import OrderedDict
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from iaca.compute.gpu_memory import is_short
from iaca.errors import is_out_of_memory

SHARE = 4
"""Kept tables take at most one part in so many of a GPU's memory."""

ELSEWHERE_BYTES = 2**30
"""What they take at most on a device that does not say how much memory it has."""


class _Kept(NamedTuple):
    rows: weakref.ref[np.ndarray]
    last: weakref.ref[np.ndarray]
    table: Tensor


class KeptTables:
    """Tables by the arrays that they were made of; those used longest ago go first.

    An array that is gone takes its tables with it. Arrays must not be changed while they are in use.
    """

    def __init__(self) -> None:
        self._kept: OrderedDict[tuple[int, int, torch.device], _Kept] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def nbytes(self) -> int:
        """What all tables take."""
        with self._lock:
            return sum(one.table.nbytes for one in self._kept.values())

    def get(self, rows: np.ndarray, last: np.ndarray, device: torch.device) -> Tensor | None:
        """The rows and one more on a device, sent there unless they are.

        Args:
            rows: (T, D) float32.
            last: (D,) float32, the last row.
            device: Where.

        Returns:
            (T + 1, D), which nobody may write to; None where the device's memory is too short to keep it.
        """
        key = id(rows), id(last), device
        with self._lock:
            self._forget_those_that_are_gone()
            if is_short(device):
                self._kept.clear()
                return None
            known = self._kept.get(key)
            if known is not None:
                self._kept.move_to_end(key)
                return known.table
            most = budget_bytes(device)
            size = rows.nbytes + last.nbytes
            if size > most:
                return None
            taken = sum(one.table.nbytes for one in self._kept.values())
            while self._kept and taken + size > most:
                taken -= self._kept.popitem(last=False)[1].table.nbytes
            try:
                table = send_table(rows, last, device)
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
                self._kept.clear()
                return None
            self._kept[key] = _Kept(weakref.ref(rows), weakref.ref(last), table)
            return table

    def _forget_those_that_are_gone(self) -> None:
        for key in [key for key, one in self._kept.items() if one.rows() is None or one.last() is None]:
            del self._kept[key]


def budget_bytes(device: torch.device) -> int:
    """Bytes that kept tables may take on a device."""
    if device.type != "cuda":
        return ELSEWHERE_BYTES
    return int(torch.cuda.get_device_properties(device).total_memory) // SHARE


def send_table(rows: np.ndarray, last: np.ndarray, device: torch.device) -> Tensor:
    """Rows and one more on a device: (T, D) and (D,) -> (T + 1, D)."""
    table = torch.empty(len(rows) + 1, rows.shape[1])
    table.numpy()[:-1], table.numpy()[-1] = rows, last  # torch warns of arrays that cannot be written to
    return table.to(device)
