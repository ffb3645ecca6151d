"""Speed of extraction: decoding alone, backbones alone, the whole; and the authors' way on the same subject.

On a GPU the whole can be as fast as the slower of decoding and networks. On a CPU both want the same cores, so it
cannot be faster than the processor time of both, spread over all cores; that limit is printed beside.
The authors cut one wav file per frame and open eight jpg files per clip. Run: `python -m benchmarks.extraction`.
`--against FOLDER` takes turns with the code of another checkout instead, and prints ratios of wall and processor time.
"""

from __future__ import annotations

import iaca  # noqa: F401  before torch: it says how threads wait

# isort: split
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from iaca.checkpoints import BackboneFile, load_backbone, save_backbone
from iaca.clips import clip_ends, clip_frame_indices
from iaca.compute.devices import choose_device, device_label
from iaca.compute.prefetch import prefetch_all
from iaca.compute.threads import stream
from iaca.config import Architecture, BackboneConfig
from iaca.data.faces.crops import Crops
from iaca.data.media.sound import SAMPLE_RATE_HZ, read_audio
from iaca.data.recordings import find_recordings
from iaca.data.timeline import read_timeline
from iaca.features.backbone_inputs import MINIMUM_SAMPLES, audio_clip
from iaca.features.clip_batches import BATCH_CLIPS, PictureClips, SoundClips, picture_batches, sound_batches
from iaca.features.clip_networks import ClipNetwork
from iaca.features.extraction import extract
from iaca.models.backbones import build_backbone
from iaca.types import Recording

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT / "demo", help="data root (default: the shown corpus)")
    parser.add_argument("--subject", default="strong-01")
    parser.add_argument("--clip-stride", type=int, default=4)
    parser.add_argument("--device")
    parser.add_argument("--visual", default="slim", help="architecture, with random weights (default: slim)")
    parser.add_argument("--audio", default="slim", help="architecture, with random weights (default: slim)")
    parser.add_argument("--repeats", type=int, default=3, help="the fastest of so many counts (default: 3)")
    parser.add_argument("--against", type=Path, metavar="FOLDER", help="another checkout, which takes turns with this")
    args = parser.parse_args()
    device = choose_device(args.device)
    recording = find_recordings(args.root).find(args.subject)
    video = recording.video_file
    if video is None:
        raise SystemExit(f"{args.subject} has no video in {args.root}")
    with tempfile.TemporaryDirectory() as folder:
        backbones = [random_backbone(Path(folder), name, getattr(args, name), device) for name in ("visual", "audio")]
        if args.against:
            _in_turns(args, [backbone.path for backbone in backbones], str(device))
            return
        timeline = read_timeline(recording)
        ends = clip_ends(len(timeline.pts_s), args.clip_stride)
        clips = len(ends)
        extract(recording, *backbones, clip_stride=32)  # first calls are slow
        print(f"{recording.subject}: {len(timeline.pts_s)} frames, {clips} clips, {device_label(device)}")

        parts = {
            "decode alone": lambda: _decode(recording, video, timeline.pts_s, ends),
            "transforms and backbones alone": lambda: _run_networks(backbones, clips),
            "whole": lambda: extract(recording, *backbones, clip_stride=args.clip_stride),
        }
        wall_s, processor_s = dict.fromkeys(parts, np.inf), dict.fromkeys(parts, np.inf)
        for _ in range(args.repeats):  # in turns, so that whatever else runs slows all of them
            for name, part in parts.items():
                wall, processor = time.perf_counter(), time.process_time()
                part()
                wall_s[name] = min(wall_s[name], time.perf_counter() - wall)
                processor_s[name] = min(processor_s[name], time.process_time() - processor)
        for name, seconds in wall_s.items():
            used = f"{processor_s[name]:9.2f} s of processor time"
            print(f"  {name:<32}{seconds:7.2f} s{clips / seconds:9.1f} clips/s{used}")
        decode, network, whole = parts
        cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        both_s, slower_s = processor_s[decode] + processor_s[network], max(wall_s[decode], wall_s[network])
        print(f"  whole against the slower of both: {slower_s / wall_s[whole]:.0%}")
        print(f"  whole against what {cores} cores allow: {max(slower_s, both_s / cores) / wall_s[whole]:.0%}")
        print(f"  processor time of both against that of the whole: {both_s / processor_s[whole]:.0%}")
        _authors_way(recording, video, timeline.pts_s, ends, Path(folder), wall_s[decode])


def random_backbone(folder: Path, modality: str, architecture: str, device: torch.device | str = "cpu") -> BackboneFile:
    """A backbone with random weights, saved and loaded like a trained one. Its batch norms have seen noise: with their
    initial statistics, features would die out."""
    torch.manual_seed(0)
    config = BackboneConfig(
        modality=modality, arch=Architecture(architecture), dim=128 if architecture == "slim" else 512
    )
    network = build_backbone(config)
    for module in network.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.momentum = None  # the mean of what it sees
    with torch.no_grad():
        network(torch.randn((4, 3, 8, 112, 112) if modality == "visual" else (4, 1, 64, 104)))
    save_backbone(folder / f"{modality}.safetensors", network.eval(), config)
    return load_backbone(folder / f"{modality}.safetensors", device)


