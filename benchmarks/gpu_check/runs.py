"""Parts of the check that run whole commands: extraction, its shards, and torchrun."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from benchmarks.extraction import random_backbone
from benchmarks.gpu_check.check import PAPERS, ROOT, Check
from benchmarks.gpu_check.utilisation import Utilisation
from iaca.compute.devices import device_label
from iaca.compute.gpu_sharing import processes_for
from iaca.data.recordings import find_recordings
from iaca.features.clip_networks import ClipNetwork
from iaca.features.extraction import extract
from iaca.features.feature_files import read_features

AFFWILD2_CLIPS = 2_993_081
COARSE = 32
"""Frames between clips where a few clips are enough."""

LONGEST_TOLD = 300
"""Characters of the error of a command."""


def environment(check: Check) -> None:
    """What it runs on."""
    check.say(
        "environment", device=device_label(check.device), torch=torch.__version__, cuda=torch.version.cuda,
        python=platform.python_version(), cores=os.cpu_count(), quick=check.quick,
    )  # fmt: skip


def extraction(check: Check) -> None:
    """`extract` as it is, on shown subjects at stride 1: rate, utilisation, and the time for all of Aff-Wild2."""
    index = find_recordings(ROOT / "demo")
    subjects = [index.find(name) for name in ("strong-01", "weak-face-09", "weak-voice-08")[: 1 if check.quick else 3]]
    stride = COARSE if check.quick else 1
    with tempfile.TemporaryDirectory() as folder:
        pair, on_cpu = (
            [random_backbone(Path(folder), m, "slim" if check.quick else a, place) for m, a in PAPERS]
            for place in (check.device, "cpu")
        )
        extract(subjects[0], *pair, clip_stride=COARSE)  # first calls are slow
        found = None
        for batch in (None,) if check.quick else (None, 32, 128, 512):
            with Utilisation(check.device) as busy:
                begin = time.perf_counter()
                done = [extract(one, *pair, clip_stride=stride, at_once=batch) for one in subjects]
                took_s = time.perf_counter() - begin
            found = found or done[0]
            rate = sum(len(one.frame) for one in done) / took_s
            check.say(
                "extraction", batch=batch or ClipNetwork(pair[0]).at_once, clips_s=rate, busy=busy.mean,
                peak_gb=check.peak_gb(), affwild2_min=AFFWILD2_CLIPS / rate / 60,
            )  # fmt: skip
        if check.left_s > 60 or check.quick:
            expected = extract(subjects[0], *on_cpu, clip_stride=COARSE)
            assert found is not None
            shared = np.isin(found.frame, expected.frame)
            for modality in ("visual", "audio"):
                ours, theirs = getattr(found, modality)[shared], getattr(expected, modality)
                distance = float(np.linalg.norm(ours - theirs) / np.linalg.norm(theirs))
                how = found.computed[modality]["format"]
                check.say("extraction", features=modality, format=how, distance_from_cpu=distance)


def shards(check: Check) -> None:
    """`iaca extract` on the same device: one process, several that take subjects in turns, as many as it has by itself,
    and four of `--shard`."""
    architectures = ("slim", "slim") if check.quick else [architecture for _, architecture in PAPERS]
    options = [f"--{m}={a}" for (m, _), a in zip(PAPERS, architectures, strict=True)]
    options += ["--untrained", "--device", str(check.device), "--clip-stride", str(COARSE if check.quick else 4)]
    here = processes_for([check.device])
    for count, workers in ((1, 1),) if check.quick else dict.fromkeys(((1, 1), (1, 2), (1, here), (4, 1))):
        with tempfile.TemporaryDirectory() as out:
            begin = time.perf_counter()
            _finish(
                [_start(["-m", "iaca", "extract", "demo", "--out", out, *options, f"--workers={workers}",
                         f"--shard={i}/{count}"]) for i in range(count)]
            )  # fmt: skip
            took_s = time.perf_counter() - begin
            written = list(Path(out).glob("*.safetensors"))
            clips = sum(len(read_features(file).frame) for file in written)
        check.say(
            "shards", shards=count, workers=workers, subjects=len(written), clips_s=clips / took_s, with_start_s=took_s
        )


def torchrun(check: Check) -> None:
    """Training started by torchrun: with NCCL where there is a GPU, one process a GPU."""
    count = max(1, torch.cuda.device_count()) if check.device.type == "cuda" else 1
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "model.safetensors"
        _finish(
            [_start(["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(count), "-m", "iaca",
                     "train", "--features", str(ROOT / "demo/study"), "--fusion", "ca", "--iaca",
                     "--set", "training.epochs=1", "--device", check.device.type, "--out", str(out)])]
        )  # fmt: skip
        made = out.is_file()
    check.say("torchrun", processes=count, made=made)


class CommandError(RuntimeError):
    """A command of the project failed; the message is the end of what it said."""


def _finish(runs: Sequence[subprocess.Popen[str]]) -> None:
    """Wait for commands.

    Raises:
        CommandError: One of them failed.
    """
    errors = [run.communicate()[1] for run in runs]
    for run, error in zip(runs, errors, strict=True):
        if run.returncode:
            raise CommandError(error[-LONGEST_TOLD:])


def _start(arguments: list[str]) -> subprocess.Popen[str]:
    """Start Python in the repository; its errors are read by `communicate`."""
    return subprocess.Popen(
        [sys.executable, *arguments], cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))},
    )  # fmt: skip
