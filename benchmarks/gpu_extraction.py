"""Extraction with the paper's backbones on a GPU, every frame: `python -m benchmarks.gpu_extraction`.

Prints clips per second, how busy the GPU was meanwhile (nvidia-smi), how long the 2,993,081 frames of Aff-Wild2 would
take at that rate on one GPU, and how far the features in bfloat16 lie from those in float32 on the CPU.
"""

from __future__ import annotations

import iaca  # noqa: F401  before torch: it says how threads wait

# isort: split
import argparse
import shutil
import subprocess
import tempfile
import threading
import time
from pathlib import Path

import numpy as np
import torch

from benchmarks.extraction import ROOT, random_backbone
from iaca.compute.devices import choose_device, device_label
from iaca.data.recordings import find_recordings
from iaca.features.extraction import extract

AFFWILD2_FRAMES = 2_993_081
COMPARED_STRIDE = 32
SAMPLE_S = 0.2


class Utilisation:
    """GPU utilisation in percent, sampled while this is open; empty without nvidia-smi."""

    def __init__(self, device: torch.device) -> None:
        self.percent: list[int] = []
        self._stopped = threading.Event()
        self._index = str(device.index or 0)
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Utilisation:
        if shutil.which("nvidia-smi"):
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join()

    def _sample(self) -> None:
        query = ["nvidia-smi", "-i", self._index, "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]
        while not self._stopped.wait(SAMPLE_S):
            self.percent.append(int(subprocess.run(query, capture_output=True, text=True, check=True).stdout))


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT / "demo", help="data root (default: the shown corpus)")
    parser.add_argument("--subject", default="strong-01")
    parser.add_argument("--clip-stride", type=int, default=1)
    parser.add_argument("--device")
    options = parser.parse_args()
    device = choose_device(options.device)
    recording = find_recordings(options.root).find(options.subject)
    with tempfile.TemporaryDirectory() as folder:
        named = (("visual", "r3d_18"), ("audio", "resnet18"))
        on_cpu, backbones = (
            [random_backbone(Path(folder), modality, architecture, place) for modality, architecture in named]
            for place in ("cpu", device)
        )
        extract(recording, *backbones, clip_stride=COMPARED_STRIDE)  # first calls are slow
        with Utilisation(device) as busy:
            begin = time.perf_counter()
            found = extract(recording, *backbones, clip_stride=options.clip_stride)
            took_s = time.perf_counter() - begin
        expected = extract(recording, *on_cpu, clip_stride=COMPARED_STRIDE)
    rate = len(found.frame) / took_s
    print(f"{recording.subject}, stride {options.clip_stride}, {device_label(device)}: {rate:.1f} clips/s")
    busy_text = f"{np.mean(busy.percent):.0f} %" if busy.percent else "unknown: no nvidia-smi"
    print(f"  GPU busy: {busy_text}")
    print(f"  {AFFWILD2_FRAMES:,} frames at that rate: {AFFWILD2_FRAMES / options.clip_stride / rate / 60:.1f} min")
    shared = np.isin(found.frame, expected.frame)
    for name in ("visual", "audio"):
        ours, theirs = getattr(found, name)[shared], getattr(expected, name)
        error = np.abs(ours - theirs).max() / np.abs(theirs).max()
        correlation = np.corrcoef(ours.ravel(), theirs.ravel())[0, 1]
        print(f"  {name} against float32 on the CPU: at most {error:.1e} of the largest, correlation {correlation:.6f}")


if __name__ == "__main__":
    main()
