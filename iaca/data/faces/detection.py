"""Finding faces in a video that comes without crops: a detector looks at single pictures, a tracker follows people."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from iaca.data.faces.crops import CropError
from iaca.data.faces.detectors import FaceDetector
from iaca.data.faces.people import LIST, MOST_PEOPLE, People, Person, read_people, write_people
from iaca.data.faces.places import Faces, FacesError, read_faces_csv, write_faces_csv
from iaca.data.faces.tracks import STEP_FRAMES, Track, Tracker, assign, fill
from iaca.data.faces.turned import Missed, Turn
from iaca.data.media.container import MediaError, picture_times
from iaca.data.media.video import iterate_frames
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
    tracker, last, _ = _search(video, detector, frames, progress)
    try:
        found = assign(tracker.people(), subjects, tracker.width)
    except FacesError as error:
        raise FacesError(f"{video}: {error}") from None
    return {subject: fill(found.get(subject, Track()), last) for subject in subjects}


def find_people(
    video: str | os.PathLike[str],
    detector: FaceDetector,
    *,
    frames: int | None = None,
    progress: Progress = no_progress,
) -> list[Person]:
    """Everybody whose face is seen in a video, the most visible first: at most `MOST_PEOPLE`.

    Who is seen in several shots is one person where the colours of the face agree, else several.

    Args:
        video: The video.
        detector: What finds faces.
        frames: How many frames from the start are searched; None: all.
        progress: As in `find_faces`.

    Raises:
        MediaError: The video cannot be read.
    """
    return list(_find_people(video, detector, frames, progress)[0])


def _find_people(
    video: str | os.PathLike[str], detector: FaceDetector, frames: int | None, progress: Progress
) -> tuple[tuple[Person, ...], Turn | None]:
    """As `find_people`; and the turn by which faces are found where most pictures have none."""
    tracker, last, missed = _search(video, detector, frames, progress)
    pts_s = picture_times(Path(video)).pts_s
    people = []
    for number, track in enumerate(tracker.people()[:MOST_PEOPLE], 1):
        places = fill(track, last)
        first_s, last_s = (float(pts_s[frame] - pts_s[0]) for frame in places.frame[[0, -1]])
        assert track.picture is not None, "whoever was seen has a picture"
        people.append(
            Person(number, first_s, last_s, len(places.frame) / (last + 1), track.score, places, track.picture)
        )
    return tuple(people), missed.turn(detector)


def known_people(
    video: Path,
    detector: FaceDetector,
    folder: Path,
    *,
    frames: int | None = None,
    progress: Progress = no_progress,
) -> People:
    """Everybody whose face is seen in a video, as kept in a folder, or found and kept now.

    Args:
        video: The video.
        detector: What finds faces.
        folder: Where they are kept, with a picture each.
        frames: How many frames from the start are searched; None: all.
        progress: As in `find_faces`.

    Raises:
        MediaError: The video cannot be read.
        OSError: They cannot be written.
    """
    count = len(picture_times(video).pts_s)
    count = count if frames is None else min(frames, count)
    known = read_people(folder, video, detector.name, count)
    if known is not None:
        return known
    people = People(*_find_people(video, detector, count, progress), frames=count)
    write_people(folder, people, video, detector.name)
    return people


def _search(
    video: str | os.PathLike[str], detector: FaceDetector, frames: int | None, progress: Progress
) -> tuple[Tracker, int, Missed]:
    """The faces of a video, its last searched frame, and pictures without a face."""
    last = -1
    tracker, missed = Tracker(), Missed()
    for frame, picture in iterate_frames(video):
        if frames is not None and frame >= frames:
            break
        last = frame
        if frame % STEP_FRAMES == 0:
            faces = detector.detect(picture)
            tracker.add(frame, picture, faces)
            missed.add(picture, bool(faces))
            searched = frame + STEP_FRAMES
            progress(searched if frames is None else min(searched, frames), frames or 0)
    return tracker, last, missed


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


def has_known_faces(recording: Recording) -> bool:
    """Whether faces are given, as crops or as places in faces.csv."""
    return bool(recording.crop_folders) or recording.faces_file is not None


def found_file(folder: Path, recording: Recording, detector: FaceDetector) -> Path:
    """Where the places of a subject are kept that a detector has found."""
    return folder / f"{recording.subject}.{detector.name}.csv"


def people_folder(folder: Path, recording: Recording, detector: FaceDetector) -> Path:
    """Where everybody is kept who was found in the video of a subject."""
    return folder / f"{recording.subject}.{detector.name}.people"


def with_found_faces(
    recording: Recording, others: Iterable[Recording], detector: FaceDetector, folder: Path
) -> Recording:
    """The recording with a faces.csv of its own, from an earlier run or detected now.

    Args:
        recording: The subject to find.
        others: All recordings: people in the same video are distinguished by their order on screen.
        detector: What finds faces.
        folder: Where `<subject>.<detector>.csv` is kept, and beside it everybody in a video of one subject.

    Raises:
        MediaError: There is no video, or it cannot be read.
        NoFaceError: No face was found.
        FacesError: It cannot be told who of several people was found.
    """
    path = found_file(folder, recording, detector)
    if not _has_places(path, recording.subject) or _are_of_another(recording, detector, folder):
        if recording.video_file is None:
            raise MediaError(f"{recording.subject} has no video; expected {recording.video}.mp4 or .avi")
        turn = None
        subjects = people_on_screen([recording, *(r for r in others if r.video == recording.video)])
        if len(subjects) == 1:
            people, turn, _ = known_people(recording.video_file, detector, people_folder(folder, recording, detector))
            faces = {recording.subject: people[0].faces if people else fill(Track(), -1)}
        else:
            faces = find_faces(recording.video_file, subjects, detector)
        found = faces[recording.subject]
        if not len(found.frame):
            there = [name for name in subjects if len(faces[name].frame)]
            count = f" ({len(there)} of {len(subjects)} people were found: {', '.join(there)})" if there else ""
            raise NoFaceError(
                f"{recording.subject} has no crops, and {detector.name} found no face in {recording.video_file}{count}"
                + (f": {turn.sentence}" if turn else "")
            )
        write_faces_csv(path, {recording.subject: found})
    return recording._replace(faces_file=path)


def known_turn(recording: Recording, detector: FaceDetector, folder: Path) -> Turn | None:
    """The turn by which more faces of a subject are found, as it was learnt when they were looked for."""
    video = recording.video_file
    known = None if video is None else read_people(people_folder(folder, recording, detector), video, detector.name)
    return None if known is None else known.turn


def _has_places(file: Path, subject: str) -> bool:
    """Whether a file of found faces is there, whole, and of a subject; any other is made again."""
    try:
        return subject in read_faces_csv(file)
    except (FacesError, OSError):
        return False


def _are_of_another(recording: Recording, detector: FaceDetector, folder: Path) -> bool:
    """Whether the people that are kept for a subject are those of another video, or of other tracks of it."""
    kept, video = people_folder(folder, recording, detector), recording.video_file
    return video is not None and (kept / LIST).is_file() and read_people(kept, video, detector.name) is None
