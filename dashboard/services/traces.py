"""What the pages read of a subject, computed once and kept: only this folder caches.

Objects that are kept are shared by all sessions and are read-only. On each device one thing is computed at a time;
visitors take turns. Streamlit's cache, which hashes for half a millisecond to make a key and knows no sizes, is left to
what is slow enough for a spinner, or has to be made once.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors import SafetensorError, safe_open

from dashboard.services import exported_models, model_files
from dashboard.services.corpora import Subject
from dashboard.services.garbage import keep_aside
from dashboard.services.memory import keep, weigh_again
from dashboard.state import visit
from dashboard.state.known_files import known_state, look, shown_state
from dashboard.turns import Turns
from iaca.compute.devices import available_devices, choose_device, device_label
from iaca.compute.gpu_memory import shortages
from iaca.config import UNCHANGED, GateOverrides, WhatIf
from iaca.errors import BAD_INPUT, InputError
from iaca.features.feature_files import read_features
from iaca.files import FileState
from iaca.inference import WindowMemory, gate_health, infer
from iaca.types import Features, Score, Trace

keep_aside()

__all__ = ["available_devices", "choose_device", "device_label", "shortages"]

SCORED_CLIPS = 20_000
"""Clips of the subjects that are scored for the list before anyone asks: some seconds on a CPU, for two models."""


class CorruptedFeatures(NamedTuple):
    """Features of one modality in place of those of the subject: what the backbone makes of noise or of a blur.

    Attributes:
        modality: audio or visual.
        file: Where they lie: (T, D_m) float16, as NumPy saves it.
    """

    modality: str
    file: FileState


@keep
def _features(file: FileState) -> Features:
    return read_features(file.path)


def features(path: Path, corrupted: tuple[CorruptedFeatures, ...] = ()) -> Features:
    """A feature file, with corrupted modalities in place of its own.

    Raises:
        InputError: It is missing, damaged or none.
    """
    return _with_corrupted(_features(shown_state(path)), corrupted)


def _with_corrupted(features: Features, corrupted: tuple[CorruptedFeatures, ...]) -> Features:
    changed: dict[str, Any] = {one.modality: _corrupted_features(one.file) for one in corrupted}
    return features._replace(**changed)


@keep
def _corrupted_features(file: FileState) -> np.ndarray:
    try:
        return np.load(file.path, allow_pickle=False).astype(np.float32)
    except (ValueError, EOFError) as error:
        Path(file.path).unlink(missing_ok=True)
        look(file.path)
        raise InputError(
            f"{file.path} was damaged and has been removed; choose the corruption again to have it made anew"
        ) from error


@lru_cache
def _turns(device: str) -> Turns:
    return Turns(1)


@contextmanager
def device_turn(device: str) -> Iterator[None]:
    """Wait until a device is free for the visit that asks; work in the background waits like one visit more."""
    with _turns(device).turn(visit.current()):
        yield


def compute(
    subject: Features, model: FileState, device: str, change: WhatIf, memory: WindowMemory | None = None
) -> Trace:
    """What a model says of features, computed now."""
    loaded = model_files.load(model, device)
    exported = exported_models.ready(model, loaded, device)
    with device_turn(device):
        began_s = time.perf_counter()
        made = infer(subject, loaded, change.dropouts, gates=change.gates, memory=memory, exported=exported)
        # Steps of sliders alone are waited for again and again.
        waited_s = time.perf_counter() - began_s if exported is None and change != UNCHANGED else 0.0
        exported_models.note(model, waited_s)
    return made


@keep
def _memory(
    visit_key: str,
    subject: FileState,
    model: FileState,
    device: str,
    gates: GateOverrides,
    corrupted: tuple[CorruptedFeatures, ...],
) -> WindowMemory:
    """Each visit has its own: it holds the outputs of the last dropout alone."""
    return WindowMemory()


@keep
def _trace(
    subject: FileState, model: FileState, device: str, change: WhatIf, corrupted: tuple[CorruptedFeatures, ...]
) -> Trace:
    made_of = visit.current(), subject, model, device, change.gates, corrupted
    memory = _memory(*made_of)
    made = compute(_with_corrupted(_features(subject), corrupted), model, device, change, memory)
    weigh_again(_memory, *made_of)
    return made


def trace(
    subject: Path, model: Path, device: str, change: WhatIf = UNCHANGED, corrupted: tuple[CorruptedFeatures, ...] = ()
) -> Trace:
    """What a model says of a subject.

    Args:
        subject: Feature file.
        model: Checkpoint.
        device: Where to compute.
        change: Dropout and gates; of its corruptions those count that are in `corrupted`.
        corrupted: Corrupted modalities whose features are ready.

    Raises:
        InputError: A file cannot be used, or they do not fit each other.
    """
    return _trace(shown_state(subject), shown_state(model), device, change, corrupted)


_scores: dict[tuple[FileState, FileState, str], dict[str, Score] | None] = {}


def is_scored(subject: Subject, model: Path, device: str) -> bool:
    """Whether `scores` answers at once."""
    return subject.features is None or (known_state(subject.features), known_state(model), device) in _scores


def scores(subject: Subject, model: Path, device: str) -> dict[str, Score] | None:
    """Target -> score of a model on a subject; None where one of them cannot be used."""
    if subject.features is None:
        return None
    key = (known_state(subject.features), known_state(model), device)
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
        with safe_open(file.path, framework="np") as content:
            pts_s, clips = content.get_tensor("pts_s"), content.get_slice("frame").get_shape()[0]
    except (SafetensorError, OSError):
        return None
    interval_s = float(np.median(np.diff(pts_s))) if len(pts_s) > 1 else 0.0
    return (float(pts_s[-1]) + interval_s if len(pts_s) else 0.0), clips


def length(subject: Subject) -> tuple[float, int] | None:
    """Length of a subject in seconds and in clips, without reading its features; None where it has no readable ones."""
    return None if subject.features is None else _length(known_state(subject.features))


def first_in_budget(clips: Sequence[int], budget: int = SCORED_CLIPS) -> int:
    """How many subjects, from the first, have at most this many clips altogether."""
    return int(np.searchsorted(np.cumsum(clips), budget, side="right"))


def idle_gates(title: str, trace: Trace) -> list[str]:
    """A sentence for each gate of a model that does nothing in a recording.

    Args:
        title: What the page calls the model.
        trace: What it says of the recording, without a change.
    """
    return [f"{title} · {gate.sentence}" for gate in gate_health([trace]) if gate.is_dead]
