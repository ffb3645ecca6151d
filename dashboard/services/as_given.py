"""What the models get in place of the recording, for the browser to play: noise on the sound, blur on the picture."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict
from functools import lru_cache, partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dashboard import routes
from dashboard.services import corrupted_features
from dashboard.state.known_files import shown_state
from dashboard.timeline.given import Blur, Given, Noise
from iaca.config import AUDIO, CorruptionConfig
from iaca.data.faces.places import read_faces_csv
from iaca.data.media.apart import apart
from iaca.files import FileState, keep_newest

if TYPE_CHECKING:
    from dashboard.services.selection import Selection
    from dashboard.state.folders import Folders
    from iaca.types import Recording


MOST_BYTES = 2**30
"""What noisy sounds may take in the cache: two hundred minutes of them."""


def given(selection: Selection, folders: Folders, last_s: float) -> Given:
    """Noise and blur as far as the shown curves have them; dropped clips are those that the figure shades.

    Args:
        selection: What is looked at.
        folders: Where the noisy sound is kept.
        last_s: Time of the last frame, seconds.

    Raises:
        InputError, OSError: The places of the faces cannot be read.
    """
    noise: Noise | None = None
    blur: Blur | None = None
    recording = selection.subject.recording
    for config in selection.applied.corruptions:
        if recording is None or recording.sound_file is None:
            continue
        start_s, end_s = config.span_s
        span = (start_s, min(end_s, last_s + 1))
        if config.modality == AUDIO:
            noise = Noise(_noisy_sound(recording.sound_file, config, folders), config.kind.value, config.strength, span)
        else:
            blur = Blur(config.strength, _crop_side(selection, recording), span)
    return Given(noise, blur)


def _noisy_sound(video: Path, config: CorruptionConfig, folders: Folders) -> str:
    """Address of the sound with noise; the file is made when a browser first asks for it."""
    state = shown_state(video)
    facts = json.dumps([state.path, state.mtime_ns, state.size, asdict(config)])
    path = folders.cache_of(video) / "what_if" / f"{hashlib.sha256(facts.encode()).hexdigest()[:32]}.wav"
    return routes.register_sound(video, partial(_make, video, config, path), what=facts)


def _make(video: Path, config: CorruptionConfig, path: Path) -> Path:
    from iaca.features.noisy_sound import write_noisy_sound

    try:
        os.utime(path)  # the oldest are those that nobody has asked for lately
    except FileNotFoundError:
        apart(video, write_noisy_sound, video, config, path, making=True)
        keep_newest(path.parent, "*.wav", MOST_BYTES, keep=path)
    return path


def _crop_side(selection: Selection, recording: Recording) -> float | None:
    """Median side of the faces that are cropped, pixels of the video; None where their places are not known."""
    if selection.subject.features is None or recording.crop_folders:
        return None
    faces = corrupted_features.with_faces(recording, selection.subject.features).faces_file
    return None if faces is None else _median_side(shown_state(faces), recording.subject)


@lru_cache(maxsize=64)
def _median_side(faces: FileState, subject: str) -> float | None:
    found = read_faces_csv(faces.path).get(subject)
    return None if found is None or not len(found.size) else float(np.median(found.size))
