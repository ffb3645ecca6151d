"""What a data tree holds and what is wrong with it: the report of `index`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tqdm import tqdm

from iaca.data.faces.places import FacesError, read_faces_csv
from iaca.data.file_facts import Inspector, LabelFacts, VideoFacts, default_cache_file, frames_in
from iaca.data.label_memory import Autocorrelation, label_autocorrelation
from iaca.data.media.apart import apart
from iaca.data.media.container import MediaError
from iaca.data.media.sound import first_sound_s
from iaca.data.problems import Problem
from iaca.data.recordings import Index, find_recordings
from iaca.types import Recording

SAVE_EVERY = 50
MOST_AT_ONCE = 16
"""Files that are looked at side by side, each in a process; more would wait for the disk."""

USUAL_EXTRA_FRAMES = 2
"""By so many, label files of Aff-Wild2 are longer than its videos; with more, a video may be cut short."""


class SubjectReport(NamedTuple):
    """What was found about one subject; the fields are those of `index --json`.

    Attributes:
        subject: Name of the subject.
        video: Stem of its video.
        split: train, validation, test or None.
        frames: N: label lines, else frames of the test list, else of the video; None where it is unknown.
        annotated: Annotated frames.
        missing_crops: Frames without a face; None where neither crops nor faces.csv exist.
        label_lines_minus_frames: None without labels or video.
        variable_frame_rate: None without a video.
        audio_offset_s: First sound minus first frame; None without sound.
        browser_playable: None without a video.
    """

    subject: str
    video: str
    split: str | None
    frames: int | None
    annotated: int
    missing_crops: int | None
    label_lines_minus_frames: int | None
    variable_frame_rate: bool | None
    audio_offset_s: float | None
    browser_playable: bool | None


class Report(NamedTuple):
    """What a data tree holds.

    Attributes:
        found: The recordings.
        subjects: One per recording, in the same order.
        problems: Everything that is wrong.
        memory: How long labels stay alike: one entry per target and lag.
    """

    found: Index
    subjects: tuple[SubjectReport, ...]
    problems: tuple[Problem, ...]
    memory: tuple[Autocorrelation, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether at least one subject has a video that can be read."""
        return any(subject.variable_frame_rate is not None for subject in self.subjects)

    def to_json(self) -> dict[str, list[dict[str, Any]]]:
        """Plain values, ready for JSON."""
        return {
            "subjects": [subject._asdict() for subject in self.subjects],
            "problems": [problem._asdict() for problem in self.problems],
            "label_autocorrelation": [one._asdict() for one in self.memory],
        }


def inspect_roots(
    roots: Sequence[str | os.PathLike[str]],
    *,
    cache_file: str | os.PathLike[str] | None = None,
    progress: bool = True,
) -> Report:
    """Find all subjects below some folders, or in manifests, and look into their files.

    Args:
        roots: Folders and manifests.
        cache_file: Where facts about files are kept; None: a file below the user's cache folder.
        progress: Whether to show a bar on stderr.

    Returns:
        The report; a damaged file becomes a problem and stops nothing.
    """
    index = find_recordings(roots)
    inspector = Inspector(default_cache_file(index.roots) if cache_file is None else cache_file)
    files = sorted({r.video_file for r in index.recordings if r.video_file is not None})
    videos: dict[Path, VideoFacts] = {}
    at_once = min(MOST_AT_ONCE, os.cpu_count() or 1)  # each thread waits for a process
    with ThreadPoolExecutor(at_once) as pool:
        bar = tqdm(pool.map(inspector.video, files), total=len(files), unit="video", desc="index", disable=not progress)
        for number, (path, facts) in enumerate(zip(files, bar, strict=True), 1):
            videos[path] = facts
            if number % SAVE_EVERY == 0:
                inspector.save()
    problems = list(index.problems)
    for path, facts in videos.items():
        if facts.error:
            problems.append(_problem(path, facts.error, "Download it again, or convert it with ffmpeg."))
        problems += [_problem(path, remark, "Check that this is what is meant.") for remark in facts.remarks]
    placed = _placed_faces(index.recordings)
    subjects = []
    bar = tqdm(index.recordings, unit="subject", desc="faces", disable=not progress)
    for number, recording in enumerate(bar, 1):
        video = VideoFacts() if recording.video_file is None else videos[recording.video_file]
        subjects.append(_subject(recording, video, inspector, placed.get(recording.subject), problems))
        if number % SAVE_EVERY == 0:
            inspector.save()
    with ThreadPoolExecutor(at_once) as pool:
        found = pool.map(inspector.memory, index.recordings)
        bar = tqdm(found, total=len(index.recordings), unit="subject", desc="labels", disable=not progress)
        remembered = [
            [(np.array(values, np.float64), np.array(pairs)) for values, pairs in targets] for targets in bar if targets
        ]
    inspector.save()
    return Report(index, tuple(subjects), tuple(problems), label_autocorrelation(remembered))


