"""What a subject's recording gives to the page: its video and its ground truth."""

from __future__ import annotations

from functools import lru_cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import streamlit as st

from dashboard import routes
from dashboard.services.corpora import Subject
from dashboard.services.traces import features
from dashboard.state.known_files import shown_state
from iaca.data.media.apart import apart
from iaca.data.media.browser_copy import browser_copy
from iaca.data.media.container import MediaError
from iaca.data.media.sound_summary import sound_summary
from iaca.data.media.video import fit_pts, probe
from iaca.data.timeline import labels_on_frames
from iaca.errors import BAD_INPUT
from iaca.files import FileState, fingerprint
from iaca.types import Recording, no_progress


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


@lru_cache(maxsize=32)
def _probe(file: FileState) -> Any:
    return apart(file.path, probe, Path(file.path))


@st.cache_resource(max_entries=256, show_spinner="Copying the video into a format that browsers play, once")
def _playable(file: FileState, sound: FileState | None, cache: Path) -> Path:
    copy = partial(browser_copy, file.path, cache / "videos", sound=None if sound is None else sound.path)
    return apart(file.path, copy, progress=no_progress, making=True)


def with_sound(recording: Recording, cache: Path) -> Path | None:
    """The file with the pictures and the sound of a recording: its video, or a copy where the sound lies beside it.

    Raises:
        InputError, OSError: A file is missing or damaged.
    """
    if recording.video_file is None or recording.audio_file is None:
        return recording.video_file
    return _playable(shown_state(recording.video_file), shown_state(recording.audio_file), cache)


def video(path: Path, cache: Path, audio: Path | None = None) -> Video:
    """Register a video, or the copy of it that a browser plays, and say when each of its pictures is shown.

    Args:
        path: The video.
        cache: Where copies are kept.
        audio: File with the sound where it is not in the video.

    Raises:
        InputError, OSError: A file is missing, damaged or has no picture.
    """
    served = _playable(shown_state(path), None if audio is None else shown_state(audio), cache)
    info = _probe(shown_state(served))
    heard = path if audio is None else audio
    # Registered in every run: the registry is not cached.
    sound = routes.register_sound(heard, lambda: sound_summary(heard, cache / "sounds"))
    return Video(routes.register(served), info.pts_s + info.first_pts_s, sound)


@lru_cache(maxsize=256)
def _fingerprint(file: FileState) -> str:
    return fingerprint(file.path)


def check_same_video(subject: Subject) -> None:
    """Raise where features say that they were made from another video than the one that is shown.

    Raises:
        MediaError: They do. Files that cannot be read are told where they are read.
    """
    file = subject.recording.video_file if subject.recording else None
    if file is None or subject.features is None:
        return
    try:
        known = features(subject.features).media
        is_same = not known or _fingerprint(shown_state(file)) == known
    except BAD_INPUT:
        return
    if not is_same:
        raise MediaError(
            f"{subject.features} was made from another video than {file}; expected the same: the curves may not fit "
            "the picture until the features are extracted again"
        )


def truth(subject: Subject) -> pd.DataFrame:
    """Annotations and masks on the clock of the video, from the feature file or else from labels and video.

    Returns:
        One row a frame: pts_s, valence_truth, arousal_truth, has_face, has_audio.

    Raises:
        InputError, OSError: The files cannot be read.
    """
    recording = subject.recording
    if subject.features is not None or recording is None:
        content = features(subject.feature_file)
        if recording is not None and content.subject != recording.subject:
            raise MediaError(
                f"{subject.feature_file} holds the features of {content.subject}, not of {recording.subject}; expected "
                "those of the video: rename it, or extract the subject again"
            )
        pts_s, valence, arousal = content.pts_s, content.valence, content.arousal
        has_face, has_audio = content.has_face, content.has_audio
    elif recording.video_file is None:
        raise MediaError(f"{subject.name} has neither a video nor features; expected {recording.video}.mp4 or .avi")
    else:
        shown_s = _probe(shown_state(recording.video_file)).pts_s
        labels = labels_on_frames(recording, shown_s)
        if labels is None:
            raise MediaError(f"{subject.name} has neither labels nor features; run `python -m iaca extract`")
        valence, arousal = labels.valence, labels.arousal
        pts_s = fit_pts(shown_s, len(valence))
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
