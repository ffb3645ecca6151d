"""Clips in batches: what several of them share is copied to the device once, and they are cut there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Protocol

import numpy as np
import torch
from torch import Tensor

from iaca.data.faces.places import CROP_SIZE
from iaca.data.media.sound import AudioTrack
from iaca.features.backbone_inputs import MINIMUM_SAMPLES, audio_input, normalised, sound_span

BATCH_CLIPS = 32
"""Clips that a CPU works on at the same time, in as many batches as there are threads; this bounds the memory."""

BATCH_BYTES = 2**24
"""Bytes of sound in a batch of up to `BATCH_CLIPS`, which bound the memory for the long sounds of a low frame rate."""

WAITING_CLIPS, WAITING_BYTES = 8 * BATCH_CLIPS, 2**27
"""How many clips, and bytes of sound, may wait for others of their length: where the frame rate varies, nearly every
sound has a length of its own. Clips of a batch so lie near each other, and share what they hear."""

BLACK = np.zeros((CROP_SIZE, CROP_SIZE, 3), np.uint8)
"""A missing picture among others."""


class Clips(Protocol):
    """A batch of clips that becomes the input of a network on whatever device that runs on."""

    def __len__(self) -> int: ...

    def rows(self, which: slice | np.ndarray) -> Clips:
        """Some of the clips."""

    def on(self, device: torch.device, number_format: torch.dtype) -> Tensor:
        """The input of the network, (B, ...), in a number format."""


class Inputs:
    """Clips that already are the input of a network, (B, ...)."""

    def __init__(self, x: Tensor) -> None:
        self.x = x

    def __len__(self) -> int:
        return len(self.x)

    def rows(self, which: slice | np.ndarray) -> Inputs:
        """As `Clips`."""
        return Inputs(self.x[which])

    def on(self, device: torch.device, number_format: torch.dtype) -> Tensor:
        """As `Clips`."""
        return self.x.to(device, number_format, non_blocking=True)


class PictureClips:
    """Pictures of clips: each is copied to the device and normalised once, however many clips show it.

    Args:
        pictures: (F, 112, 112, 3) uint8 RGB.
        index: (B, 8) int64, the pictures of each clip.
    """

    def __init__(self, pictures: Tensor, index: Tensor) -> None:
        self.pictures, self.index = pictures, index

    def __len__(self) -> int:
        return len(self.index)

    def rows(self, which: slice | np.ndarray) -> PictureClips:
        """As `Clips`."""
        return PictureClips(self.pictures, self.index[which])

    def on(self, device: torch.device, number_format: torch.dtype) -> Tensor:
        """(B, 3, 8, 112, 112); as `Clips`."""
        pictures = normalised(self.pictures.to(device, non_blocking=True)).to(number_format)
        index = self.index.to(device, non_blocking=True)
        return pictures.index_select(0, index.flatten()).unflatten(0, index.shape).permute(0, 4, 1, 2, 3)


class SoundClips:
    """Sound of clips of one length: samples that several share are copied to the device once.

    Args:
        samples: (S,) float32 at 44.1 kHz.
        starts: First sample of each clip.
        silent: Samples at the start of each clip that stand for no sound.
        length: Samples in a clip.
    """

    def __init__(self, samples: Tensor, starts: np.ndarray, silent: np.ndarray, length: int) -> None:
        self.samples, self.starts, self.silent, self.length = samples, starts, silent, length

    def __len__(self) -> int:
        return len(self.starts)

    def rows(self, which: slice | np.ndarray) -> SoundClips:
        """As `Clips`."""
        return SoundClips(self.samples, self.starts[which], self.silent[which], self.length)

    def waveforms(self, device: torch.device) -> Tensor:
        """(B, length) float32, what `iaca.features.backbone_inputs.audio_clip` gives for each clip."""
        samples = self.samples.to(device, non_blocking=True)
        waveforms = torch.stack([samples[start : start + self.length] for start in self.starts.tolist()])
        if not self.silent.any():
            return waveforms
        before = torch.from_numpy(self.silent).to(device)[:, None]
        return waveforms.masked_fill_(torch.arange(self.length, device=device) < before, 0)

    def on(self, device: torch.device, number_format: torch.dtype) -> Tensor:
        """(B, 1, 64, F); as `Clips`."""
        return audio_input(self.waveforms(device)).to(number_format)


def picture_batches(
    clips: Iterable[Sequence[np.ndarray | None]], at_once: int, *, pinned: bool = False
) -> Iterator[tuple[list[int], PictureClips]]:
    """Group the pictures of clips into batches; clips without any picture are skipped.

    Args:
        clips: Eight pictures each, (112, 112, 3) uint8 RGB, None where a face is missing. Clips that share a picture
            have the same array.
        at_once: Clips in a batch, at most.
        pinned: Whether pictures go to memory from which a GPU copies while it computes.

    Yields:
        Numbers of the clips among all, and the clips.
    """
    places: list[int] = []
    rows: list[list[int]] = []
    known: dict[int, int] = {}
    pictures: list[np.ndarray] = []

    def batch() -> tuple[list[int], PictureClips]:
        memory = torch.empty((len(pictures), *BLACK.shape), dtype=torch.uint8, pin_memory=pinned)
        np.stack(pictures, out=memory.numpy())
        return places, PictureClips(memory, torch.tensor(rows))

    for place, clip in enumerate(clips):
        if all(picture is None for picture in clip):
            continue
        for picture in clip:
            if id(picture) not in known:
                known[id(picture)] = len(pictures)
                pictures.append(BLACK if picture is None else picture)
        places.append(place)
        rows.append([known[id(picture)] for picture in clip])
        if len(places) == at_once:
            yield batch()
            places, rows, known, pictures = [], [], {}, []
    if places:
        yield batch()


def sound_batches(
    track: AudioTrack | None, pts_s: np.ndarray, ends: np.ndarray, at_once: int, *, pinned: bool = False
) -> Iterator[tuple[list[int], SoundClips]]:
    """Group the sounds of clips into batches of one length; clips without sound are skipped.

    Args:
        track: The sound of the video, or None without one.
        pts_s: (N,) presentation time of each frame, seconds.
        ends: (T,) last frame of each clip.
        at_once: Clips in a batch, at most.
        pinned: As in `picture_batches`.

    Yields:
        Numbers of the clips among all, and the clips.
    """
    if track is None:
        return
    spans = [sound_span(track, pts_s, int(end)) for end in ends]
    lengths = [None if span is None else max(span[1] - span[0], MINIMUM_SAMPLES) for span in spans]
    for places in equal_lengths(lengths, at_once):
        starts, stops = np.array([spans[place] for place in places], np.int64).T
        clips = _cut(track, starts, stops, lengths[places[0]] or 0, pinned)
        track.release()
        yield places, clips


def _cut(track: AudioTrack, starts: np.ndarray, stops: np.ndarray, length: int, pinned: bool) -> SoundClips:
    """Clips of a length, the sound of each of which ends at one of `stops` and begins at one of `starts`."""
    firsts = stops - length
    order = np.argsort(firsts, kind="stable")
    # Clips that overlap are one piece: a piece begins where no earlier clip reaches.
    begins = np.r_[True, firsts[order][1:] > firsts[order][:-1] + length]
    piece = np.cumsum(begins) - 1
    lows = firsts[order][begins]
    highs = firsts[order][np.r_[np.flatnonzero(begins)[1:] - 1, len(order) - 1]] + length
    offsets = np.r_[0, np.cumsum(highs - lows)]
    samples = torch.zeros(int(offsets[-1]), pin_memory=pinned)
    memory, last = samples.numpy(), len(track.samples)
    for low, high, offset in zip(lows.tolist(), highs.tolist(), offsets.tolist(), strict=False):
        sounding = track.samples[max(low, 0) : max(min(high, last), 0)]
        memory[offset + max(0, -low) :][: len(sounding)] = sounding
    places = np.empty(len(order), np.int64)
    places[order] = firsts[order] - lows[piece] + offsets[piece]
    return SoundClips(samples, places, starts - firsts, length)


def equal_lengths(lengths: Iterable[int | None], at_once: int = BATCH_CLIPS) -> Iterator[list[int]]:
    """Group sounds into batches of one length, so that none is padded; missing ones are skipped.

    Args:
        lengths: Samples of each sound; None for a missing one.
        at_once: Sounds in a batch, at most.

    Yields:
        Numbers of the sounds among all.
    """
    waiting: dict[int, list[int]] = {}
    held = held_bytes = 0
    growth = max(1, at_once / BATCH_CLIPS)
    for place, length in enumerate(lengths):
        if length is None:
            continue
        batch = waiting.setdefault(length, [])
        batch.append(place)
        sound_bytes = length * np.dtype(np.float32).itemsize
        held += 1
        held_bytes += sound_bytes
        is_full = len(batch) >= at_once or len(batch) * sound_bytes >= growth * BATCH_BYTES
        if not is_full and held <= growth * WAITING_CLIPS and held_bytes <= growth * WAITING_BYTES:
            continue
        if not is_full:
            length = max(waiting, key=lambda one: one * len(waiting[one]))
        batch = waiting.pop(length)
        held -= len(batch)
        held_bytes -= len(batch) * length * np.dtype(np.float32).itemsize
        yield batch
    yield from waiting.values()
