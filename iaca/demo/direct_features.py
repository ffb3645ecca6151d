"""From a planned recording straight to its features: only the pictures that clips read are drawn, and none is encoded.

The sound makes the same way through AAC as that of a video. For corpora that are studied and never shown.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

import iaca
from iaca.checkpoints import BackboneFile
from iaca.clips import clip_ends, clip_frame_indices
from iaca.config import AUDIO, VISUAL
from iaca.config.vocabulary import CLIP_PICTURES
from iaca.data.faces.places import CROP_SIZE, crop_face
from iaca.data.media.mel import HOP_SAMPLES, MEL_BANDS
from iaca.data.media.sound import AudioTrack, read_audio
from iaca.demo.performance import FPS, Plan
from iaca.demo.scene import Scene
from iaca.demo.video_writing import write_video
from iaca.demo.voice import SAMPLE_RATE_HZ
from iaca.features.backbone_inputs import MINIMUM_SAMPLES, frames_with_audio
from iaca.features.clip_batches import picture_batches, sound_batches
from iaca.features.clip_networks import ClipNetwork
from iaca.types import Features

SMALLEST_PICTURE = 16
"""Pixels: side of the one picture that the sound's file needs."""


def direct_features(
    plan: Plan, split: str, visual: BackboneFile, audio: BackboneFile, *, clip_stride: int, video_size: int
) -> Features:
    """Compute the features of a recording that is never written.

    Args:
        plan: The recording.
        split: Split that its features name.
        visual: Backbone for pictures.
        audio: Backbone for sound.
        clip_stride: Frames between the ends of neighbouring clips: 1, 2, 4, 8, 16 or 32.
        video_size: Width and height at which pictures are drawn, pixels.

    Returns:
        Features, labels and masks, as extraction makes them of a video that keeps every picture as it was drawn.
    """
    scene = Scene(plan, video_size)
    performance = scene.performance
    pts_s = np.arange(performance.frames) / FPS
    ends = clip_ends(performance.frames, clip_stride)
    track = _as_recorded(scene)
    see, hear = ClipNetwork(visual), ClipNetwork(audio)
    visual_zero = see(torch.zeros(1, 3, CLIP_PICTURES, CROP_SIZE, CROP_SIZE))[0]
    audio_zero = hear(torch.zeros(1, 1, MEL_BANDS, 1 + MINIMUM_SAMPLES // HOP_SAMPLES))[0]
    values = {VISUAL: np.tile(visual_zero, (len(ends), 1)), AUDIO: np.tile(audio_zero, (len(ends), 1))}
    for places, pictures in picture_batches(_picture_clips(scene, ends), see.at_once):
        values[VISUAL][places] = see.start(pictures).result()
    for places, sounds in sound_batches(track, pts_s, ends, hear.at_once):
        values[AUDIO][places] = hear.start(sounds).result()
    return Features(
        subject=plan.subject,
        video=plan.subject,
        split=split,
        clip_stride=clip_stride,
        backbones={b.config.modality: {"name": b.name, "sha256": b.sha256} for b in (audio, visual)},
        created_by=f"iaca {iaca.__version__}",
        problems=(*see.remarks, *hear.remarks),
        audio=values[AUDIO],
        visual=values[VISUAL],
        frame=ends,
        pts_s=pts_s,
        valence=performance.label_valence.astype(np.float32),
        arousal=performance.label_arousal.astype(np.float32),
        has_face=np.ones(performance.frames, bool),
        has_audio=frames_with_audio(track, pts_s),
        audio_zero=audio_zero,
        visual_zero=visual_zero,
        computed={VISUAL: see.computed, AUDIO: hear.computed},
    )


def _as_recorded(scene: Scene) -> AudioTrack | None:
    """The sound after AAC, on the clock of the pictures."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "sound.mp4"
        write_video(
            file,
            [np.zeros((SMALLEST_PICTURE, SMALLEST_PICTURE, 3), np.uint8)] * 2,  # sound with one has a cover
            scene.sound,
            video_size=SMALLEST_PICTURE,
            fps=FPS,
            sample_rate_hz=SAMPLE_RATE_HZ,
            audio_lead_s=scene.performance.audio_lead_s,
            crf=23,
            preset="ultrafast",
        )
        return read_audio(file)


def _picture_clips(scene: Scene, ends: np.ndarray) -> Iterator[list[np.ndarray]]:
    """The eight pictures of each clip; each is drawn once."""
    needed = [clip_frame_indices(int(end)) for end in ends]
    frames = np.unique(np.concatenate(needed))
    crops: dict[int, np.ndarray] = {}
    pictures = scene.pictures(frames)
    for indices in needed:
        while max(indices) not in crops:
            frame, picture = next(pictures)
            crops[frame] = crop_face(picture, *(float(column[frame]) for column in scene.face))
        for frame in [frame for frame in crops if frame < indices[0]]:
            del crops[frame]
        yield [crops[int(frame)] for frame in indices]
