"""Parts of the check that run networks alone: agreement with the CPU, number formats, and time."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.extraction import random_backbone
from benchmarks.gpu_check.check import PAPERS, ROOT, Check
from iaca.checkpoints import Checkpoint, load_checkpoint
from iaca.clips import clip_ends
from iaca.compute.gpu_memory import forget_shortages, shortages
from iaca.compute.repeatable import repeatable
from iaca.config import DropoutConfig, FusionConfig, TrainingConfig
from iaca.features.clip_networks import FORMATS, converted, exact_float32
from iaca.features.feature_files import read_features
from iaca.features.folder import read_folder
from iaca.inference import WindowMemory, infer
from iaca.inference.window_source import TABLES
from iaca.metrics import ccc
from iaca.models.fusion_model import FusionModel
from iaca.models.published.network import PublishedNetwork
from iaca.training import TrainingStep, train_fusion
from iaca.types import Features

PAIRS = ("ca", "tca", "jca", "rjca")
SHAPES = {"visual": (3, 8, 112, 112), "audio": (1, 64, 129)}


def models(check: Check) -> None:
    """Every shipped model on the device against the CPU, with and without a third of the audio dropped."""
    item = read_features(ROOT / "demo/features/weak-voice-08.safetensors")
    for file in sorted((ROOT / "checkpoints").glob("*.safetensors"))[:: 4 if check.quick else 1]:
        if file.stem.endswith("_slim"):  # backbones
            continue
        on_cpu, there = load_checkpoint(file), load_checkpoint(file, check.device)
        for dropouts in ((), (DropoutConfig(share=0.3, seed=1),)):
            ours, theirs = infer(item, there, dropouts).frames, infer(item, on_cpu, dropouts).frames
            gates = [name for name in ours if "_stage" in name and np.isfinite(theirs[name]).any()]
            scores = {t: (ccc(item.valence if t == "valence" else item.arousal, f[t]) for f in (ours, theirs))
                      for t in there.config.targets}  # fmt: skip
            check.say(
                "models", model=file.stem, dropped=bool(dropouts),
                prediction=max(float(np.abs(ours[t] - theirs[t]).max()) for t in there.config.targets),
                gate=max((float(np.abs(ours[name] - theirs[name]).max()) for name in gates), default=0.0),
                ccc=max(abs(one - other) for one, other in scores.values()),
            )  # fmt: skip


def formats(check: Check) -> None:
    """The paper's backbones by number format and batch: distance from float32 on the CPU, and clips a second."""
    for modality, architecture in PAPERS:
        with tempfile.TemporaryDirectory() as folder:
            network = random_backbone(Path(folder), modality, architecture).model
        torch.manual_seed(1)
        few = torch.randn(4 if check.quick else 16, *SHAPES[modality])
        with torch.inference_mode():
            expected = network.features(few).numpy()
        network.to(check.device)
        for dtype in FORMATS if check.device.type == "cuda" else FORMATS[1:]:
            narrow = converted(network, dtype, check.device)

            def run(x: torch.Tensor, narrow: Any = narrow) -> torch.Tensor:
                with torch.inference_mode(), exact_float32(check.device):
                    return narrow.features(x)

            found = run(few.to(check.device, dtype)).float().cpu().numpy()
            distance = float(np.linalg.norm(found - expected) / np.linalg.norm(expected))
            for batch in (2,) if check.quick else (32, 128, 512):
                clips = torch.randn(batch, *SHAPES[modality], device=check.device, dtype=dtype)
                ms = check.median_ms(lambda clips=clips, run=run: run(clips))
                check.say(
                    "formats", backbone=architecture, format=str(dtype).removeprefix("torch."), batch=batch,
                    distance=distance, clips_s=1000 * batch / ms, peak_gb=check.peak_gb(),
                )  # fmt: skip


def slider(check: Check) -> None:
    """What a step of the dropout slider costs in fusion: 8,012 frames, both models of a pair, every value new."""
    for stride in (4,) if check.quick else (4, 1):
        item = _random_features(1000 if check.quick else 8012, stride)
        for pair in PAIRS[:1] if check.quick else PAIRS:
            for device in check.devices:
                pairs = [
                    (load_checkpoint(ROOT / f"checkpoints/{name}.safetensors", device), WindowMemory())
                    for name in (pair, f"{pair}_iaca")
                ]
                times = []
                for i in range(4 if check.quick else 14):
                    check.wait()
                    begin = time.perf_counter()
                    for model, memory in pairs:
                        infer(item, model, [DropoutConfig(share=0.05 * (i % 19 + 1), seed=i)], memory=memory)
                    times.append(1000 * (time.perf_counter() - begin))
                check.say("slider", pair=pair, stride=stride, device=device.type, ms=float(np.median(times[2:])))


