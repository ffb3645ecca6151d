"""Features of corrupted sound and faces: extracted in the background, kept on disk."""

from __future__ import annotations

import hashlib
import io
import json
from dataclasses import asdict
from pathlib import Path
from typing import NamedTuple

import numpy as np

from dashboard.services import jobs, traces
from dashboard.services.backbone_files import find_file
from dashboard.services.corpora import Subject
from dashboard.state.folders import Folders
from dashboard.state.known_files import is_there, look, shown_state
from iaca.config import AUDIO, CorruptionConfig
from iaca.data.faces.detection import has_known_faces
from iaca.errors import InputError
from iaca.files import write_whole
from iaca.types import Features, Progress, Recording


class NotAvailableError(InputError):
    """What cannot be tried with these data: the sentence says what is missing."""


class Extraction(NamedTuple):
    """Features of a corrupted modality that are not there yet.

    Attributes:
        key: Of the job that makes them.
        title: What is done, in a few words.
        path: Where the features will lie.
        config: What is done to the sound or the face.
        features: Features of the untouched subject.
        recording: Its video, and the places of its faces.
        backbone: File of the backbone that made the features.
    """

    key: str
    title: str
    path: Path
    config: CorruptionConfig
    features: Features
    recording: Recording
    backbone: Path


def prepare(subject: Subject, config: CorruptionConfig, folders: Folders) -> traces.CorruptedFeatures | Extraction:
    """The features of a corrupted modality, or the extraction that has to be run first.

    Args:
        subject: Whose.
        config: What is done to the sound or the face.
        folders: Where backbones are looked for, and where the features are kept.

    Raises:
        NotAvailableError: The video or the backbone is not there.
        InputError: The feature file cannot be read.
    """
    features = traces.features(subject.feature_file)
    recording = subject.recording
    if recording is None or recording.video_file is None:
        raise NotAvailableError(f"{subject.name} has no video, so {_title(config)} cannot be added to it.")
    made_by = features.backbones.get(config.modality, {})
    # Where a file lies does not matter, what is in it does.
    files = (subject.feature_file, recording.video_file, recording.audio_file)
    states = [shown_state(file) for file in files if file is not None]
    facts = [made_by.get("sha256", ""), *((state.mtime_ns, state.size) for state in states), asdict(config)]
    key = hashlib.sha256(json.dumps([subject.name, *facts]).encode()).hexdigest()[:32]
    path = folders.cache_of(subject.feature_file) / "what_if" / f"{key}.npy"
    if is_there(path) or look(path).is_there:
        return traces.CorruptedFeatures(config.modality, shown_state(path))
    backbone = find_file(made_by.get("sha256", ""), folders)
    if backbone is None:
        raise NotAvailableError(
            f"{_title(config).capitalize()} needs the {config.modality} backbone that made the features of "
            f"{subject.name}, {made_by.get('name')} ({made_by.get('sha256', '')[:8]}), which "
            f"is not in {folders.checkpoints}."
        )
    recording = with_faces(recording, subject.feature_file)
    return Extraction(key, _title(config), path, config, features, recording, backbone)


def begin(extraction: Extraction, device: str) -> jobs.Job:
    """Extract in the background, or join who is at it."""
    config = extraction.config

    def work(progress: Progress) -> None:
        from iaca.features.noise_and_blur import corrupt_apart

        made = corrupt_apart(
            extraction.features, extraction.recording, extraction.backbone, device, config, progress=progress
        )
        content = io.BytesIO()
        np.save(content, made.astype(np.float16))
        write_whole(extraction.path, content.getvalue())

    return jobs.begin(extraction.key, work)


def _title(config: CorruptionConfig) -> str:
    return f"{config.kind.value} noise" if config.modality == AUDIO else "a blurred face"


def with_faces(recording: Recording, features: Path) -> Recording:
    """Places of faces that were found when the features were made lie beside them."""
    if has_known_faces(recording):
        return recording
    found = sorted((features.parent / "faces").glob(f"{recording.subject}.*.csv"))
    return recording._replace(faces_file=found[0]) if found else recording
