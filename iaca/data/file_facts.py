"""Facts about every file of a data tree, read once and remembered: what it holds, and whether it is damaged."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from iaca.data.annotations import AnnotationError
from iaca.data.faces.crops import list_crops, read_picture
from iaca.data.label_memory import subject_autocorrelation
from iaca.data.media.apart import apart
from iaca.data.media.container import MediaError
from iaca.data.media.video import probe
from iaca.data.timeline import labels_on_frames, read_timeline
from iaca.files import file_state, write_whole
from iaca.resources import cache_folder
from iaca.types import Progress, Recording, no_progress

CACHE_VERSION = 4

REPORTED_CROPS = 100
"""Pictures between two signs of life."""


class VideoFacts(NamedTuple):
    """What the index needs to know about a video; `error` is empty where it can be read."""

    frames: int | None = None
    variable_frame_rate: bool | None = None
    audio_offset_s: float | None = None
    audio_codec: str | None = None
    video_codec: str | None = None
    browser_playable: bool | None = None
    error: str = ""
    remarks: tuple[str, ...] = ()


class LabelFacts(NamedTuple):
    """What the index needs to know about a label file."""

    lines: int | None = None
    annotated: int = 0
    error: str = ""
    remark: str = ""


class MemoryFacts(NamedTuple):
    """Autocorrelation of a target's labels in a recording, per lag, None where undefined; and pairs of frames."""

    values: tuple[float | None, ...]
    pairs: tuple[int, ...]


class CropFacts(NamedTuple):
    """Frames that have a crop, as runs of (first, last), the files that are damaged, and why none can be seen."""

    runs: tuple[tuple[int, int], ...] = ()
    damaged: tuple[str, ...] = ()
    error: str = ""


class Inspector:
    """Reads facts about files and remembers them by path, size and modification time.

    Args:
        cache_file: Where they are kept between runs; None: nowhere.
    """

    def __init__(self, cache_file: str | os.PathLike[str] | None) -> None:
        self._file = None if cache_file is None else Path(cache_file)
        self._known: dict[str, Any] = {}
        self._changed = False
        if self._file is not None and self._file.is_file():
            try:
                saved = json.loads(self._file.read_text(encoding="utf-8"))
                self._known = saved["files"] if saved["version"] == CACHE_VERSION else {}
            except (OSError, ValueError, KeyError, TypeError):
                self._known = {}  # only a cache: whatever is wrong with it, read the files again

    def video(self, path: Path) -> VideoFacts:
        """Facts about a video."""
        try:
            return VideoFacts(*self._recall(partial(apart, path, _look_at_video, path, attempts=2), path))
        except MediaError as error:  # what ended its process may not do so again, and is not remembered
            return VideoFacts(error=str(error))

    def labels(self, recording: Recording) -> LabelFacts:
        """Facts about the labels of a recording."""
        if recording.label_form is None:
            return LabelFacts(*self._recall(lambda: _look_at_labels(recording), *recording.label_files))
        if recording.video_file is None:
            return LabelFacts()
        look = partial(apart, recording.video_file, _look_at_labels, recording, attempts=2)
        files, form = (*recording.label_files, recording.video_file), recording.label_form
        try:
            return LabelFacts(*self._recall(look, *files, form=form))
        except MediaError as error:
            return LabelFacts(error=str(error))

    def memory(self, recording: Recording) -> tuple[MemoryFacts, ...]:
        """How long the labels of a recording stay alike: one entry per target; none without both labels and video."""
        if recording.label_file is None or recording.video_file is None:
            return ()
        look = partial(apart, recording.video_file, _look_at_memory, recording, attempts=2)
        files, form = (*recording.label_files, recording.video_file), ("memory", recording.label_form)
        try:
            known = self._recall(look, *files, form=form)
        except MediaError:
            return ()  # said of the file itself
        return tuple(MemoryFacts(tuple(values), tuple(pairs)) for values, pairs in known)

    def crops(self, folder: Path) -> CropFacts:
        """Facts about a folder of crops: every picture is opened the first time, damaged ones every time."""
        look = partial(apart, folder, _look_at_crops, folder, progress=no_progress, attempts=2)
        try:
            runs, damaged, _ = self._recall(look, folder)
            still = apart(folder, _still_damaged, damaged, progress=no_progress) if damaged else ()
        except OSError as error:
            return CropFacts(error=f"It cannot be read: {error.strerror}")
        except MediaError as error:
            return CropFacts(error=str(error))
        return CropFacts(tuple((first, last) for first, last in runs), still)

    def save(self) -> None:
        """Write the cache file; a folder that cannot be written is ignored."""
        if self._file is None or not self._changed:
            return
        try:
            write_whole(self._file, json.dumps({"version": CACHE_VERSION, "files": self._known}).encode())
        except OSError:
            return
        self._changed = False

    def _recall(self, look: Any, *paths: Path, form: object = None) -> Sequence[Any]:
        """Facts about a file, or about several that belong together; looked up again once one has changed.

        Args:
            look: Finds the facts.
            paths: The files.
            form: How they are read, where that is not always the same.
        """
        states = [file_state(path) for path in paths]
        if not all(state.is_there for state in states):
            return look()
        stamp = [number for state in states for number in (state.size, state.mtime_ns)]
        key = "\n".join((*map(str, paths), *(() if form is None else (str(form),))))
        known = self._known.get(key)
        if known is not None and known[0] == stamp:
            return known[1]
        facts = look()
        self._known[key] = [stamp, facts]
        self._changed = True
        return facts


