"""Mel spectrograms of sound."""

from __future__ import annotations

import importlib
import threading
from functools import lru_cache
from types import ModuleType

import torch
from torch import Tensor

from iaca.data.media.sound import SAMPLE_RATE_HZ

_loading = threading.Lock()

MEL_BANDS = 64
HOP_SAMPLES = 441

TOP_DB = 80.0


def mel_power(waveforms: Tensor) -> Tensor:
    """Power in mel bands.

    Args:
        waveforms: (B, S) float32.

    Returns:
        (B, 64, 1 + S // 441) float32, at least 0; column k is centred at sample 441 k.
    """
    return _mel(waveforms.device)(waveforms)


@lru_cache(maxsize=4)
def _mel(device: torch.device) -> torch.nn.Module:
    spectrogram = _torchaudio().transforms.MelSpectrogram
    with torch.inference_mode(False):  # kept for whoever comes next
        made = spectrogram(SAMPLE_RATE_HZ, n_fft=1024, win_length=882, hop_length=HOP_SAMPLES, n_mels=MEL_BANDS)
        return made.to(device)


def _torchaudio() -> ModuleType:
    """Loaded on first use, by one thread: two that load it at once see half of it."""
    with _loading:
        return importlib.import_module("torchaudio")
