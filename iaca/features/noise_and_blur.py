"""Corrupting a recording with noise or blur, and computing the features that the backbone really gives for it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import cast

import numpy as np
import torch

from iaca.checkpoints import BackboneFile
from iaca.checkpoints.pretrained import find_backbone
from iaca.clips import clip_frame_indices
from iaca.compute.prefetch import prefetch
from iaca.compute.threads import stream
from iaca.config import AUDIO, CLIP_FRAMES, CorruptionConfig, CorruptionKind
from iaca.data.faces.crops import Crops
from iaca.data.media.apart import apart
from iaca.data.media.sound import SAMPLE_RATE_HZ, AudioTrack, read_audio
from iaca.errors import InputError
from iaca.features.clip_batches import Clips, picture_batches, sound_batches
from iaca.features.clip_networks import ClipNetwork
from iaca.types import Features, Progress, Recording, no_progress

NOISE_SAMPLES = 2**21
"""Samples after which noise repeats, without a seam: 48 s, longer than a window."""

LOWEST_HZ = 20.0
"""Lowest frequency of pink noise: below it, its power would grow without bound, and nobody would hear it."""

BLOCK_SAMPLES = round(0.02 * SAMPLE_RATE_HZ)
"""Length of the blocks in which speech is found: 20 ms."""

ACTIVE_DB = 30.0
"""A block counts as speech if it is at most this far below the loudest one."""


class CorruptionError(InputError):
    """A recording that cannot be corrupted: the message names it, what was found and what was expected."""


def corrupt(
    features: Features,
    recording: Recording,
    backbone: BackboneFile,
    config: CorruptionConfig,
    *,
    progress: Progress = no_progress,
) -> np.ndarray:
    """Corrupt the sound or the face of a recording, and compute the features of every clip that is affected.

    All other clips keep their features, and missing ones stay the backbone's output for zeros.

    Args:
        features: The subject, uncorrupted.
        recording: The media of the subject.
        backbone: The backbone that made the features of the modality; it runs on the device that it is on.
        config: Kind, strength and span of the corruption.
        progress: Told how many clips are finished, after every batch.

    Returns:
        (T, D_m) float32, features of the corrupted modality.

    Raises:
        CorruptionError: The features were made by another backbone, or there is nothing to corrupt.
        MediaError: There is no video, or it cannot be read.
        CropError, FacesError: There are no faces.
    """
    made_by = features.backbones.get(config.modality, {})
    if backbone.sha256 != made_by.get("sha256"):
        raise CorruptionError(
            f"features of {features.subject}: {config.modality} was made by backbone {made_by.get('name')} "
            f"({str(made_by.get('sha256'))[:8]}); {backbone.path} is another ({backbone.sha256[:8]})"
        )
    if recording.video_file is None or recording.sound_file is None:
        raise CorruptionError(f"{features.subject} has no video; expected {recording.video}.mp4 or .avi")
    network = ClipNetwork(backbone)
    touched = np.flatnonzero(touched_clips(config, features.frame, features.pts_s))
    ends = features.frame[touched]
    if config.modality == AUDIO:
        track = with_noise(_sound_of(features, recording.sound_file), config)
        batches: Iterator[tuple[list[int], Clips]] = sound_batches(track, features.pts_s, ends, network.at_once)
    else:
        clips = _blurred(Crops(recording, len(features.pts_s)), features.pts_s, ends, config)
        batches = picture_batches(clips, network.at_once)
    corrupted = getattr(features, config.modality).copy()

    def run(piece: tuple[list[int], Clips]) -> tuple[list[int], np.ndarray]:
        places, batch = piece
        return places, network.start(batch).result()

    for done, (places, values) in _counted(stream(run, prefetch(batches), network.device)):
        corrupted[touched[places]] = values
        progress(done, len(ends))
    return corrupted


def corrupt_apart(
    features: Features,
    recording: Recording,
    backbone: Path,
    device: str,
    config: CorruptionConfig,
    *,
    progress: Progress = no_progress,
) -> np.ndarray:
    """Do the same in a process of its own, which the recording may end.

    Args:
        features: As in `corrupt`.
        recording: As in `corrupt`.
        backbone: File of the backbone.
        device: Where it runs.
        config: As in `corrupt`.
        progress: As in `corrupt`.

    Returns:
        As `corrupt`.

    Raises:
        MediaError: Reading the recording ended the process, or took too much memory or time.
        InputError: As `corrupt` and `find_backbone`.
    """
    is_limited = torch.device(device).type == "cpu"
    return apart(
        recording.video_file or recording.video, _read_and_corrupt, features, recording, backbone, device, config,
        progress=progress, making=True, limited=is_limited,
    )  # fmt: skip


def _read_and_corrupt(
    features: Features,
    recording: Recording,
    backbone: Path,
    device: str,
    config: CorruptionConfig,
    progress: Progress,
) -> np.ndarray:
    found = find_backbone(backbone, config.modality, device)
    return corrupt(features, recording, found, config, progress=progress)


def touched_clips(config: CorruptionConfig, frame: np.ndarray, pts_s: np.ndarray) -> np.ndarray:
    """Clips that a corruption affects: a part of their sound, or one of their pictures, lies in its span.

    Args:
        config: Kind and span of the corruption.
        frame: (T,) frame at which each clip ends.
        pts_s: (N,) presentation time of each frame, seconds.

    Returns:
        (T,) bool.
    """
    start_s, end_s = config.span_s
    if config.modality == AUDIO:
        return (pts_s[frame] >= start_s) & (pts_s[np.maximum(frame - CLIP_FRAMES + 1, 0)] <= end_s)
    inside = (pts_s >= start_s) & (pts_s <= end_s)
    return np.array([inside[clip_frame_indices(int(end))].any() for end in frame], bool)


def with_noise(track: AudioTrack, config: CorruptionConfig) -> AudioTrack:
    """Add noise to a span of the sound.

    Choice: the signal-to-noise ratio compares the mean power of the speech in the span with that of the noise. Speech
    is every block of 20 ms that is at most 30 dB below the loudest, so that pauses do not make the noise softer.

    Args:
        track: The sound.
        config: White or pink noise, its signal-to-noise ratio in dB, its seed and its span.

    Returns:
        The sound with noise; its samples are computed when they are sliced.

    Raises:
        CorruptionError: There is no sound in the span.
    """
    start, stop = (round(min(max(s, track.start_s), track.end_s) * SAMPLE_RATE_HZ) for s in config.span_s)
    stop = min(stop, len(track.samples))
    power = speech_power(track.samples[start:stop])
    if not power > 0:
        raise CorruptionError(f"there is no sound from {start / SAMPLE_RATE_HZ:.1f} to {stop / SAMPLE_RATE_HZ:.1f} s")
    scale = np.sqrt(power / 10 ** (config.strength / 10))
    noisy = _Noisy(track.samples, noise(config.kind, config.seed), float(scale), start, stop)
    return track._replace(samples=cast(np.ndarray, noisy))  # nobody does more with samples than slice them


def speech_power(samples: np.ndarray) -> float:
    """Mean power of the blocks of 20 ms that hold speech.

    Args:
        samples: (S,) float32 at 44.1 kHz, read in parts.

    Returns:
        Power, at least 0; 0 for silence.
    """
    usable = len(samples) - len(samples) % BLOCK_SAMPLES
    if not usable:
        return float(np.mean(np.square(samples), dtype=np.float64)) if len(samples) else 0.0
    step = BLOCK_SAMPLES * 2048
    powers = np.concatenate(
        [
            np.square(samples[at : min(at + step, usable)], dtype=np.float64).reshape(-1, BLOCK_SAMPLES).mean(1)
            for at in range(0, usable, step)
        ]
    )
    return float(powers[powers >= powers.max() * 10 ** (-ACTIVE_DB / 10)].mean())


@lru_cache(maxsize=4)
def noise(kind: CorruptionKind, seed: int) -> np.ndarray:
    """Noise of mean power 1 that can be repeated without a seam.

    Args:
        kind: White, or pink, whose power falls with 1/f (3 dB per octave) from 20 Hz.
        seed: Seed of the draw.

    Returns:
        (2 ** 21,) float32 at 44.1 kHz.
    """
    samples = np.random.default_rng(seed).standard_normal(NOISE_SAMPLES, np.float32)
    if kind is CorruptionKind.PINK:
        hz = np.fft.rfftfreq(NOISE_SAMPLES, 1 / SAMPLE_RATE_HZ)
        gain = np.where(hz < LOWEST_HZ, 0.0, 1 / np.sqrt(np.maximum(hz, LOWEST_HZ)))
        samples = np.fft.irfft(np.fft.rfft(samples) * gain, NOISE_SAMPLES).astype(np.float32)
    return samples / np.sqrt(np.mean(np.square(samples), dtype=np.float64)).astype(np.float32)


class _Noisy:
    """Samples with noise in a span of them; slices are computed on demand, so memory does not grow."""

    def __init__(self, samples: np.ndarray, tile: np.ndarray, scale: float, start: int, stop: int) -> None:
        self._samples, self._tile, self._scale = samples, tile, np.float32(scale)
        self._start, self._stop = start, stop

    def __len__(self) -> int:
        return len(self._samples)

    @property
    def base(self) -> object:
        """What the samples lie in, as of an array: a track releases it."""
        return self._samples.base

    def __getitem__(self, part: slice) -> np.ndarray:
        first, last, _ = part.indices(len(self))
        out = np.array(self._samples[first:last])
        a, b = max(first, self._start), min(last, self._stop)
        if a < b:
            # The noise of a sample does not depend on where a slice begins, so overlapping clips share it.
            out[a - first : b - first] += self._scale * self._tile[np.arange(a, b) % len(self._tile)]
        return out


def _sound_of(features: Features, file: Path) -> AudioTrack:
    track = read_audio(file)
    if track is None:
        raise CorruptionError(f"{features.subject}: {file} has no sound; expected some to add noise to")
    return track


def _blurred(
    crops: Crops, pts_s: np.ndarray, ends: np.ndarray, config: CorruptionConfig
) -> Iterator[list[np.ndarray | None]]:
    import cv2

    start_s, end_s = config.span_s
    recent: dict[int, np.ndarray] = {}  # a frame belongs to several clips
    for end, pictures in zip(ends, crops.clips(ends), strict=True):
        frames = clip_frame_indices(int(end))
        if config.strength > 0:
            recent = {frame: picture for frame, picture in recent.items() if frame >= frames[0]}
            for k, (frame, picture) in enumerate(zip(frames, pictures, strict=True)):
                if picture is not None and start_s <= pts_s[frame] <= end_s:
                    if frame not in recent:
                        recent[frame] = cv2.GaussianBlur(picture, (0, 0), config.strength)
                    pictures[k] = recent[frame]
        yield pictures


def _counted(
    batches: Iterable[tuple[list[int], np.ndarray]],
) -> Iterator[tuple[int, tuple[list[int], np.ndarray]]]:
    done = 0
    for places, batch in batches:
        done += len(places)
        yield done, (places, batch)
