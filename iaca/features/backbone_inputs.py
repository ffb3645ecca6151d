"""From decoded media to the input of a backbone: the same functions in training and in extraction."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from iaca.config import CLIP_FRAMES
from iaca.data.media.mel import TOP_DB, _torchaudio, mel_power
from iaca.data.media.sound import SAMPLE_RATE_HZ, AudioTrack
from iaca.data.media.video import LONGEST_CLIP_S

PIXEL_MEAN = (0.43216, 0.394666, 0.37645)
PIXEL_STD = (0.22803, 0.22145, 0.216989)
"""Mean and standard deviation of Kinetics-400, as torchvision's video networks expect."""

MINIMUM_SAMPLES = 45_599
"""Samples of a sound clip at 30 frames/s; shorter spans are padded on the left."""

DB_MEAN = -14.8
DB_STD = 19.895


def visual_input(pictures: Tensor) -> Tensor:
    """Normalise the pictures of clips.

    Args:
        pictures: (B, 8, 112, 112, 3) uint8 RGB; a missing crop among others is black.

    Returns:
        (B, 3, 8, 112, 112) float32.
    """
    return normalised(pictures).permute(0, 4, 1, 2, 3)


def normalised(pictures: Tensor) -> Tensor:
    """Normalise pictures.

    Args:
        pictures: (..., 3) uint8 RGB.

    Returns:
        (..., 3) float32.
    """
    mean, std = _pixel_statistics(pictures.device)
    # In place, since four copies of a batch would cost more than the arithmetic.
    return pictures.to(torch.float32, copy=True).div_(255).sub_(mean).div_(std)


@lru_cache(maxsize=4)
def _pixel_statistics(device: torch.device) -> tuple[Tensor, Tensor]:
    with torch.inference_mode(False):  # kept for training too
        return torch.tensor(PIXEL_MEAN, device=device), torch.tensor(PIXEL_STD, device=device)


def audio_input(waveforms: Tensor) -> Tensor:
    """Compute log-mel spectrograms of clips.

    Source: the authors' settings: 64 mel bands, Hann window of 882, hop of 441, FFT of 1024 samples at 44.1 kHz,
    decibels down to 80 below the loudest, (x + 14.8) / 19.895.

    Args:
        waveforms: (B, S) float32 at 44.1 kHz, all of one length, so that a clip never depends on its neighbours.

    Returns:
        (B, 1, 64, 1 + S // 441) float32; digital silence is -4.28.
    """
    power = mel_power(waveforms)[:, None]
    # Four dimensions: with fewer, torchaudio takes the loudest value of the whole batch as the reference of every clip.
    decibels = _torchaudio().functional.amplitude_to_DB(power, 10.0, 1e-10, 0.0, TOP_DB)
    return (decibels - DB_MEAN) / DB_STD


def audio_clip(track: AudioTrack | None, pts_s: np.ndarray, end: int) -> np.ndarray | None:
    """The sound of a clip, from frame `end` - 31 to frame `end`.

    Args:
        track: The sound of the video, or None without one.
        pts_s: (N,) presentation time of each frame, seconds.
        end: Last frame of the clip.

    Returns:
        (S,) float32 with S at least 45,599. Zeros pad the left of a short span, and any part of it without sound. None
        where no part of the span has sound, or where it is longer than `LONGEST_CLIP_S`.
    """
    span = None if track is None else sound_span(track, pts_s, end)
    if track is None or span is None:
        return None
    start, stop = span
    length = stop - start
    waveform = np.zeros(max(length, MINIMUM_SAMPLES), np.float32)
    sounding = track.samples[max(start, 0) : min(stop, len(track.samples))]
    offset = len(waveform) - length + max(0, -start)
    waveform[offset : offset + len(sounding)] = sounding
    return waveform


def sound_span(track: AudioTrack, pts_s: np.ndarray, end: int) -> tuple[int, int] | None:
    """Where the sound of a clip lies in a track.

    Args:
        track: The sound of the video.
        pts_s: (N,) presentation time of each frame, seconds.
        end: Last frame of the clip.

    Returns:
        First sample and the one after the last; the first may lie before the track, the last behind it. None where no
        part of the span has sound, or where it is longer than `LONGEST_CLIP_S`.
    """
    start_s, end_s = pts_s[max(0, end - CLIP_FRAMES + 1)], pts_s[end]
    if end_s - start_s > LONGEST_CLIP_S:
        return None
    # The length is rounded, and not both ends, or lengths would differ by one from clip to clip.
    length = round((end_s - start_s) * SAMPLE_RATE_HZ)
    stop = round(end_s * SAMPLE_RATE_HZ)
    start = stop - length
    first, last = round(track.start_s * SAMPLE_RATE_HZ), len(track.samples)
    return None if min(stop, last) <= max(start, first) else (start, stop)


def frames_with_audio(track: AudioTrack | None, pts_s: np.ndarray) -> np.ndarray:
    """Frames at which there is sound.

    Args:
        track: The sound of the video, or None without one.
        pts_s: (N,) presentation time of each frame, seconds.

    Returns:
        (N,) bool.
    """
    if track is None:
        return np.zeros(len(pts_s), bool)
    return (pts_s >= track.start_s) & (pts_s < track.end_s)
