"""What the pages read, computed once and kept: with `model_services` the only file that caches.

Objects that are cached are shared by all sessions and are read-only; one lock for each device keeps sessions' threads
from computing on it at the same time.
"""

from __future__ import annotations

import gc
import json
import threading
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np
import pandas as pd
import streamlit as st
from safetensors import SafetensorError, safe_open

from dashboard import media, model_services, your_video_services
from dashboard.model_services import FileState, file_state
from dashboard.session import Folders, Source
from iaca.data.annotations import read_labels
from iaca.data.episodes import read_episodes
from iaca.data.features import FeatureError, read_feature_header, read_features
from iaca.data.index import find_recordings, natural_key
from iaca.data.media import fit_pts, probe
from iaca.data.proxy import proxy
from iaca.data.sound import sound_summary
from iaca.devices import available_devices, choose_device, device_label
from iaca.errors import InputError
from iaca.inference import WindowMemory, infer
from iaca.types import Episode, Features, Recording, Score, Trace
from iaca.what_if import WhatIf

# Streamlit collects garbage after every run, with everything else waiting. What is imported by now stays for good and
# need not be looked through: it is most of the work.
gc.freeze()

BAD_INPUT = (InputError, OSError)
"""Errors of the user's files and settings: their message is one sentence for the page."""

__all__ = ["BAD_INPUT", "available_devices", "choose_device", "device_label"]

NAMED_ONE_BY_ONE = 3
"""Subjects of one problem that have a sentence each."""

SCORED_CLIPS = 20_000
"""Clips of the subjects that are scored for the list before anyone asks: some seconds on a CPU, for two models."""

UNCHANGED = WhatIf()

Result = TypeVar("Result")


class Subject(NamedTuple):
    """A subject that the page can show.

    Attributes:
        name: Its name.
        condition: Condition of the synthetic corpus, or "".
        recording: Its media and labels, or None where only a feature file is left.
        features: Its feature file, or None.
        synthetic: Whether the corpus.json of its corpus says that it is rendered.
    """

    name: str
    condition: str
    recording: Recording | None
    features: Path | None
    synthetic: bool


class Spoilt(NamedTuple):
    """Features of one modality in place of those of the subject: what the backbone makes of noise or of a blur.

    Attributes:
        modality: audio or visual.
        file: Where they lie: (T, D_m) float16, as NumPy saves it.
    """

    modality: str
    file: FileState


class Corpus(NamedTuple):
    """What lies in the data folders.

    Attributes:
        subjects: Subjects of the validation split, or all where no split is named; in natural order.
        episodes: Subject -> known episodes of corruption.
        problems: What was wrong, one sentence each.
    """

    subjects: tuple[Subject, ...]
    episodes: dict[str, list[Episode]]
    problems: tuple[str, ...]


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


def corpus(folders: Folders) -> Corpus:
    """Everything that can be shown, the user's data first, and what is wrong with the rest."""
    subjects: dict[str, Subject] = {}
    episodes: dict[str, list[Episode]] = {}
    problems: list[str] = []
    for source in folders.sources:
        # Looked at in every run: what is kept would still miss a folder that is there by now.
        problems += [f"{root} does not exist; expected a folder of data." for root in source.roots if not root.is_dir()]
        roots = tuple(root for root in source.roots if root.is_dir())
        if not roots:
            continue
        found = _corpus(Source(roots, source.features))
        problems += found.problems
        new = {subject.name: subject for subject in found.subjects if subject.name not in subjects}
        if len(new) < len(found.subjects) and roots != folders.sources[0].roots:
            taken = next(one.name for one in found.subjects if one.name not in new)
            problems.append(
                f"{len(found.subjects) - len(new)} subjects of {_listed(roots)}, such as {taken}, have a name that "
                "is taken; the first of that name is shown."
            )
        subjects |= new
        episodes |= {name: found.episodes[name] for name in new if name in found.episodes}
    for own in your_video_services.finished(folders.cache):
        mine = Subject(own.subject, your_video_services.CONDITION, own.recording, own.features, False)
        subjects.setdefault(own.subject, mine)
    return Corpus(tuple(subjects.values()), episodes, tuple(problems))


