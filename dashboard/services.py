"""What the pages read, computed once and kept: the only file that caches.

Objects that are cached are shared by all sessions and are read-only; one lock for each device keeps sessions' threads
from computing on it at the same time.
"""

from __future__ import annotations

import gc
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pandas as pd
import streamlit as st
import torch

from dashboard import media
from dashboard.session import Folders
from iaca.checkpoints import Checkpoint, load_checkpoint
from iaca.config import DropoutConfig
from iaca.data.annotations import read_labels
from iaca.data.episodes import read_episodes
from iaca.data.features import FeatureError, read_feature_header, read_features
from iaca.data.index import find_recordings, natural_key
from iaca.data.media import fit_pts, probe
from iaca.data.proxy import proxy
from iaca.devices import available_devices, choose_device, device_label
from iaca.errors import InputError
from iaca.inference import infer
from iaca.types import Episode, Features, Recording, Score, Trace

# One core is the browser's. With a thread on every core the small layers of a fusion wait for each other: on 2 cores
# that are busy elsewhere a model takes 1.1 s with two threads and 0.03 s with one.
torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))

# Streamlit collects garbage after every run, with everything else waiting. What is imported by now stays for good and
# need not be looked through: it is most of the work.
gc.freeze()

BAD_INPUT = (InputError, OSError)
"""Errors of the user's files and settings: their message is one sentence for the page."""

__all__ = ["BAD_INPUT", "Checkpoint", "available_devices", "choose_device", "device_label"]

Result = TypeVar("Result")

FileState = tuple[str, int, int]
"""A file as cache key: path, time of change and size; a file that changes is read again."""


class Subject(NamedTuple):
    """A subject that the page can show.

    Attributes:
        name: Its name.
        condition: Condition of the synthetic corpus, or "".
        recording: Its media and labels, or None where only a feature file is left.
        features: Its feature file, or None.
    """

    name: str
    condition: str
    recording: Recording | None
    features: Path | None


class Corpus(NamedTuple):
    """What lies in the data folders.

    Attributes:
        synthetic: Whether a corpus.json says that it is rendered.
        subjects: Subjects of the validation split, or all where no split is named; in natural order.
        episodes: Subject -> known episodes of corruption.
        problems: What was wrong, one sentence each.
    """

    synthetic: bool
    subjects: tuple[Subject, ...]
    episodes: dict[str, list[Episode]]
    problems: tuple[str, ...]


class Video(NamedTuple):
    """A video as the browser gets it.

    Attributes:
        address: On this server.
        media_s: (P,) time of each picture on the timeline of the file that is served.
    """

    address: str
    media_s: np.ndarray


class Summary(NamedTuple):
    """One line about a subject: its length, and target -> Score for each model (None where a model failed)."""

    duration_s: float
    scores: tuple[dict[str, Score] | None, ...]


def file_state(path: Path) -> FileState:
    """The key of a file; a missing one has a key too, and the reader names it in its error."""
    try:
        status = path.stat()
    except OSError:
        return str(path), 0, 0
    return str(path), status.st_mtime_ns, status.st_size


@st.cache_resource(show_spinner="Looking through the data folders")
def corpus(folders: Folders) -> Corpus:
    """Everything that can be shown, and what is wrong with the rest."""
    index = find_recordings(folders.data)
    problems = [f"{problem.file}: {problem.reason} {problem.remedy}" for problem in index.problems]
    descriptions, episodes = [], {}
    for root in folders.data:
        try:
            descriptions.append(_read_description(root / "corpus.json"))
            for episode in read_episodes(root / "episodes.csv") if (root / "episodes.csv").is_file() else ():
                episodes.setdefault(episode.subject, []).append(episode)
        except BAD_INPUT as error:
            problems.append(str(error))
    described = {name: facts for one in descriptions for name, facts in one.get("subjects", {}).items()}
    recordings = {recording.subject: recording for recording in index.recordings}
    files = {file.stem: file for file in sorted(folders.features.glob("*.safetensors"))}
    if not files:
        problems.append(
            f"{folders.features} holds no feature file (.safetensors); run `python -m iaca extract` to make them."
        )
    for name, recording in recordings.items():
        if recording.video_file and not recording.label_file and recording.split is None:
            problems.append(
                f"{recording.video_file} has no label file {name}.txt in a VA_Estimation_Challenge folder; it is shown "
                "without truth once its features are extracted."
            )
    for name in sorted(files.keys() - recordings.keys(), key=natural_key):
        problems.append(f"{files[name]} has no video below {_listed(folders.data)}; its curves are shown without one.")
    shown = [
        Subject(name, described.get(name, {}).get("condition", ""), recordings.get(name), files.get(name))
        for name in sorted(files.keys() | recordings.keys(), key=natural_key)
        if name in files or recordings[name].label_file
    ]
    validation = [one for one in shown if _split(one) == "validation"]
    unassigned = [one for one in shown if _split(one) is None and one.features]
    synthetic = any(one.get("synthetic", False) for one in descriptions)
    return Corpus(synthetic, tuple([*validation, *unassigned] if validation else shown), episodes, tuple(problems))


