"""What the pages read of a subject, computed once and kept: only rooms whose names end in `services` cache.

Objects that are cached are shared by all sessions and are read-only; one lock for each device keeps sessions' threads
from computing on it at the same time. What every run asks for is kept by functools: to make a key, Streamlit's cache
hashes for half a millisecond, and is left to what is slow enough to be told with a spinner, or has to be made once.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import streamlit as st
from safetensors import SafetensorError, safe_open

from dashboard import media, model_services
from dashboard.corpus_services import Subject
from dashboard.model_services import FileState, file_state
from dashboard.notices import BAD_INPUT
from iaca.data.annotations import read_labels
from iaca.data.features import read_features
from iaca.data.media import MediaError, fit_pts, probe
from iaca.data.proxy import proxy
from iaca.data.sound import sound_summary
from iaca.devices import available_devices, choose_device, device_label
from iaca.inference import WindowMemory, infer
from iaca.types import Features, Score, Trace
from iaca.what_if import WhatIf

# Streamlit collects garbage after every run, with everything else waiting. What is imported by now stays for good and
# need not be looked through: it is most of the work.
gc.freeze()

__all__ = ["available_devices", "choose_device", "device_label"]

SCORED_CLIPS = 20_000
"""Clips of the subjects that are scored for the list before anyone asks: some seconds on a CPU, for two models."""

UNCHANGED = WhatIf()


class Spoilt(NamedTuple):
    """Features of one modality in place of those of the subject: what the backbone makes of noise or of a blur.

    Attributes:
        modality: audio or visual.
        file: Where they lie: (T, D_m) float16, as NumPy saves it.
    """

    modality: str
    file: FileState


class Video(NamedTuple):
    """A video as the browser gets it.

    Attributes:
        address: On this server.
        media_s: (P,) time of each picture on the timeline of the file that is served.
        sound: Address of the summary of its sound.
    """

    address: str
    media_s: np.ndarray
    sound: str


@lru_cache(maxsize=8)
def _features(file: FileState) -> Features:
    return read_features(file[0])


def features(path: Path, spoilt: tuple[Spoilt, ...] = ()) -> Features:
    """A feature file, with spoilt modalities in place of its own.

    Raises:
        InputError: It is missing, damaged or none.
    """
    return _with_spoilt(_features(file_state(path)), spoilt)


def _with_spoilt(features: Features, spoilt: tuple[Spoilt, ...]) -> Features:
    return features._replace(**{one.modality: _spoilt_features(one.file) for one in spoilt})


@lru_cache(maxsize=16)
def _spoilt_features(file: FileState) -> np.ndarray:
    return np.load(file[0], allow_pickle=False).astype(np.float32)


@st.cache_resource(show_spinner=False)
def device_lock(device: str) -> threading.Lock:
    """Held while something is computed on a device."""
    return threading.Lock()


def compute(
    subject: Features, model: FileState, device: str, change: WhatIf, memory: WindowMemory | None = None
) -> Trace:
    """What a model says of features, computed now."""
    loaded = model_services.load(model, device)
    with device_lock(device):
        return infer(
            subject,
            loaded,
            change.dropouts,
            gate_temperature=change.gate_temperature,
            forced_gates=change.forced_gates,
            memory=memory,
        )


@lru_cache(maxsize=8)
def _memory(
    subject: FileState, model: FileState, device: str, gates: tuple[Any, ...], spoilt: tuple[Spoilt, ...]
) -> WindowMemory:
    return WindowMemory()


@lru_cache(maxsize=64)
def _trace(subject: FileState, model: FileState, device: str, change: WhatIf, spoilt: tuple[Spoilt, ...]) -> Trace:
    memory = _memory(subject, model, device, (change.gate_temperature, change.forced_gates), spoilt)
    return compute(_with_spoilt(_features(subject), spoilt), model, device, change, memory)


def trace(
    subject: Path, model: Path, device: str, change: WhatIf = UNCHANGED, spoilt: tuple[Spoilt, ...] = ()
) -> Trace:
    """What a model says of a subject.

    Args:
        subject: Feature file.
        model: Checkpoint.
        device: Where to compute.
        change: Dropout and gates; of its corruptions those count that are in `spoilt`.
        spoilt: Spoilt modalities whose features are ready.

    Raises:
        InputError: A file cannot be used, or they do not fit each other.
    """
    return _trace(file_state(subject), file_state(model), device, change, spoilt)


_scores: dict[tuple[FileState, FileState, str], dict[str, Score] | None] = {}


def is_scored(subject: Subject, model: Path, device: str) -> bool:
    """Whether `scores` answers at once."""
    return subject.features is None or (file_state(subject.features), file_state(model), device) in _scores


def scores(subject: Subject, model: Path, device: str) -> dict[str, Score] | None:
    """Target -> score of a model on a subject; None where one of them cannot be used."""
    if subject.features is None:
        return None
    key = (file_state(subject.features), file_state(model), device)
    if key not in _scores:
        try:
            # Read past the caches of features and traces: this goes through the whole corpus once.
            _scores[key] = compute(read_features(subject.features), key[1], device, UNCHANGED).scores
        except BAD_INPUT:
            _scores[key] = None  # its sentence is shown where the model or the subject is chosen
    return _scores[key]


@lru_cache(maxsize=100_000)
def _length(file: FileState) -> tuple[float, int] | None:
    try:
        with safe_open(file[0], framework="np") as content:
            pts_s, clips = content.get_tensor("pts_s"), content.get_slice("frame").get_shape()[0]
    except (SafetensorError, OSError):
        return None
    interval_s = float(np.median(np.diff(pts_s))) if len(pts_s) > 1 else 0.0
    return (float(pts_s[-1]) + interval_s if len(pts_s) else 0.0), clips


def length(subject: Subject) -> tuple[float, int] | None:
    """Length of a subject in seconds and in clips, without reading its features; None where it has no readable ones."""
    return None if subject.features is None else _length(file_state(subject.features))


def first_in_budget(clips: Sequence[int], budget: int = SCORED_CLIPS) -> int:
    """How many subjects, from the first, have at most this many clips altogether."""
    return int(np.searchsorted(np.cumsum(clips), budget, side="right"))


@lru_cache(maxsize=32)
def _probe(file: FileState) -> Any:
    return probe(Path(file[0]))


@st.cache_resource(max_entries=256, show_spinner="Copying the video into a format that browsers play, once")
def _playable(file: FileState, cache: Path) -> Path:
    return proxy(file[0], cache / "videos")


def video(path: Path, cache: Path) -> Video:
    """Register a video, or the copy of it that a browser plays, and say when each of its pictures is shown.

    Raises:
        InputError, OSError: The file is missing, damaged or has no picture.
    """
    served = _playable(file_state(path), cache)
    info = _probe(file_state(served))
    # Registered in every run: the registry is not cached.
    sound = media.register_sound(path, lambda: sound_summary(path, cache / "sounds"))
    return Video(media.register(served), info.pts_s + info.first_pts_s, sound)


def truth(subject: Subject) -> pd.DataFrame:
    """Annotations and masks on the clock of the video, from the feature file or else from labels and video.

    Returns:
        One row a frame: pts_s, valence_truth, arousal_truth, has_face, has_audio.

    Raises:
        InputError, OSError: The files cannot be read.
    """
    if subject.features is not None:
        content = features(subject.features)
        pts_s, valence, arousal = content.pts_s, content.valence, content.arousal
        has_face, has_audio = content.has_face, content.has_audio
    elif subject.recording.video_file is None:
        video = subject.recording.video
        raise MediaError(f"{subject.name} has neither a video nor features; expected {video}.mp4 or .avi")
    else:
        labels = read_labels(subject.recording.label_file)
        valence, arousal = labels.valence, labels.arousal
        pts_s = fit_pts(_probe(file_state(subject.recording.video_file)).pts_s, len(valence))
        has_face = has_audio = np.ones(len(valence), bool)
    return pd.DataFrame(
        {
            "pts_s": pts_s,
            "valence_truth": valence,
            "arousal_truth": arousal,
            "has_face": has_face,
            "has_audio": has_audio,
        }
    )