@st.cache_resource(show_spinner="Looking through the data folders")
def _corpus(source: Source) -> Corpus:
    index = find_recordings(source.roots)
    problems = [f"{problem.file}: {problem.reason} {problem.remedy}" for problem in index.problems]
    descriptions, episodes = [], {}
    for root in source.roots:
        try:
            descriptions.append(_read_description(root / "corpus.json"))
            for episode in read_episodes(root / "episodes.csv") if (root / "episodes.csv").is_file() else ():
                episodes.setdefault(episode.subject, []).append(episode)
        except BAD_INPUT as error:
            problems.append(str(error))
    described = {name: facts for one in descriptions for name, facts in one.get("subjects", {}).items()}
    rendered = {name for one in descriptions if one.get("synthetic") for name in one.get("subjects", {})}
    recordings = {recording.subject: recording for recording in index.recordings}
    files = {file.stem: file for file in sorted(source.features.glob("*.safetensors"))}
    if not files:
        problems.append(
            f"{source.features} holds no feature file (.safetensors); run `python -m iaca extract` to make them."
        )
    for name, recording in recordings.items():
        if recording.video_file and not recording.label_file and recording.split is None:
            problems.append(
                f"{recording.video_file} has no label file {name}.txt in a VA_Estimation_Challenge folder; it is shown "
                "without truth once its features are extracted."
            )
    problems += _without_video(
        [files[name] for name in sorted(files.keys() - recordings.keys(), key=natural_key)], source
    )
    shown = [
        Subject(
            name,
            described.get(name, {}).get("condition", ""),
            recordings.get(name),
            files.get(name),
            name in rendered,
        )
        for name in sorted(files.keys() | recordings.keys(), key=natural_key)
        if name in files or recordings[name].label_file
    ]
    validation = [one for one in shown if _split(one) == "validation"]
    unassigned = [one for one in shown if _split(one) is None and one.features]
    return Corpus(tuple([*validation, *unassigned] if validation else shown), episodes, tuple(problems))


def _without_video(files: Sequence[Path], source: Source) -> list[str]:
    """A sentence each, or one for many."""
    below = f"no video below {_listed(source.roots)}"
    if len(files) > NAMED_ONE_BY_ONE:
        return [f"{len(files)} subjects, such as {files[0].stem}, have {below}; their curves are shown without one."]
    return [f"{file} has {below}; its curves are shown without one." for file in files]


def look_again() -> None:
    """Forget which files the data folders hold."""
    _corpus.clear()


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


@st.cache_resource(max_entries=8, show_spinner=False)
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


@st.cache_resource(max_entries=16, show_spinner=False)
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


@st.cache_resource(max_entries=8, show_spinner=False)
def _memory(
    subject: FileState, model: FileState, device: str, gates: tuple[Any, ...], spoilt: tuple[Spoilt, ...]
) -> WindowMemory:
    return WindowMemory()


@st.cache_resource(max_entries=64, show_spinner=False)
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


@lru_cache(maxsize=100_000)  # asked for every listed subject in every run: Streamlit's own cache hashes and unpickles
def _scores(subject: FileState, model: FileState, device: str) -> dict[str, Score] | None:
    try:
        # Read past the caches of features and traces: this goes through the whole corpus once.
        return compute(read_features(subject[0]), model, device, UNCHANGED).scores
    except BAD_INPUT:
        return None  # its sentence is shown where the model or the subject is chosen


def scores(subject: Subject, model: Path, device: str) -> dict[str, Score] | None:
    """Target -> score of a model on a subject; None where one of them cannot be used."""
    return None if subject.features is None else _scores(file_state(subject.features), file_state(model), device)


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
