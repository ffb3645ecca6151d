"""Decoded clips on disk, so that every epoch after the first reads instead of decoding.

Pictures are stored once per frame, spectrograms once per clip. Both are memory-mapped: the file cache of the system
holds as much of them as fits.
"""

from __future__ import annotations

import errno
import hashlib
import io
import json
import os
from pathlib import Path
from typing import NamedTuple
from zipfile import BadZipFile

import numpy as np
import torch

from iaca.clips import clip_ends, clip_frame_indices
from iaca.config import VISUAL
from iaca.data.faces.crops import Crops, clip_pictures
from iaca.data.faces.places import CROP_SIZE
from iaca.data.media.apart import apart
from iaca.data.media.container import EDITION, MediaError
from iaca.data.media.mel import MEL_BANDS
from iaca.data.media.sound import read_audio
from iaca.data.timeline import read_timeline
from iaca.features.backbone_inputs import audio_clip, audio_input
from iaca.files import FileState, file_state, write_whole, written_beside
from iaca.types import Recording


class CachedClips(NamedTuple):
    """The clips of one recording in one modality, without the missing ones.

    Attributes:
        subject: Name of the subject.
        modality: audio or visual.
        ends: (C,) int64, last frame of each clip.
        targets: (C, 2) float32, valence and arousal of that frame, NaN where not annotated.
        values: Memory-mapped. visual: (K, 112, 112, 3) uint8, one picture a row; audio: flat float16.
        places: visual: (C, 8) rows of `values`, -1 for a missing crop. audio: (C, 2) offset and length F.
    """

    subject: str
    modality: str
    ends: np.ndarray
    targets: np.ndarray
    values: np.ndarray
    places: np.ndarray

    def clip(self, i: int) -> np.ndarray:
        """Clip i as extraction sees it: (8, 112, 112, 3) uint8 pictures, or a (1, 64, F) float32 spectrogram."""
        if self.modality == VISUAL:
            pictures = clip_pictures([self.values[row] if row >= 0 else None for row in self.places[i]])
            assert pictures is not None, "a clip without any crop is left out"
            return pictures
        offset, length = self.places[i]
        return self.values[offset : offset + MEL_BANDS * length].reshape(1, MEL_BANDS, length).astype(np.float32)


def cached_clips(
    recording: Recording, modality: str, clip_stride: int, cache_dir: str | os.PathLike[str]
) -> CachedClips:
    """The clips of a recording, decoded on the first call and read from disk on later ones.

    Args:
        recording: The subject.
        modality: audio or visual.
        clip_stride: Frames between the ends of neighbouring clips.
        cache_dir: Folder for decoded clips, which may be deleted at any time.

    Returns:
        The clips, memory-mapped.

    Raises:
        InputError: A video, label file or faces that cannot be read.
        OSError: The cache cannot be written.
    """
    stem = Path(cache_dir) / f"{recording.subject}.{modality}.{_fingerprint(recording, modality, clip_stride)}"
    values_file, table_file = Path(f"{stem}.npy"), Path(f"{stem}.table.npz")
    clips = _read(recording, modality, values_file, table_file)
    if clips is None:
        decode = _decode_visual if modality == VISUAL else _decode_audio
        with written_beside(values_file) as beside:
            table = apart(
                recording.video_file or beside, decode, recording, clip_stride, beside, making=True, attempts=2
            )
        _write_table(table_file, table)
        clips = _read(recording, modality, values_file, table_file)
    if clips is None:
        raise OSError(errno.EIO, "it does not keep what is written to it", str(values_file))
    return clips


def _read(recording: Recording, modality: str, values_file: Path, table_file: Path) -> CachedClips | None:
    """What was kept; None where it is not there or damaged."""
    try:
        with np.load(table_file) as table:
            ends, targets, places = (table[name] for name in ("ends", "targets", "places"))
        values: np.ndarray = np.zeros(0, np.uint8)
        if len(ends) and modality == VISUAL:
            values = np.memmap(values_file, np.uint8, "r").reshape(-1, CROP_SIZE, CROP_SIZE, 3)
            is_whole = len(values) > int(places.max())
        elif len(ends):
            values = np.memmap(values_file, np.float16, "r")
            is_whole = len(values) == int(places[-1, 0]) + MEL_BANDS * int(places[-1, 1])
        else:
            is_whole = values_file.is_file()
    except (OSError, ValueError, KeyError, EOFError, BadZipFile):
        return None
    return CachedClips(recording.subject, modality, ends, targets, values, places) if is_whole else None


def _decode_visual(recording: Recording, clip_stride: int, path: Path) -> dict[str, np.ndarray]:
    timeline = read_timeline(recording)
    num_frames = len(timeline.pts_s)
    ends = clip_ends(num_frames, clip_stride).astype(np.int64)
    frames = np.stack([clip_frame_indices(int(end)) for end in ends]) if len(ends) else np.zeros((0, 8), np.int64)
    wanted = np.zeros(num_frames, bool)
    wanted[frames] = True
    row_of, rows = np.full(num_frames, -1), 0
    with open(path, "wb") as file:
        for frame, crop in Crops(recording, num_frames).iterate(wanted):
            if crop is not None:
                file.write(np.ascontiguousarray(crop).tobytes())
                row_of[frame] = rows
                rows += 1
    places = row_of[frames]
    present = (places >= 0).any(axis=1)
    targets = np.stack((timeline.valence[ends], timeline.arousal[ends]), axis=1)
    return {"ends": ends[present], "targets": targets[present], "places": places[present]}


def _decode_audio(recording: Recording, clip_stride: int, path: Path) -> dict[str, np.ndarray]:
    timeline = read_timeline(recording)
    track = read_audio(recording.sound_file) if recording.sound_file is not None else None
    heard: list[int] = []
    places, offset = [], 0
    with open(path, "wb") as file:
        for end in clip_ends(len(timeline.pts_s), clip_stride):
            waveform = audio_clip(track, timeline.pts_s, int(end))
            if waveform is None:
                continue
            mel = audio_input(torch.from_numpy(waveform)[None]).numpy().astype(np.float16)
            file.write(mel.tobytes())
            heard.append(int(end))
            places.append((offset, mel.shape[-1]))
            offset += mel.size
    ends = np.array(heard, np.int64)
    targets = np.stack((timeline.valence[ends], timeline.arousal[ends]), axis=1)
    return {"ends": ends, "targets": targets, "places": np.array(places, np.int64).reshape(-1, 2)}


def _fingerprint(recording: Recording, modality: str, clip_stride: int) -> str:
    """16 hexadecimal digits that change when a source of the clips does."""
    sources: list[Path | None] = [recording.video_file, recording.audio_file, *recording.label_files]
    if modality == VISUAL:
        sources += [*recording.crop_folders] or [recording.faces_file]
    states = [_state(path) for path in sources if path is not None]
    described = json.dumps([EDITION, clip_stride, recording.listed_frames, states])
    if recording.label_form is not None:
        described += repr(recording.label_form)
    return hashlib.sha256(described.encode()).hexdigest()[:16]


def _state(path: Path) -> FileState:
    state = file_state(path)
    if not state.is_there:
        raise MediaError(f"{path} cannot be read; expected a file or folder of the data")
    return state._replace(path=str(path.resolve()))


def _write_table(path: Path, table: dict[str, np.ndarray]) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, ends=table["ends"], targets=table["targets"], places=table["places"])
    write_whole(path, buffer.getvalue())
