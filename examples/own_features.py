"""Bring features of your own backbones: write them as a feature file that every command and the page read.

`python examples/own_features.py OUT` makes random ones, trains a small model on them and asks it about a recording.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import iaca
from iaca.checkpoints import save_checkpoint
from iaca.clips import clip_ends
from iaca.config import FusionConfig, TrainingConfig
from iaca.features.feature_files import write_features
from iaca.training import train_fusion
from iaca.types import Features

out = Path(sys.argv[1] if len(sys.argv) > 1 else "runs/examples") / "own_features"
out.mkdir(parents=True, exist_ok=True)

# Whose features these are. A model is refused where its features came from other backbones.
BACKBONES = {
    "audio": {"name": "wav2vec2-large", "sha256": "a" * 64},
    "visual": {"name": "my-face-network", "sha256": "b" * 64},
}
RATE_HZ, STRIDE, AUDIO_DIM, VISUAL_DIM = 25, 8, 24, 32


def recording(name: str, split: str, seconds: float, seed: int) -> Features:
    """One recording: two feature vectors for each clip of 32 frames, one label for each frame."""
    draw = np.random.default_rng(seed)
    pts_s = np.arange(round(seconds * RATE_HZ)) / RATE_HZ
    valence, arousal = 0.8 * np.sin(pts_s + seed), 0.7 * np.cos(1.3 * pts_s + seed)
    end = clip_ends(len(pts_s), STRIDE)  # the last frame of each clip
    audio, visual = draw.normal(size=(len(end), AUDIO_DIM)), draw.normal(size=(len(end), VISUAL_DIM))
    audio[:, 0] += 2 * arousal[end]
    visual[:, 0] += 2 * valence[end]
    valence[:RATE_HZ] = np.nan  # not annotated
    return Features(
        subject=name,
        video=name,
        split=split,
        clip_stride=STRIDE,
        backbones=BACKBONES,
        created_by="own_features.py",
        problems=(),
        audio=audio.astype(np.float32),
        visual=visual.astype(np.float32),
        frame=end.astype(np.int32),
        pts_s=pts_s,
        valence=valence.astype(np.float32),
        arousal=arousal.astype(np.float32),
        has_face=np.ones(len(pts_s), bool),
        has_audio=np.ones(len(pts_s), bool),
        # What your backbones answer to zeros: it stands for a clip that is missing.
        audio_zero=np.zeros(AUDIO_DIM, np.float32),
        visual_zero=np.zeros(VISUAL_DIM, np.float32),
    )


people = [recording(f"person-{i}", "train" if i < 6 else "validation", 40, i) for i in range(8)]
for one in people:
    write_features(out / f"{one.subject}.safetensors", one)

config = FusionConfig(fusion="ca", iaca=True, audio_dim=AUDIO_DIM, visual_dim=VISUAL_DIM, dim=24)
model, report = train_fusion(people[:6], config, TrainingConfig(epochs=5), validation=people[6:], progress=False)
save_checkpoint(out / "models" / "ca_iaca.safetensors", model, backbones=BACKBONES, training=report)

checkpoint = iaca.load_checkpoint(out / "models" / "ca_iaca.safetensors")
trace = iaca.infer(iaca.load_features(out / "person-7.safetensors"), checkpoint)
print(trace)
print(f"\niaca dashboard --data {out} --features {out} --checkpoints {out / 'models'}")