def _in_turns(args: argparse.Namespace, backbones: Sequence[Path], device: str) -> None:
    """Extract with this code and that of another checkout, each in a process of its own, in turns."""
    options = [f"--{name}={value}" for name, value in zip(("visual", "audio"), backbones, strict=True)]
    options += [f"--root={args.root.resolve()}", f"--subject={args.subject}", f"--clip-stride={args.clip_stride}"]
    with ExitStack() as stack:
        runs = []
        for checkout in (args.against.resolve(), ROOT):
            run = subprocess.Popen(
                [sys.executable, ROOT / "benchmarks" / "extraction_turn.py", *options, f"--device={device}"], text=True,
                env=os.environ | {"PYTHONPATH": str(checkout)}, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            )  # fmt: skip
            runs.append(stack.enter_context(run))
        seconds: list[list[tuple[float, float]]] = [[], []]
        clips, hashes = 0, set()
        for turn in range(args.repeats):
            for which in (0, 1) if turn % 2 == 0 else (1, 0):  # neither is always the second
                given, answers = runs[which].stdin, runs[which].stdout
                assert given is not None, "a pipe"
                assert answers is not None, "a pipe"
                given.write("\n")
                given.flush()
                wall, processor, clips, digest = json.loads(answers.readline())
                seconds[which].append((wall, processor))
                hashes.add(digest)
    for name, turns in zip((f"code in {args.against}", "this code"), seconds, strict=True):
        wall, processor = np.median(turns, axis=0)
        print(f"  {name:<40}{wall:7.2f} s{clips / wall:9.1f} clips/s{processor:9.2f} s of processor time")
    ratios = np.array(seconds[1]) / np.array(seconds[0])
    for name, turns_ratios in zip(("wall", "processor"), ratios.T, strict=True):
        told = ", ".join(f"{ratio:.3f}" for ratio in turns_ratios)
        print(f"  {name} time of this code against the other: {np.median(turns_ratios):.3f} (each turn: {told})")
    print(f"  features are {'equal bit for bit' if len(hashes) == 1 else 'not equal bit for bit'}")


def _decode(recording: Recording, video: Path, pts_s: np.ndarray, ends: np.ndarray) -> None:
    """Read everything that extraction reads, in the same way, and drop it."""

    def sounds() -> Iterator[Any]:
        yield from sound_batches(read_audio(video), pts_s, ends, BATCH_CLIPS)

    read_timeline(recording)
    pictures: Iterator[Any] = picture_batches(Crops(recording, len(pts_s)).clips(ends), BATCH_CLIPS)
    for _ in prefetch_all((pictures, sounds())):
        pass


def _run_networks(backbones: Sequence[BackboneFile], clips: int) -> None:
    see, hear = (ClipNetwork(backbone) for backbone in backbones)

    def run(count: int) -> None:
        pictures = torch.zeros(8 * count, 112, 112, 3, dtype=torch.uint8)
        started = (
            see.start(PictureClips(pictures, torch.arange(8 * count).unflatten(0, (count, 8)))),
            hear.start(SoundClips(torch.zeros(MINIMUM_SAMPLES), *np.zeros((2, count), np.int64), MINIMUM_SAMPLES)),
        )
        for one in started:
            one.result()

    counts = [min(see.at_once, clips - start) for start in range(0, clips, see.at_once)]
    for _ in stream(run, counts, see.device):
        pass


def _authors_way(
    recording: Recording, video: Path, pts_s: np.ndarray, ends: np.ndarray, folder: Path, decode_s: float
) -> None:
    """Crops as jpg files, one wav per frame; then both opened again for every clip."""
    crops, sounds = folder / "crops", folder / "wavs"
    crops.mkdir()
    sounds.mkdir()
    started = time.perf_counter()
    for frame, crop in Crops(recording, len(pts_s)).iterate(np.ones(len(pts_s), bool)):
        if crop is not None:
            cv2.imwrite(str(crops / f"{frame + 1:05d}.jpg"), crop[..., ::-1])
    track = read_audio(video)
    for end in range(len(pts_s)):
        clip = audio_clip(track, pts_s, end)
        if clip is not None:
            with wave.open(str(sounds / f"{end + 1:05d}.wav"), "wb") as file:
                file.setparams((1, 2, SAMPLE_RATE_HZ, 0, "NONE", ""))
                file.writeframes((np.clip(clip, -1, 1) * 32767).astype(np.int16).tobytes())
    prepare_s = time.perf_counter() - started
    started = time.perf_counter()
    for end in ends:
        for frame in clip_frame_indices(int(end)):
            cv2.imread(str(crops / f"{frame + 1:05d}.jpg"))
        path = sounds / f"{end + 1:05d}.wav"
        if path.is_file():
            with wave.open(str(path)) as file:
                np.frombuffer(file.readframes(file.getnframes()), np.int16)
    read_s = time.perf_counter() - started
    used = sum(path.stat().st_size for path in folder.rglob("*.*") if path.parent in (crops, sounds))
    own = video.stat().st_size
    print(
        f"the authors' way: {prepare_s:.2f} s to cut files, {read_s:.2f} s to read them for one pass, "
        f"{used / 1e6:.1f} MB in {len(list(crops.iterdir())) + len(list(sounds.iterdir()))} files"
    )
    print(f"  ratio: {(prepare_s + read_s) / decode_s:.1f} times the time, {used / own:.0f} times the disk")
    shutil.rmtree(crops)


if __name__ == "__main__":
    main()
