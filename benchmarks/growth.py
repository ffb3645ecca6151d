"""Whether the page grows as it should, in length, subjects and visits: `python -m benchmarks.growth [--quick]`.

- Length: 1,000 to 100,000 frames at strides 4 and 1. Steps of "Audio dropout" for CA and CA+IACA, each of a share that
  is new, as the server answers them without a browser; each length in a process of its own. Beside the time of a step
  stand the bytes of its answer to a player with the whole recording in rows of 900 pixels, those of an answer with
  every value, and the memory of the process after a few steps and after all.
- Subjects: 12 to 5,000. The first listing, and a step through the script of the page (`benchmarks.listing`).
- Visits: 1 to 20 that move the slider once a second (`benchmarks.visits`).

Last the exponents of length: of a cost that is linear it is 1. Models stay in torch, whatever the machine has exported.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from benchmarks import listing, visits
from benchmarks.fusion_inference import make_features
from iaca.checkpoints import load_checkpoint
from iaca.features.feature_files import write_features
from iaca.figures import palette
from iaca.resources import shipped
from tests.dashboard.serving import PROJECT, serve

PAIR = ("ca", "ca_iaca")
PIXELS = 900
FPS = 25
MEMORY_GB = 0.25
FEW = 4
"""Steps after which memory is taken for the first time."""


class Scale(NamedTuple):
    """How far each axis is followed."""

    frames: tuple[int, ...] = (1000, 10_000, 100_000)
    strides: tuple[int, ...] = (4, 1)
    steps: int = 24
    subjects: tuple[int, ...] = (12, 600, 5000)
    listed_steps: int = 15
    visits: tuple[int, ...] = (1, 5, 20)
    seconds: float = 20.0


QUICK = Scale((500, 2000, 8000), (4,), 8, (12, 60), 5, (1, 3), 3.0)


class Length(NamedTuple):
    """What steps on one recording took.

    Attributes:
        wall_ms: Median of a step.
        processor_ms: Likewise, of all processors.
        sent_kb: Its answer to a player.
        whole_kb: Its answer with every value.
        early_mb: Memory of the process after a few steps.
        late_mb: After all.
    """

    wall_ms: float
    processor_ms: float
    sent_kb: float
    whole_kb: float
    early_mb: float
    late_mb: float


def follow_steps(frames: int, stride: int, steps: int, folder: Path) -> Length:
    """Steps on a recording of this length, in this process."""
    # What is kept is bounded when the services are imported.
    sys.argv = ["growth", "--memory", str(MEMORY_GB)]
    from dashboard.sections import live_steps
    from dashboard.sections.sidebar import Display
    from dashboard.sections.what_if_values import Values
    from dashboard.services.corpora import Subject
    from dashboard.services.model_files import Chosen
    from dashboard.services.selection import Selection

    models = tuple(
        Chosen(checkpoint.title, checkpoint, style)
        for checkpoint, style in zip(
            (load_checkpoint(shipped("checkpoints") / f"{name}.safetensors") for name in PAIR),
            palette.MODELS,
            strict=False,
        )
    )
    file = folder / f"{frames}-{stride}.safetensors"
    features = make_features(stride, frames)._replace(backbones=models[0].checkpoint.backbones)
    write_features(file, features)
    truth = {name: getattr(features, name) for name in ("pts_s", "has_face", "has_audio")}
    truth |= {"valence_truth": features.valence, "arousal_truth": features.arousal}
    selection = Selection(Subject("long", "", None, file, synthetic=True), models, "cpu")
    display = Display("valence", "contribution", scaled=True, smooth=False)
    view = live_steps.View(selection, pd.DataFrame(truth), (), display, None, {})
    seen = {live_steps.SEEN: f"0-{frames - 1}/{PIXELS} 0-{2 * FPS}"}
    draws = [(share, seed) for seed in range(1 + steps // 19) for share in range(5, 100, 5)][: steps + 1]
    took, early_mb = [], 0.0
    for number, (share, seed) in enumerate(draws):
        texts = Values(drop_audio=True, dropout=share, seed=seed).texts
        began = time.perf_counter(), time.process_time()
        answer = live_steps.answer(view, texts | seen)
        took.append((time.perf_counter() - began[0], time.process_time() - began[1]))
        if number == FEW:
            early_mb = visits.resident_mb(os.getpid())
    late_mb = visits.resident_mb(os.getpid())
    wall, processor = np.median(took[1:], axis=0) * 1000
    whole = live_steps.answer(view, texts)
    return Length(wall, processor, len(answer) / 1024, len(whole) / 1024, early_mb, late_mb)


def grow_in_length(scale: Scale) -> None:
    """Print a line for each length and stride."""
    print(f"length: {' and '.join(PAIR)}, {scale.steps} steps each")
    environment = os.environ | {"IACA_EXPORT": "off"}
    for stride in scale.strides:
        found = []
        for frames in scale.frames:
            command = [sys.executable, "-m", "benchmarks.growth", "--one", str(frames), str(stride), str(scale.steps)]
            done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
            if done.returncode:
                raise SystemExit(f"{frames} frames at stride {stride}: {done.stderr.strip().splitlines()[-1]}")
            one = Length(*json.loads(done.stdout.splitlines()[-1]))
            found.append(one)
            print(
                f"  {frames:7,} frames at stride {stride}: {one.wall_ms:6.0f} ms a step, {one.processor_ms:6.0f} ms on "
                f"a processor, {1000 * one.processor_ms / frames:5.1f} ms each 1,000 frames; {one.sent_kb:5,.0f} KB "
                f"sent of {one.whole_kb:5,.0f}; {one.early_mb:4.0f} MB after {FEW} steps, {one.late_mb:4.0f} after all",
                flush=True,
            )
        logs = np.log(scale.frames)
        for name, values in (("processor time", [one.processor_ms for one in found]),
                             ("bytes sent", [one.sent_kb for one in found])):  # fmt: skip
            last = np.diff(np.log(values))[-1] / np.diff(logs)[-1]
            print(f"    {name} of the last two lengths: exponent {last:.2f}")


def grow_in_subjects(scale: Scale) -> None:
    """Print a line for each number of subjects."""
    print("subjects: one of 2,000 frames is shown")
    for count, one in listing.measure(scale.subjects, scale.listed_steps).items():
        print(
            f"  {count:5,} subjects: listed and shown after {one.opened_ms:6,.0f} ms; {one.wall_ms:5.0f} ms a step, "
            f"{one.processor_ms:5.0f} ms on a processor, {one.looked:.1f} files looked at",
            flush=True,
        )


def grow_in_visits(scale: Scale) -> None:
    """Print what one visit and many at once meet."""
    print(f"visits: each moves the slider once a second for {scale.seconds:.0f} s")
    with (
        tempfile.TemporaryDirectory() as home,
        serve(
            shipped("demo"), Path(home), shipped("checkpoints"), page=("--memory", str(MEMORY_GB)), project=PROJECT
        ) as (address, server),
    ):
        for count in scale.visits:
            print(f" {count} at once")
            asyncio.run(visits.measure(address, server.pid, count, scale.seconds, 1000 * MEMORY_GB))


def main() -> None:
    """Print how each part grows, and the load that there was."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="a minute of small sizes")
    parser.add_argument("--parts", nargs="+", choices=("length", "subjects", "visits"),
                        default=("length", "subjects", "visits"))  # fmt: skip
    parser.add_argument("--one", nargs=3, type=int, metavar=("FRAMES", "STRIDE", "STEPS"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        with tempfile.TemporaryDirectory() as folder:
            print(json.dumps(follow_steps(*options.one, Path(folder))))
        return
    scale = QUICK if options.quick else Scale()
    parts = {"length": grow_in_length, "subjects": grow_in_subjects, "visits": grow_in_visits}
    for part in options.parts:
        parts[part](scale)
        print(f"  load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores", flush=True)


if __name__ == "__main__":
    main()
