"""A summary of a video's sound, small enough to draw: envelope of the waveform and mel spectrogram."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch

from iaca.data.media.apart import apart
from iaca.data.media.container import EDITION
from iaca.data.media.mel import HOP_SAMPLES, MEL_BANDS, TOP_DB, mel_power
from iaca.data.media.sound import SAMPLE_RATE_HZ, read_audio
from iaca.files import file_state, write_whole

HOPS_PER_COLUMN = 2
COLUMNS_PER_BLOCK = 3_000
"""A minute: memory does not grow with the length of the video."""

HEADER_BYTES = 5 * 4

CONTEXT_HOPS = 2
"""Sound on both sides of a block that its windows reach into."""


def sound_summary(path: Path, folder: Path) -> Path:
    """Write the summary of a video's sound once; it is decoded in a process of its own.

    The file: five little-endian float32 (columns, mel bands, bins of the envelope per column, seconds per column, 0),
    then uint8 (bands, columns) decibels from 80 below the loudest (0) to the loudest (255), low bands first, then int8
    smallest and largest sample of every bin as a share of the loudest, 127 being 1. A video without sound has an empty
    file. Column k begins k columns' time after the first frame.

    Args:
        path: The video.
        folder: Where summaries are kept.

    Returns:
        The file.

    Raises:
        MediaError: The video cannot be read.
        OSError: The summary cannot be written.
    """
    target = folder / f"{file_state(path.resolve()).digest[:32]}.{EDITION}.sound"
    if not _is_whole(target):
        write_whole(target, apart(path, _summarise, path, making=True))
    return target


def _is_whole(file: Path) -> bool:
    """Whether a file is as long as its header says; an empty one is whole."""
    try:
        with open(file, "rb") as opened:
            header = opened.read(HEADER_BYTES)
            size = opened.seek(0, os.SEEK_END)
    except OSError:
        return False
    if len(header) < HEADER_BYTES:
        return size == 0
    columns, bands, bins, _, _ = np.frombuffer(header, "<f4")
    return bool(size == HEADER_BYTES + columns * (bands + 2 * bins))


class SoundSummary(NamedTuple):
    """What a summary holds; see `sound_summary`.

    Attributes:
        mel: (bands, columns) uint8, low bands first.
        low: (bins,) int8, smallest sample of every bin; 127 is the loudest.
        high: (bins,) int8, largest sample.
        column_s: Seconds per column.
    """

    mel: np.ndarray
    low: np.ndarray
    high: np.ndarray
    column_s: float


def read_summary(file: Path) -> SoundSummary | None:
    """A file that `sound_summary` wrote; None for that of a video without sound."""
    content = file.read_bytes()
    if not content:
        return None
    columns, bands, bins, column_s, _ = np.frombuffer(content, "<f4", 5)
    size, header = int(columns * bands), HEADER_BYTES
    mel = np.frombuffer(content, np.uint8, size, header).reshape(int(bands), int(columns))
    low, high = np.frombuffer(content, np.int8, offset=header + size).reshape(2, int(columns * bins))
    return SoundSummary(mel, low, high, float(column_s))


def _summarise(path: Path) -> bytes:
    track = read_audio(path)
    if track is None:
        return b""
    hops = -(-len(track.samples) // HOP_SAMPLES)
    columns = -(-hops // HOPS_PER_COLUMN)
    power = np.zeros((MEL_BANDS, columns), np.float32)
    low, high = (np.zeros(columns * HOPS_PER_COLUMN, np.float32) for _ in range(2))
    for first in range(0, columns, COLUMNS_PER_BLOCK):
        last = min(columns, first + COLUMNS_PER_BLOCK)
        start, stop = first * HOPS_PER_COLUMN, last * HOPS_PER_COLUMN
        block = _samples(track.samples, start - CONTEXT_HOPS, stop + CONTEXT_HOPS)
        with torch.inference_mode():
            found = mel_power(torch.from_numpy(block)[None])[0].numpy()
        found = found[:, CONTEXT_HOPS : CONTEXT_HOPS + stop - start]
        power[:, first:last] = found.reshape(MEL_BANDS, last - first, HOPS_PER_COLUMN).max(axis=2)
        bins = block[CONTEXT_HOPS * HOP_SAMPLES : -CONTEXT_HOPS * HOP_SAMPLES].reshape(-1, HOP_SAMPLES)
        low[start:stop], high[start:stop] = bins.min(axis=1), bins.max(axis=1)
    decibels = 10 * np.log10(np.maximum(power, 1e-10))
    shade = np.clip(1 + (decibels - decibels.max()) / TOP_DB, 0, 1) * 255
    loudest = max(float(np.abs(low).max()), float(np.abs(high).max())) or 1.0
    seconds = HOPS_PER_COLUMN * HOP_SAMPLES / SAMPLE_RATE_HZ
    header = np.array([columns, MEL_BANDS, HOPS_PER_COLUMN, seconds, 0], "<f4")
    envelope = [np.round(127 * values / loudest).astype(np.int8).tobytes() for values in (low, high)]
    return b"".join([header.tobytes(), np.round(shade).astype(np.uint8).tobytes(), *envelope])


def _samples(samples: np.ndarray, start: int, stop: int) -> np.ndarray:
    """Samples from one hop to another, zeros outside of the track."""
    first, last = start * HOP_SAMPLES, stop * HOP_SAMPLES
    wave = np.zeros(last - first, np.float32)
    present = samples[max(0, first) : max(0, min(last, len(samples)))]
    begin = max(0, -first)
    wave[begin : begin + len(present)] = present
    return wave