def default_cache_file(roots: Iterable[Path]) -> Path:
    """Where facts about these roots are kept: in the user's cache folder, since data may be read-only."""
    key = hashlib.sha256(os.fsencode("\n".join(sorted(map(os.path.realpath, roots))))).hexdigest()[:16]
    return cache_folder() / f"index-{key}.json"


def runs_of(frames: Iterable[int]) -> list[tuple[int, int]]:
    """Ascending frames as runs of (first, last)."""
    runs: list[tuple[int, int]] = []
    for frame in sorted(frames):
        if runs and frame == runs[-1][1] + 1:
            runs[-1] = (runs[-1][0], frame)
        else:
            runs.append((frame, frame))
    return runs


def frames_in(runs: Iterable[tuple[int, int]], num_frames: int) -> np.ndarray:
    """(N,) bool, frames that lie in a run."""
    mask = np.zeros(num_frames, bool)
    for first, last in runs:
        mask[first : last + 1] = True
    return mask


def _look_at_video(path: Path) -> VideoFacts:
    try:
        info = probe(path)
    except (MediaError, OSError) as error:
        return VideoFacts(error=str(error))
    return VideoFacts(
        len(info.pts_s),
        info.variable_frame_rate,
        info.audio_offset_s,
        info.audio_codec,
        info.video_codec,
        info.browser_playable,
        remarks=info.remarks,
    )


def _look_at_labels(recording: Recording) -> LabelFacts:
    try:
        video = None if recording.label_form is None else recording.video_file
        labels = labels_on_frames(recording, np.zeros(0) if video is None else probe(video).pts_s)
    except (AnnotationError, MediaError, OSError) as error:
        return LabelFacts(error=str(error))
    if labels is None:
        return LabelFacts()
    return LabelFacts(len(labels.valence), int(np.isfinite(labels.valence).sum()), remark=labels.remark)


def _look_at_memory(recording: Recording) -> tuple[MemoryFacts, ...]:
    try:
        timeline = read_timeline(recording)
    except (AnnotationError, MediaError, OSError):
        return ()  # said of the file itself
    found = []
    for labels in (timeline.valence, timeline.arousal):
        values, pairs = subject_autocorrelation(timeline.pts_s, labels)
        found.append(MemoryFacts(tuple(v if np.isfinite(v) else None for v in values.tolist()), tuple(pairs.tolist())))
    return tuple(found)


def _look_at_crops(folder: Path, progress: Progress) -> CropFacts:
    crops = list_crops([folder])
    damaged = []
    for done, path in enumerate(crops.values(), 1):
        if not _looks_whole(path):
            damaged.append(str(path))
        if done % REPORTED_CROPS == 0:
            progress(done, len(crops))
    return CropFacts(tuple(runs_of(crops)), tuple(damaged))


def _still_damaged(paths: Sequence[str], progress: Progress) -> tuple[str, ...]:
    found = []
    for done, path in enumerate(paths, 1):
        if read_picture(Path(path)) is None:
            found.append(path)
        if done % REPORTED_CROPS == 0:
            progress(done, len(paths))
    return tuple(found)


def _looks_whole(path: Path) -> bool:
    """A JPEG that begins and ends as one; anything else is decoded to be sure."""
    try:
        with open(path, "rb") as file:
            start = file.read(2)
            size = file.seek(0, os.SEEK_END)
            file.seek(max(0, size - 2))
            if start == b"\xff\xd8" and file.read() == b"\xff\xd9":
                return True
    except OSError:
        return False
    return read_picture(path) is not None
