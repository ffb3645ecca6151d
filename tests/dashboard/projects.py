"""Small projects for the tests: real videos whose pictures carry their frame number, features, labels, models."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import torch

from iaca.checkpoints import Checkpoint, load_checkpoint, save_checkpoint
from iaca.clips import clip_ends
from iaca.config import FusionConfig
from iaca.data.annotations import write_labels
from iaca.features.feature_files import write_features
from iaca.models.fusion_model import FusionModel
from iaca.types import Features
from tests.media_files import write_resizing

CODE_BITS = 12
CELL = 16
WIDTH, HEIGHT = 240, 176
FRAME_RATE = 25
SAMPLE_RATE_HZ = 44_100
TIME_BASE = Fraction(1, 12_800)
BACKBONES = {
    "audio": {"name": "audio_slim", "sha256": "a" * 64},
    "visual": {"name": "visual_slim", "sha256": "b" * 64},
}
FEATURE_DIM = 32
CLIP_STRIDE = 4


class Spec(NamedTuple):
    """One test subject."""

    name: str
    frames: int = 250
    audio_leads_s: float = 0.0
    variable: bool = False
    extra_labels: int = 0
    ending: str = "mp4"


def picture(frame: int) -> np.ndarray:
    """(HEIGHT, WIDTH, 3) uint8: a gradient that moves, and the frame number as black and white cells at the top."""
    image = np.full((HEIGHT, WIDTH, 3), 70, np.uint8)
    image[CELL:, :, 1] = (np.arange(WIDTH)[None] + 3 * frame) % 200
    for bit in range(CODE_BITS):
        image[:CELL, bit * CELL : (bit + 1) * CELL] = 255 if frame >> bit & 1 else 0
    return image


def frame_times(spec: Spec) -> np.ndarray:
    """(N,) seconds from the first frame; a variable rate alternates between 20 and 60 ms."""
    if not spec.variable:
        return np.arange(spec.frames) / FRAME_RATE
    steps = np.where(np.arange(spec.frames - 1) // 5 % 2, 0.06, 0.02)
    return np.concatenate(([0.0], np.cumsum(steps)))


def write_video(path: Path, spec: Spec) -> None:
    """A picture for each time of `frame_times`.

    H.264 and AAC in mp4; MPEG-4 and MP3 in avi, for no browser; VP8 in webm, silent, whose pictures change their size.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    times = frame_times(spec) + spec.audio_leads_s
    if spec.ending == "webm":
        larger = [picture(k).repeat(1 + k * 3 // spec.frames % 2, 0) for k in range(spec.frames)]
        write_resizing(path, times, [one.repeat(len(one) // HEIGHT, 1) for one in larger])
        return
    in_avi = spec.ending == "avi"
    time_base = Fraction(1, FRAME_RATE) if in_avi else TIME_BASE
    quality = {"g": "12", "qscale": "3"} if in_avi else {"g": "12", "bf": "2", "preset": "veryfast", "crf": "20"}
    with av.open(str(path), "w") as container:
        video = container.add_stream("mpeg4" if in_avi else "libx264", rate=FRAME_RATE, options=quality)
        video.width, video.height, video.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        video.time_base = video.codec_context.time_base = time_base
        if in_avi:
            video.bit_rate = 2_000_000
        sound = container.add_stream("libmp3lame" if in_avi else "aac", rate=SAMPLE_RATE_HZ, layout="mono")
        samples = np.arange(int((times[-1] + 0.04) * SAMPLE_RATE_HZ))
        wave = (0.1 * np.sin(2 * np.pi * 220 * samples / SAMPLE_RATE_HZ)).astype(np.float32)
        for start in range(0, len(wave), 1024):
            block = av.AudioFrame.from_ndarray(wave[None, start : start + 1024], format="fltp", layout="mono")
            block.sample_rate, block.pts, block.time_base = SAMPLE_RATE_HZ, start, Fraction(1, SAMPLE_RATE_HZ)
            container.mux(sound.encode(block))
        container.mux(sound.encode(None))
        for frame, time in enumerate(times):
            image = av.VideoFrame.from_ndarray(picture(frame), format="rgb24")
            image.pts, image.time_base = round(time / time_base), time_base
            container.mux(video.encode(image))
        container.mux(video.encode(None))


def smooth(rng: np.random.Generator, count: int, columns: int, span: int = 40) -> np.ndarray:
    """(count, columns) float32: noise, smoothed, with standard deviation 1."""
    noise = rng.normal(size=(count + span, columns))
    total = np.cumsum(noise, axis=0)
    values = total[span:] - total[:-span]
    return (values / values.std()).astype(np.float32)


def make_features(spec: Spec, seed: int, backbones: dict[str, dict[str, str]] = BACKBONES) -> Features:
    """Seeded features with labels that depend on them."""
    rng = np.random.default_rng(seed)
    times = frame_times(spec)
    if spec.extra_labels:
        times = np.append(times, times[-1] + (1 + np.arange(spec.extra_labels)) / FRAME_RATE)
    count = len(times)
    frame = clip_ends(count, CLIP_STRIDE)
    labels = np.tanh(smooth(rng, count, 2) * 0.6)
    labels[count // 3 : count // 3 + 15] = np.nan
    masks = np.ones((2, count), bool)
    masks[0, count // 2 : count // 2 + 12] = False
    return Features(
        subject=spec.name,
        video=spec.name,
        split="validation",
        clip_stride=CLIP_STRIDE,
        backbones=backbones,
        created_by="tests",
        problems=(),
        audio=smooth(rng, len(frame), FEATURE_DIM, 8),
        visual=smooth(rng, len(frame), FEATURE_DIM, 8),
        frame=frame,
        pts_s=times,
        valence=labels[:, 0],
        arousal=labels[:, 1],
        has_face=masks[0],
        has_audio=masks[1],
        audio_zero=np.zeros(FEATURE_DIM, np.float32),
        visual_zero=np.zeros(FEATURE_DIM, np.float32),
    )


def write_model(path: Path, *, iaca: bool, seed: int, **settings: str) -> None:
    """An untrained model; gates start at random, so that they move."""
    torch.manual_seed(seed)
    config = FusionConfig(
        iaca=iaca, audio_dim=FEATURE_DIM, visual_dim=FEATURE_DIM, dim=FEATURE_DIM, gate_init="default", **settings
    )
    save_checkpoint(path, FusionModel(config), backbones=BACKBONES)


def write_seeds(folder: Path, seeds: int, *, iaca: bool) -> list[Checkpoint]:
    """Untrained models that say to have been trained alike but for their seed: seed_0.safetensors onwards."""
    found = []
    for seed in range(seeds):
        file = folder / f"seed_{seed}.safetensors"
        write_model(file, iaca=iaca, seed=seed)
        model = load_checkpoint(file).model
        training = {"fingerprint": "f", "clip_stride": CLIP_STRIDE, "settings": {"epochs": 1, "seed": seed}}
        save_checkpoint(file, model, backbones=BACKBONES, training=training)
        found.append(load_checkpoint(file))
    return found


def write_subject(root: Path, spec: Spec, seed: int) -> None:
    """Video, labels and features of one subject."""
    write_video(root / "batch1" / f"{spec.name}.{spec.ending}", spec)
    features = make_features(spec, seed)
    labels = root / "annotations" / "VA_Estimation_Challenge" / "Validation_Set" / f"{spec.name}.txt"
    labels.parent.mkdir(parents=True, exist_ok=True)
    write_labels(labels, features.valence, features.arousal)
    (root / "features").mkdir(exist_ok=True)
    write_features(root / "features" / f"{spec.name}.safetensors", features)


def write_project(root: Path, specs: list[Spec]) -> Path:
    """A data root with its features, episodes, description, and models beside it.

    Returns:
        The root.
    """
    root.mkdir(parents=True, exist_ok=True)
    for seed, spec in enumerate(specs):
        write_subject(root, spec, seed)
    description = {"name": "test", "synthetic": True, "subjects": {s.name: {"condition": "weak_voice"} for s in specs}}
    (root / "corpus.json").write_text(json.dumps(description), encoding="utf-8")
    lines = ["subject,start_s,end_s,modality,kind,truth_modality"]
    for spec in specs:
        lines += [f"{spec.name},1.0,3.5,audio,noise,", f"{spec.name},3.0,5.0,visual,blur,"]
        lines.append(f"{spec.name},6.0,8.0,visual,conflict,audio")
    (root / "episodes.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    write_model(root / "checkpoints" / "ca.safetensors", iaca=False, seed=1)
    write_model(root / "checkpoints" / "ca_iaca.safetensors", iaca=True, seed=2)
    return root
