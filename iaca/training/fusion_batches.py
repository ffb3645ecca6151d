"""Random windows of training features, some of them short, and some without a modality for a part of their clips."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from iaca.compute.devices import sent
from iaca.compute.threads import CPU
from iaca.config import CLIP_FRAMES, TARGETS, TrainingConfig
from iaca.errors import is_out_of_memory
from iaca.types import Features

_log = logging.getLogger(__name__)


class Pool(NamedTuple):
    """All clips of the training features in one table, on one device.

    Attributes:
        audio: (S + 1, D_a), all clips of all subjects; the last row is the backbone's output for zeros.
        visual: (S + 1, D_v), likewise.
        truth: (S + 1, 2), valence and arousal of the last frame of each clip; NaN where not annotated.
        first_row: (R,) first row of each subject.
        num_clips: (R,) clips of each subject.
        step: Rows between the clips of a window.
    """

    audio: Tensor
    visual: Tensor
    truth: Tensor
    first_row: np.ndarray
    num_clips: np.ndarray
    step: int


def make_pool(features: Sequence[Features], device: torch.device | str) -> Pool:
    """Put all clips into one table, so that drawing a batch is one indexing operation.

    Args:
        features: Training subjects, all of one clip stride and one pair of backbones.
        device: Device of the table.
    """
    parts: dict[str, list[np.ndarray]] = {"audio": [], "visual": [], "truth": []}
    for item in features:
        parts["audio"].append(item.audio)
        parts["visual"].append(item.visual)
        parts["truth"].append(np.stack([getattr(item, target)[item.frame] for target in TARGETS], axis=1))
    parts["audio"].append(features[0].audio_zero[None])
    parts["visual"].append(features[0].visual_zero[None])
    parts["truth"].append(np.full((1, len(TARGETS)), np.nan, np.float32))
    audio, visual, truth = (torch.from_numpy(np.concatenate(p).astype(np.float32)).to(device) for p in parts.values())
    count = np.array([len(item.frame) for item in features])
    first = np.concatenate(([0], np.cumsum(count)[:-1]))
    return Pool(audio, visual, truth, first, count, CLIP_FRAMES // features[0].clip_stride)


def pool_near(features: Sequence[Features], device: torch.device) -> Pool:
    """The table of `make_pool` on a device, or in the machine's memory where the device's does not hold it."""
    try:
        return make_pool(features, device)
    except RuntimeError as error:
        if device == CPU or not is_out_of_memory(error):
            raise
    torch.cuda.empty_cache()
    _log.warning("The memory of the GPU %s does not hold the features of all subjects: each batch is sent.", device)
    return make_pool(features, CPU)


def draw_batch(
    pool: Pool, training: TrainingConfig, clips: int, draw: np.random.Generator
) -> tuple[Tensor, Tensor, Tensor]:
    """Draw a batch of windows, some of them short; some lose a modality for a part of their clips.

    Args:
        pool: The training clips.
        training: Batch size, and the shares of short windows and of windows that lose a modality.
        clips: L, clips in a window.
        draw: Source of all randomness.

    Returns:
        audio (B, L, D_a), visual (B, L, D_v) and truth (B, L, 2), NaN where not annotated or empty.
    """
    size, empty = training.batch_windows, len(pool.audio) - 1
    subject = draw.integers(0, len(pool.num_clips), size)
    length = np.where(draw.random(size) < training.short_windows, draw.integers(1, max(clips, 2), size), clips)
    available = np.maximum(1, (pool.num_clips[subject] + pool.step - 1) // pool.step)
    length = np.minimum(length, available)
    span = (length - 1) * pool.step + 1
    # Later phases may hold one clip less than the first: shorten the window where its span does not fit.
    length = np.where(span > pool.num_clips[subject], length - 1, length)
    span = (length - 1) * pool.step + 1
    start = pool.first_row[subject] + draw.integers(0, pool.num_clips[subject] - span + 1)
    place = np.arange(clips)[None] - (clips - length)[:, None]  # negative: an empty place, which comes first
    rows = np.where(place >= 0, start[:, None] + place * pool.step, empty)
    audio_rows, visual_rows = rows.copy(), rows
    loses = draw.random(size) < training.modality_dropout
    lost = draw.random((size, clips)) < draw.random((size, 1))
    takes_audio = draw.random(size) < 0.5
    audio_rows[(loses & takes_audio)[:, None] & lost] = empty
    visual_rows = np.where((loses & ~takes_audio)[:, None] & lost, empty, rows)
    index = sent(np.stack((audio_rows, visual_rows, rows)), pool.audio.device)
    return pool.audio[index[0]], pool.visual[index[1]], pool.truth[index[2]]
