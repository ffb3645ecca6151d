"""Speed of extraction: decoding alone, backbones alone, the whole; and the authors' way on the same subject.

The authors cut one wav file per frame and open eight jpg files per clip. Run: python benchmarks/extraction.py
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
import wave
from pathlib import Path

import cv2
import numpy as np
import torch

from iaca.checkpoints import load_backbone, save_backbone
from iaca.config import BackboneConfig
from iaca.data.clips import clip_ends, clip_frame_indices
from iaca.data.crops import Crops
from iaca.data.index import find_recordings
from iaca.data.media import SAMPLE_RATE_HZ, read_audio
from iaca.data.timeline import read_timeline
from iaca.data.transforms import audio_clip, audio_input, visual_input
from iaca.devices import choose_device, device_label
from iaca.extraction import BATCH_CLIPS, extract
from iaca.models.backbones import build_backbone

ROOT = Path(__file__).resolve().parent.parent


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT / "demo", help="data root (default: the shown corpus)")
    parser.add_argument("--subject", default="strong-01")
    parser.add_argument("--clip-stride", type=int, default=4)
    parser.add_argument("--device")
    args = parser.parse_args()
    device = choose_device(args.device)
    recording = find_recordings(args.root).find(args.subject)
    with tempfile.TemporaryDirectory() as folder:
        backbones = [_backbone(Path(folder), modality) for modality in ("visual", "audio")]
        timeline = read_timeline(recording)
        ends = clip_ends(len(timeline.pts_s), args.clip_stride)
        clips = len(ends)
        extract(recording, *backbones, clip_stride=32, device=device)  # first calls are slow
        print(f"{recording.subject}: {len(timeline.pts_s)} frames, {clips} clips, {device_label(device)}")

        started = time.perf_counter()
        pictures = sum(clip is not None for clip in Crops(recording, len(timeline.pts_s)).clips(ends))
        track = read_audio(recording.video_file)
        sounds = sum(audio_clip(track, timeline.pts_s, int(end)) is not None for end in ends)
        decode_s = time.perf_counter() - started
        started = time.perf_counter()
        for _ in range(0, clips, BATCH_CLIPS):
            _run_networks(backbones, device)
        network_s = time.perf_counter() - started
        started = time.perf_counter()
        extract(recording, *backbones, clip_stride=args.clip_stride, device=device)
        whole_s = time.perf_counter() - started
        for name, seconds in (
            ("decode alone", decode_s),
            ("transforms and backbones alone", network_s),
            ("whole", whole_s),
        ):
            print(f"  {name:<32}{seconds:7.2f} s{clips / seconds:9.1f} clips/s")
        print(
            f"  whole against the slower of both: {max(decode_s, network_s) / whole_s:.0%} ({pictures}, {sounds} clips)"
        )
        _authors_way(recording, timeline.pts_s, ends, Path(folder), decode_s)


def _backbone(folder: Path, modality: str):
    config = BackboneConfig(modality=modality)
    save_backbone(folder / f"{modality}.safetensors", build_backbone(config), config)
    return load_backbone(folder / f"{modality}.safetensors")


@torch.inference_mode()
def _run_networks(backbones, device) -> None:
    visual, audio = (backbone.model.to(device) for backbone in backbones)
    pictures = torch.zeros(BATCH_CLIPS, 8, 112, 112, 3, dtype=torch.uint8, device=device)
    visual.features(visual_input(pictures)).cpu()
    audio.features(audio_input(torch.zeros(BATCH_CLIPS, 54_684, device=device))).cpu()


def _authors_way(recording, pts_s: np.ndarray, ends: np.ndarray, folder: Path, decode_s: float) -> None:
    """Crops as jpg files, one wav per frame; then both opened again for every clip."""
    crops, sounds = folder / "crops", folder / "wavs"
    crops.mkdir()
    sounds.mkdir()
    started = time.perf_counter()
    for frame, crop in Crops(recording, len(pts_s)).iterate(np.ones(len(pts_s), bool)):
        if crop is not None:
            cv2.imwrite(str(crops / f"{frame + 1:05d}.jpg"), crop[..., ::-1])
    track = read_audio(recording.video_file)
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
    own = recording.video_file.stat().st_size
    print(
        f"the authors' way: {prepare_s:.2f} s to cut files, {read_s:.2f} s to read them for one pass, "
        f"{used / 1e6:.1f} MB in {len(list(crops.iterdir())) + len(list(sounds.iterdir()))} files"
    )
    print(f"  ratio: {(prepare_s + read_s) / decode_s:.1f} times the time, {used / own:.0f} times the disk")
    shutil.rmtree(crops)


if __name__ == "__main__":
    main()
