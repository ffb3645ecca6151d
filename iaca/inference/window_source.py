"""Where the windows of a subject come from: the machine's memory, or a table on the device that computes."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from iaca.compute.devices import sent
from iaca.compute.kept_tables import KeptTables
from iaca.compute.threads import CPU
from iaca.types import Features

TABLES = KeptTables()
"""The features of subjects that are looked at, on the devices of their models."""


class WindowSource:
    """The windows of one subject on one device.

    On a GPU they are put together there, from a table that is sent once: a clip is in several windows, and a step of a
    slider changes only which of them are missing. A published network has 100 kB of features a clip.

    Args:
        features: The subject.
        device: Where the windows are needed.
        keep: Whether its table stays there, because the same subject is going to be asked for again.
    """

    def __init__(self, features: Features, device: torch.device, *, keep: bool) -> None:
        self._features = features
        self._device = device
        self._tables = TABLES if keep else KeptTables()

    def windows(self, modality: str, index: np.ndarray, dropped: np.ndarray) -> Tensor:
        """The features of a modality in windows, with missing clips replaced by the backbone's output for zeros.

        Args:
            modality: audio or visual.
            index: (B, L) clip at each place; -1 for an empty place.
            dropped: (T,) bool.

        Returns:
            (B, L, D_m) float32.
        """
        rows, last = getattr(self._features, modality), getattr(self._features, f"{modality}_zero")
        table = None if self._device == CPU else self._tables.get(rows, last, self._device)
        if table is None:
            return windows_of(self._features, modality, index, dropped).to(self._device)
        return table[sent(np.where((index < 0) | dropped[index], len(table) - 1, index), self._device)]


def windows_of(features: Features, modality: str, index: np.ndarray, dropped: np.ndarray) -> Tensor:
    """The windows of `WindowSource.windows`, put together in the machine's memory."""
    values = getattr(features, modality)[index]
    values[(index < 0) | dropped[index]] = getattr(features, f"{modality}_zero")
    return torch.from_numpy(values)
