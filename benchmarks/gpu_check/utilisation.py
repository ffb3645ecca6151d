"""How busy a GPU is, sampled beside the work."""

from __future__ import annotations

import shutil
import subprocess
import threading

import numpy as np
import torch

SAMPLE_S = 0.2


class Utilisation:
    """GPU utilisation in percent, sampled while this is open; nothing on a CPU or without nvidia-smi."""

    def __init__(self, device: torch.device) -> None:
        self.percent: list[int] = []
        self._there = device.type == "cuda" and shutil.which("nvidia-smi") is not None
        self._stopped = threading.Event()
        self._index = str(device.index or 0)
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Utilisation:
        if self._there:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    @property
    def mean(self) -> float:
        """Mean, in percent; NaN where nothing was sampled."""
        return float(np.mean(self.percent)) if self.percent else float("nan")

    def _sample(self) -> None:
        query = ["nvidia-smi", "-i", self._index, "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]
        while not self._stopped.wait(SAMPLE_S):
            self.percent.append(int(subprocess.run(query, capture_output=True, text=True, check=True).stdout))
