"""Time from features to Trace for every shipped model, 8,012 frames: `python -m benchmarks.fusion_inference`.

Each line: fastest run of `infer` in torch and in ONNX Runtime, in turn: wall and processor time, their ratio, and the
largest difference of any column. Models are exported first, unless `--onnx` names a folder that has them from before.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import iaca  # noqa: F401  # isort: skip  before torch, or its threads spin while they wait

import numpy as np
import torch

from iaca.checkpoints import load_checkpoint
from iaca.checkpoints.onnx_files import OnnxNetwork, export_onnx, is_exportable
from iaca.clips import clip_ends
from iaca.config import TARGETS
from iaca.errors import InputError
from iaca.inference import infer
from iaca.resources import shipped
from iaca.types import EXPLANATION_COLUMNS, Features, Trace

FRAMES = 8012
DIM = 128
RUNS = 7


def make_features(clip_stride: int, frames: int = FRAMES) -> Features:
    """A subject with random features."""
    draw = np.random.default_rng(0)
    frame = clip_ends(frames, clip_stride)
    audio, visual = (draw.normal(size=(len(frame), DIM)).astype(np.float32) for _ in range(2))
    labels = draw.uniform(-1, 1, (2, frames)).astype(np.float32)
    whole, zero = np.ones(frames, bool), np.zeros(DIM, np.float32)
    pts_s = np.arange(frames) / 25
    return Features(
        subject=f"{frames} frames", video="random", split=None, clip_stride=clip_stride, backbones={},
        created_by="benchmark", problems=(), audio=audio, visual=visual, frame=frame, pts_s=pts_s, valence=labels[0],
        arousal=labels[1], has_face=whole, has_audio=whole, audio_zero=zero, visual_zero=zero,
    )  # fmt: skip


def time_s(function: Callable[[], Trace]) -> tuple[float, float]:
    """Wall and processor time of one call."""
    start = time.perf_counter(), time.process_time()
    function()
    return time.perf_counter() - start[0], time.process_time() - start[1]


def largest_difference(one: Trace, other: Trace) -> float:
    """Of all predictions, gates and scores."""
    names = [*TARGETS, *(f"{target}_{name}" for target in TARGETS for name in EXPLANATION_COLUMNS)]
    differences = [np.abs(one.frames[name] - other.frames[name]).max() for name in names if name in one.frames]
    return float(np.nanmax(differences))


def main() -> None:
    """Print one line for each model and stride."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", help="names of shipped models; all unless given")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=RUNS, help="runs of each side; the fastest counts")
    parser.add_argument("--onnx", type=Path, help="where exported models are kept")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    with tempfile.TemporaryDirectory() as home:
        folder = options.onnx or Path(home)
        print(f"{'model':10} {'stride':>6}   {'torch':>16}   {'ONNX Runtime':>16}   {'ratio':>11}   largest difference")
        for file in sorted(shipped("checkpoints").glob("*.safetensors")):
            if options.models and file.stem not in options.models:
                continue
            try:
                checkpoint = load_checkpoint(file)
            except InputError:  # a backbone
                continue
            if not is_exportable(checkpoint):
                continue
            exported_file = folder / f"{file.stem}.onnx"
            if not exported_file.is_file():
                export_onnx(checkpoint, exported_file)
            exported = OnnxNetwork(exported_file)
            for clip_stride in (4, 1):
                features = make_features(clip_stride)
                plain, faster = (
                    partial(infer, features, checkpoint),
                    partial(infer, features, checkpoint, exported=exported),
                )
                difference = largest_difference(plain(), faster())
                both = [(time_s(plain), time_s(faster)) for _ in range(options.runs)]
                slow, fast = (tuple(min(run[side][part] for run in both) * 1e3 for part in (0, 1)) for side in (0, 1))
                print(
                    f"{checkpoint.title:10} {clip_stride:6}   {slow[0]:5.0f} + {slow[1]:5.0f} ms   {fast[0]:5.0f} + "
                    f"{fast[1]:5.0f} ms   {slow[0] / fast[0]:4.2f}, {slow[1] / fast[1]:4.2f}   {difference:.0e}",
                    flush=True,
                )
    print("wall + processor time; ratios of both")


if __name__ == "__main__":
    main()
