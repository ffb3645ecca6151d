"""Time from features to Trace for every fusion, 8,012 frames, 2 CPU threads: `python -m benchmarks.fusion_inference`.

Each line: fastest run of the whole (`infer`, which gives each thread windows of its own), of the network alone on the
same windows (where both threads share each layer), and their ratio.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import iaca  # noqa: F401  # isort: skip  before torch, or its threads spin while they wait

import numpy as np
import torch

from iaca.checkpoints import Checkpoint
from iaca.clips import clip_ends, plan_windows
from iaca.config import FusionConfig
from iaca.inference import WINDOWS_AT_ONCE, infer, windows_of
from iaca.models.fusion_model import FusionModel
from iaca.types import Features

FRAMES = 8012
DIM = 128
RUNS = 7


def make_features(clip_stride: int) -> Features:
    """A subject of 8,012 frames with random features."""
    draw = np.random.default_rng(0)
    frame = clip_ends(FRAMES, clip_stride)
    audio, visual = (draw.normal(size=(len(frame), DIM)).astype(np.float32) for _ in range(2))
    labels = draw.uniform(-1, 1, (2, FRAMES)).astype(np.float32)
    whole, zero = np.ones(FRAMES, bool), np.zeros(DIM, np.float32)
    pts_s = np.arange(FRAMES) / 25
    return Features(
        subject="8012 frames", video="random", split=None, clip_stride=clip_stride, backbones={},
        created_by="benchmark", problems=(), audio=audio, visual=visual, frame=frame, pts_s=pts_s, valence=labels[0],
        arousal=labels[1], has_face=whole, has_audio=whole, audio_zero=zero, visual_zero=zero,
    )  # fmt: skip


def time_s(function: Callable[[], object]) -> float:
    """Fastest of several calls, since other work on the machine only adds time; the first warms up."""
    function()
    times = []
    for _ in range(RUNS):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return min(times)


def main() -> None:
    """Print one line for each fusion and stride."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--fusion", nargs="+", default=["concat", "ca", "tca", "jca", "rjca"], help="base fusions")
    fusions = parser.parse_args().fusion
    torch.set_num_threads(2)
    print(f"{'model':10} {'stride':>6} {'clips':>6} {'whole':>9} {'network':>9} {'ratio':>6}")
    for fusion in fusions:
        for clip_stride in (4, 1):
            features = make_features(clip_stride)
            config = FusionConfig(fusion=fusion, iaca=True, audio_dim=DIM, visual_dim=DIM, dim=DIM)
            model = FusionModel(config).eval().requires_grad_(False)
            checkpoint = Checkpoint(Path("random.safetensors"), model, config)
            index = plan_windows(len(features.frame), clip_stride).index
            nothing = np.zeros(len(features.frame), bool)
            windows = [windows_of(features, modality, index, nothing) for modality in ("audio", "visual")]

            def network(model=model, windows=windows) -> None:
                with torch.inference_mode():
                    for pair in zip(*(part.split(WINDOWS_AT_ONCE["cpu"]) for part in windows), strict=True):
                        model(*pair)

            whole_s = time_s(partial(infer, features, checkpoint))
            network_s = time_s(network)
            print(
                f"{checkpoint.title:10} {clip_stride:6} {len(features.frame):6} {whole_s * 1e3:6.0f} ms "
                f"{network_s * 1e3:6.0f} ms {whole_s / network_s:6.2f}"
            )


if __name__ == "__main__":
    main()