def _listed(paths: tuple[Path, ...]) -> str:
    return ", ".join(map(str, paths))


def _read_description(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise OSError(f"{path} is no JSON ({error}); expected the description that `demo build` writes.") from error


def _split(subject: Subject) -> str | None:
    if subject.recording:
        return subject.recording.split
    try:
        return read_feature_header(subject.features)["split"]
    except FeatureError:
        return None


@st.cache_resource(max_entries=16, show_spinner=False)
def _checkpoint(file: FileState, device: str) -> Checkpoint:
    return load_checkpoint(file[0], device)


def checkpoint(path: Path, device: str) -> Checkpoint:
    """A model on a device.

    Raises:
        InputError: The file is missing, damaged or no fusion model.
    """
    return _checkpoint(file_state(path), device)


@st.cache_resource(max_entries=8, show_spinner=False)
def _features(file: FileState) -> Features:
    return read_features(file[0])


def features(path: Path) -> Features:
    """A feature file.

    Raises:
        InputError: It is missing, damaged or none.
    """
    return _features(file_state(path))


@st.cache_resource(show_spinner=False)
def _device_lock(device: str) -> threading.Lock:
    return threading.Lock()


def _compute(subject: Features, model: Checkpoint, device: str, dropout: DropoutConfig | None) -> Trace:
    with _device_lock(device):
        return infer(subject, model, [dropout] if dropout else [])


@st.cache_resource(max_entries=64, show_spinner=False)
def _trace(subject: FileState, model: FileState, device: str, dropout: DropoutConfig | None) -> Trace:
    return _compute(_features(subject), _checkpoint(model, device), device, dropout)


def trace(subject: Path, model: Path, device: str, dropout: DropoutConfig | None = None) -> Trace:
    """What a model says of a subject.

    Args:
        subject: Feature file.
        model: Checkpoint.
        device: Where to compute.
        dropout: A simulated loss, or None.

    Raises:
        InputError: A file cannot be used, or they do not fit each other.
    """
    return _trace(file_state(subject), file_state(model), device, dropout)


@st.cache_data(show_spinner=False)
def _summary(subject: FileState, models: tuple[FileState, ...], device: str) -> Summary:
    # Read past the caches of features and traces: this goes through the whole corpus once.
    content = read_features(subject[0])
    scores = tuple(_scores(content, model, device) for model in models)
    return Summary(_duration_s(content.pts_s), scores)


def _scores(content: Features, model: FileState, device: str) -> dict[str, Score] | None:
    try:
        return _compute(content, _checkpoint(model, device), device, None).scores
    except BAD_INPUT:
        return None  # its sentence is shown where the model or the subject is chosen


def _duration_s(pts_s: np.ndarray) -> float:
    interval_s = float(np.median(np.diff(pts_s))) if len(pts_s) > 1 else 0.0
    return float(pts_s[-1]) + interval_s if len(pts_s) else 0.0


def summary(subject: Subject, models: tuple[Path, ...], device: str) -> Summary | None:
    """Length and scores of a subject; None where it has no readable features."""
    if subject.features is None:
        return None
    try:
        return _summary(file_state(subject.features), tuple(file_state(model) for model in models), device)
    except BAD_INPUT:
        return None


@st.cache_resource(max_entries=32, show_spinner=False)
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
    return Video(media.register(served), info.pts_s + info.first_pts_s)


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


def attempt(action: Callable[[], Result], notices: list[str]) -> Result | None:
    """The result, or None and one more sentence in `notices` where the user's files are to blame."""
    try:
        return action()
    except BAD_INPUT as error:
        notices.append(str(error))
        return None
