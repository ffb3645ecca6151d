"""Who is meant in a video with several people, and which of its tracks: chosen before extraction."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from iaca.data.faces.detection import found_file, known_people, people_folder
from iaca.data.faces.detectors import FaceDetector
from iaca.data.faces.people import People, Person, places_of, read_people
from iaca.data.faces.places import FacesError, read_faces_csv, same_places, write_faces_csv
from iaca.data.media.apart import apart
from iaca.data.media.chosen_tracks import with_tracks
from iaca.data.media.container import MediaError
from iaca.types import Progress, Recording


def list_people(recording: Recording, detector: FaceDetector, out_dir: Path) -> tuple[tuple[Person, ...], Path]:
    """Everybody who is seen in a video, found in a process of its own, with progress on stderr.

    Args:
        recording: The video.
        detector: What finds faces.
        out_dir: Folder of the features; the people are kept in its folder `faces`.

    Returns:
        The people, the most visible first, and the folder with a picture of each.

    Raises:
        MediaError: The video cannot be read.
        OSError: They cannot be written.
    """
    video = recording.video_file
    if video is None:
        raise MediaError(f"{recording.subject} has no video; expected one to look for faces in")
    folder = people_folder(out_dir / "faces", recording, detector)
    with tqdm(unit="frame", desc="looking for faces", dynamic_ncols=True, leave=False) as bar:

        def advance(done: int, total: int, title: str = "") -> None:
            bar.total = total or None
            bar.update(done - bar.n)

        people: People = apart(video, _find, detector, video, folder, progress=advance, making=True)
    return people.people, folder


def choose_person(recording: Recording, detector: FaceDetector, out_dir: Path, numbers: Sequence[int]) -> None:
    """Keep the places of whoever is meant where extraction looks for them; the same choice again changes nothing.

    Args:
        recording: The video.
        detector: What finds faces.
        out_dir: Folder of the features.
        numbers: Of `list_people`: one person, or several who are the same.

    Raises:
        FacesError: There is no such person.
        MediaError: The video cannot be read.
        OSError: The places cannot be written.
    """
    people, _ = list_people(recording, detector, out_dir)
    if not people:
        raise FacesError(f"{detector.name} found no face in {recording.video_file}; expected one that can be chosen")
    places = places_of(people, numbers)
    file = found_file(out_dir / "faces", recording, detector)
    try:
        if same_places(read_faces_csv(file).get(recording.subject), places):
            return
    except FacesError:
        pass  # there is none yet, or none that can be read
    write_faces_csv(file, {recording.subject: places})


def choose_tracks(recording: Recording, out_dir: Path, pictures: int | None, sound: int | None) -> Recording:
    """The recording with the chosen tracks of its video alone, in a copy below the folder of the features.

    Raises:
        MediaError: There is no such track, or the video cannot be read or copied.
        OSError: The copy cannot be written.
    """
    video = recording.video_file
    if video is None:
        raise MediaError(f"{recording.subject} has no video; expected one with tracks")
    return recording._replace(video_file=apart(video, with_tracks, video, out_dir, pictures, sound, making=True))


def about_others(recording: Recording, detector: FaceDetector, out_dir: Path) -> str:
    """A sentence where several people were found in a video and nobody has said who is meant; else ""."""
    video = recording.video_file
    folder = people_folder(out_dir / "faces", recording, detector)
    known = None if video is None or not video.is_file() else read_people(folder, video, detector.name)
    if known is None or len(known.people) < 2:
        return ""
    return (
        f"{video}: {len(known.people)} people were found; these are the features of the one who is seen most, or was "
        "chosen last. --list-people shows them, --person N chooses."
    )


def _find(detector: FaceDetector, video: Path, folder: Path, progress: Progress) -> People:
    return known_people(video, detector, folder, progress=progress)
