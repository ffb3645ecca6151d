"""Finding faces in a video that comes without crops: a detector looks at single pictures, a tracker follows people."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import pandas as pd

from iaca.data.faces.crops import CropError
from iaca.data.faces.detectors import FaceDetector
from iaca.data.faces.places import COLUMNS, Faces, FacesError, read_faces_csv
from iaca.data.faces.tracks import STEP_FRAMES, Tracker, assign, fill
from iaca.data.media.container import MediaError
from iaca.data.media.video import iterate_frames
from iaca.files import write_whole
from iaca.types import Progress, Recording, no_progress


class NoFaceError(CropError):
    """A detector has looked and found no face: the message names the video and the detector."""


def find_faces(
    video: str | os.PathLike[str],
    subjects: Sequence[str],
    detector: FaceDetector,
    *,
    frames: int | None = None,
    progress: Progress = no_progress,
) -> dict[str, Faces]:
    """Follow the faces of a video: the main one, or as many as there are subjects, in their order on screen.

    Every fourth frame is searched. Detections near each other become a track, which ends at a cut; the track, or
    tracks, with the most picture are kept. Between detections a face moves on a line, and where it is lost for over a
    second it is missing. Where fewer people are found than there are subjects, their places tell who they are.

    Args:
        video: The video.
        subjects: Names, from left to right on screen; usually one, or NAME_left and NAME_right.
        detector: What finds faces.
        frames: How many frames from the start are searched; None: all.
        progress: Called after every fourth frame with how many of `frames` are searched.

    Returns:
        Subject -> places; with no frame at all for a subject that was not found.

    Raises:
        MediaError: The video cannot be read.
        FacesError: Fewer people were found than there are subjects, and one of them could be either of two.
    """
    last = -1
    tracker = Tracker()
    for frame, picture in iterate_frames(video):
        if frames is not None and frame >= frames:
            break
        last = frame
        if frame % STEP_FRAMES == 0:
            tracker.add(frame, picture, detector.detect(picture))
            searched = frame + STEP_FRAMES
            progress(searched if frames is None else min(searched, frames), frames or 0)
    try:
        found = assign(tracker.people(), subjects, tracker.width)
    except FacesError as error:
        raise FacesError(f"{video}: {error}") from None
    return {subject: fill(found.get(subject, []), last) for subject in subjects}


def screen_order(subjects: Sequence[str]) -> list[str]:
    """Subjects of one video from left to right: NAME_left, NAME, NAME_right."""
    return sorted(subjects, key=lambda name: (name.endswith("_right"), not name.endswith("_left"), name))


def people_on_screen(recordings: Iterable[Recording]) -> list[str]:
    """Names of the people of one video from left to right, also of those of whom it is known only that they are there.

    Args:
        recordings: Of the video. Where they have a `person`, it tells the places; else the names do.
    """
    places = {one.person: one.subject for one in recordings if one.person}
    if places:
        return [places.get(k, f"person {k} from the left") for k in range(1, max(2, *places) + 1)]
    return screen_order(sorted({one.subject for one in recordings}))


def write_faces_csv(path: str | os.PathLike[str], faces: Mapping[str, Faces]) -> None:
    """Write places of faces, whole or not at all, in the form that `read_faces_csv` reads.

    Raises:
        OSError: The file cannot be written.
    """
    tables = [
        pd.DataFrame({"subject": subject, **{n: getattr(f, n) for n in COLUMNS[1:]}}, columns=list(COLUMNS))
        for subject, f in faces.items()
    ]
    buffer = io.StringIO()
    pd.concat(tables).to_csv(buffer, index=False, float_format="%.2f")
    write_whole(path, buffer.getvalue().encode())


def has_known_faces(recording: Recording) -> bool:
    """Whether faces are given, as crops or as places in faces.csv."""
    return bool(recording.crop_folders) or recording.faces_file is not None


def with_found_faces(
    recording: Recording, others: Iterable[Recording], detector: FaceDetector, folder: Path
) -> Recording:
    """The recording with a faces.csv of its own, from an earlier run or detected now.

    Args:
        recording: The subject to find.
        others: All recordings: people in the same video are distinguished by their order on screen.
        detector: What finds faces.
        folder: Where `<subject>.<detector>.csv` is kept.

    Raises:
        MediaError: There is no video, or it cannot be read.
        NoFaceError: No face was found.
        FacesError: It cannot be told who of several people was found.
    """
    path = folder / f"{recording.subject}.{detector.name}.csv"
    if not _has_places(path, recording.subject):
        if recording.video_file is None:
            raise MediaError(f"{recording.subject} has no video; expected {recording.video}.mp4 or .avi")
        subjects = people_on_screen([recording, *(r for r in others if r.video == recording.video)])
        faces = find_faces(recording.video_file, subjects, detector)
        found = faces[recording.subject]
        if not len(found.frame):
            there = [name for name in subjects if len(faces[name].frame)]
            count = f" ({len(there)} of {len(subjects)} people were found: {', '.join(there)})" if there else ""
            raise NoFaceError(
                f"{recording.subject} has no crops, and {detector.name} found no face in {recording.video_file}{count}"
            )
        write_faces_csv(path, {recording.subject: found})
    return recording._replace(faces_file=path)


def _has_places(file: Path, subject: str) -> bool:
    """Whether a file of found faces is there, whole, and of a subject; any other is made again."""
    try:
        return subject in read_faces_csv(file)
    except (FacesError, OSError):
        return False