def _subject(
    recording: Recording,
    video: VideoFacts,
    inspector: Inspector,
    placed: np.ndarray | None,
    problems: list[Problem],
) -> SubjectReport:
    labels = LabelFacts() if recording.label_file is None else inspector.labels(recording)
    if labels.error:
        problems.append(_problem(recording.label_file, labels.error, "Repair it, or unpack the annotations again."))
    if labels.remark:
        problems.append(_problem(recording.label_file, labels.remark, "Correct them, or leave them out."))
    if recording.audio_file is not None:
        video = _with_sound_of(recording.audio_file, video, problems)
    if recording.video_file is None:
        problems.append(
            _problem(
                recording.subject,
                f"It has no video: there is no {recording.video}.mp4 or .avi",
                "Add the folder of videos (batch1, batch2, new_vids) to the roots.",
            )
        )
    frames = next((n for n in (labels.lines, recording.listed_frames, video.frames) if n is not None), None)
    missing_crops = None
    if recording.crop_folders and frames is not None:
        mask, taken = np.zeros(frames, bool), np.zeros(frames, bool)
        for folder in recording.crop_folders:
            crops = inspector.crops(folder)
            here = frames_in(crops.runs, frames) & ~taken  # the first folder that has a frame wins, as in extraction
            taken |= here
            if crops.error:
                problems.append(_problem(folder, crops.error, "Check its permissions."))
            for path in crops.damaged:
                problems.append(_problem(path, "It is not a whole picture", "Unpack or download it again."))
                damaged = int(Path(path).stem) - 1
                if damaged < frames:
                    here[damaged] = False
            mask |= here
        missing_crops = int((~mask).sum())
    elif placed is not None and frames is not None:
        missing_crops = int(frames - (placed < frames).sum())
    elif not recording.crop_folders:
        problems.append(
            _problem(
                recording.subject,
                f"It has no faces: there is no folder cropped_aligned*/{recording.subject}",
                "Add the folder of crops to the roots; without it, extraction looks for faces in the video.",
            )
        )
    if recording.label_file is None and recording.split != "test":
        problems.append(
            _problem(
                recording.subject,
                "It has no labels and is in no test list",
                "Add the folder of annotations to the roots; without labels it is predicted but not scored.",
            )
        )
    if video.frames is not None and frames is not None and frames - video.frames > USUAL_EXTRA_FRAMES:
        source = "test list" if labels.lines is None else "label file"
        problems.append(
            _problem(
                recording.video_file,
                f"It has {video.frames} frames, and the {source} of {recording.subject} has {frames}",
                "Download it again if it is cut short; the times of later frames repeat its last interval.",
            )
        )
    difference = None if labels.lines is None or video.frames is None else labels.lines - video.frames
    return SubjectReport(
        subject=recording.subject,
        video=recording.video,
        split=recording.split,
        frames=frames,
        annotated=labels.annotated,
        missing_crops=missing_crops,
        label_lines_minus_frames=difference,
        variable_frame_rate=video.variable_frame_rate,
        audio_offset_s=None if video.audio_offset_s is None else round(video.audio_offset_s, 6),
        browser_playable=video.browser_playable,
    )


def _with_sound_of(file: Path, video: VideoFacts, problems: list[Problem]) -> VideoFacts:
    """Facts about a video whose sound is in a file of its own."""
    try:
        starts_s = apart(file, first_sound_s, file)
    except MediaError as error:
        problems.append(_problem(file, str(error), "Convert it with ffmpeg."))
        return video
    if starts_s is None:
        problems.append(_problem(file, "It has no sound", "Name the file with the sound of the video."))
    return video._replace(audio_offset_s=starts_s, browser_playable=False)


def _placed_faces(recordings: Iterable[Recording]) -> dict[str, np.ndarray]:
    """Subject -> frames that faces.csv places."""
    placed: dict[str, np.ndarray] = {}
    for path in {r.faces_file for r in recordings if r.faces_file is not None}:
        try:
            for subject, faces in read_faces_csv(path).items():
                placed.setdefault(subject, faces.frame)
        except FacesError:
            continue  # already among the problems of the index
    return placed


def _problem(file: str | Path | None, reason: str, remedy: str) -> Problem:
    return Problem(str(file), reason.rstrip(".") + ".", remedy)