def published(check: Check) -> None:
    """The authors' networks: distance from the CPU, time for windows that are on the device, and a slider's steps."""
    windows = 2 if check.quick else 64
    torch.manual_seed(0)
    for kind in ("published RJCA", "published DCA"):
        network = PublishedNetwork(kind).eval().requires_grad_(False)
        config = network.config
        audio = torch.randn(windows, config.clips, config.audio_dim)
        visual = torch.rand(windows, config.clips, config.visual_dim)
        with torch.inference_mode():
            expected = network(audio, visual).valence
            network.to(check.device)
            there = audio.to(check.device), visual.to(check.device)
            found = network(*there).valence.cpu()
            ms = check.median_ms(lambda network=network, there=there: network(*there))
        check.say("published", network=kind, windows=windows, largest=float((found - expected).abs().max()), ms=ms)
        item = _random_features(200 if check.quick else 4000, 8, config.audio_dim, config.visual_dim)
        model, memory, times = Checkpoint(Path(kind), network, config), WindowMemory(), []
        for i in range(3 if check.quick else 12):
            check.wait()
            begin = time.perf_counter()
            infer(item, model, [DropoutConfig(share=0.05 * (i + 1), seed=i)], memory=memory)
            times.append(1000 * (time.perf_counter() - begin))
        check.say(
            "published", network=kind, clips=len(item.frame), first_step_ms=times[0],
            later_step_ms=float(np.median(times[1:])), kept_mb=TABLES.nbytes / 2**20,
        )  # fmt: skip


def short_memory(check: Check) -> None:
    """Curves where all but little of a GPU's memory is taken: what is said, and how far they lie from the CPU's."""
    item = _random_features(1000 if check.quick else 8012, 4)
    file = ROOT / "checkpoints/jca_iaca.safetensors"
    expected = infer(item, load_checkpoint(file))
    model = load_checkpoint(file, check.device)
    for spare_mb in (16, 128, 1024) if check.device.type == "cuda" else (0,):
        with _little_memory(check.device, spare_mb):
            found = infer(item, model)
            told = " ".join(shortages()) or "nothing"
        largest = max(float(np.abs(found.columns[t] - expected.columns[t]).max()) for t in model.config.targets)
        check.say("short_memory", spare_mb=spare_mb, largest=largest, told=told)


@contextmanager
def _little_memory(device: torch.device, spare_mb: int) -> Iterator[None]:
    """Within it, this process may take so much of a GPU's memory beyond what it has."""
    if device.type != "cuda":
        yield
        return
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(device).total_memory
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved(device) + spare_mb * 2**20) / total, device)
    try:
        yield
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0, device)
        forget_shortages()


def training(check: Check) -> None:
    """A step of fusion training, on the CPU and on the device; there also with kernels that repeat themselves."""
    for fusion in ("ca", "rjca"):
        for device in check.devices:
            torch.manual_seed(0)
            config = FusionConfig(fusion=fusion, iaca=True, audio_dim=128, visual_dim=128, dim=128)
            step = TrainingStep(FusionModel(config), 0.3).to(device).train()
            optimiser = torch.optim.AdamW(step.parameters(), 1e-3)
            batch = [torch.randn(32, 16, 128, device=device) for _ in range(2)]
            truth = torch.rand(32, 16, 2, device=device)

            def run(step: Any = step, optimiser: Any = optimiser, batch: Any = batch, truth: Any = truth) -> None:
                with torch.autocast(truth.device.type, torch.bfloat16, truth.device.type == "cuda"):
                    loss = step(*batch, truth)
                optimiser.zero_grad(set_to_none=True)
                loss.backward()
                optimiser.step()

            step_ms = check.median_ms(run)
            with repeatable(device, 1):
                check.say(
                    "training", fusion=f"{fusion}+IACA", device=device.type, step_ms=step_ms,
                    repeatable_ms=check.median_ms(run),
                )  # fmt: skip


def repeatability(check: Check) -> None:
    """Two equal trainings on the device: equal to the last bit, or how far apart, and what their reports say of it."""
    items = read_folder(ROOT / "demo/study", "train")[: 2 if check.quick else 12]
    config = FusionConfig(
        fusion="rjca", iaca=True, audio_dim=items[0].audio.shape[1], visual_dim=items[0].visual.shape[1],
        dim=items[0].audio.shape[1],
    )  # fmt: skip
    settings = TrainingConfig(epochs=1 if check.quick else 3, steps_per_epoch=2)
    trained = [train_fusion(items, config, settings, device=check.device, progress=False) for _ in range(2)]
    one, other = (model.state_dict() for model, _ in trained)
    largest = max(float((one[name].float() - other[name].float()).abs().max()) for name in one)
    told = trained[0][1]["repeatable"]
    check.say("repeatability", equal=largest == 0, largest=largest, promised=told["exact"], why_not=told["why_not"])


def _random_features(frames: int, stride: int, audio_dim: int = 128, visual_dim: int = 128) -> Features:
    rng = np.random.default_rng(0)
    ends = clip_ends(frames, stride)
    audio, visual = (rng.standard_normal((len(ends), dim), np.float32) for dim in (audio_dim, visual_dim))
    valence, arousal = rng.uniform(-1, 1, (2, frames)).astype(np.float32)
    there = np.ones(frames, bool)
    return Features(
        subject="random", video="random", split=None, clip_stride=stride, backbones={}, created_by="benchmark",
        problems=(), frame=ends, pts_s=np.arange(frames) / 25, audio=audio, visual=visual, valence=valence,
        arousal=arousal, has_face=there, has_audio=there, audio_zero=np.zeros(audio_dim, np.float32),
        visual_zero=np.zeros(visual_dim, np.float32),
    )  # fmt: skip
