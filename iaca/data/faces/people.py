"""Everybody whose face was found in a video: kept with a picture each, so that a user can say who is meant."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from iaca.data.faces.places import Faces, FacesError, read_faces_csv, write_faces_csv
from iaca.data.faces.turned import Turn
from iaca.files import fingerprint, write_whole
from iaca.headers import HeaderError, parse_json

MOST_PEOPLE = 12
"""People that are listed, the most visible first."""

LIST, PLACES = "people.json", "places.csv"


class Person(NamedTuple):
    """Somebody whose face was followed in a video.

    Attributes:
        number: From 1, the most visible first.
        first_s: When the face is first seen, in seconds from the first frame.
        last_s: When it is last seen.
        share: Of the searched frames in which it has a place, 0 to 1.
        score: Mean confidence of the detector while it was looked for, 0 to 1.
        faces: Its places.
        picture: The face where it was seen best, (112, 112, 3) uint8 RGB.
    """

    number: int
    first_s: float
    last_s: float
    share: float
    score: float
    faces: Faces
    picture: np.ndarray

    @property
    def facts(self) -> str:
        """When it is seen, in how many frames, and how certainly, in a few words."""
        return f"{_clock(self.first_s)} to {_clock(self.last_s)}, {self.share:.0%} of frames, score {self.score:.2f}"


class People(NamedTuple):
    """The people of a video as they are kept.

    Attributes:
        people: All of them, the most visible first.
        turn: By how much pictures are to be turned so that faces are found, where most have none; None elsewhere.
        frames: Frames from the start that were searched.
    """

    people: tuple[Person, ...]
    turn: Turn | None
    frames: int


def write_people(folder: str | os.PathLike[str], people: People, video: Path, detector: str) -> None:
    """Keep the people of a video, with a picture each, `1.jpg` onwards.

    Args:
        folder: Where.
        people: Everybody who was found.
        video: The video.
        detector: Name of the detector that found them.

    Raises:
        OSError: They cannot be written.
    """
    import cv2

    folder = Path(folder)
    (folder / LIST).unlink(missing_ok=True)
    for file in folder.glob("*.jpg"):
        file.unlink()
    for one in people.people:
        jpeg = cv2.imencode(".jpg", cv2.cvtColor(one.picture, cv2.COLOR_RGB2BGR))[1]
        write_whole(picture_file(folder, one.number), jpeg.tobytes())
    if people.people:
        write_faces_csv(folder / PLACES, {str(one.number): one.faces for one in people.people})
    names = ("number", "first_s", "last_s", "share", "score")
    facts = [{name: getattr(one, name) for name in names} for one in people.people]
    searched = {"video": fingerprint(video), "detector": detector, "frames": people.frames}
    about = {**searched, "turn": people.turn, "people": facts}
    write_whole(folder / LIST, json.dumps(about).encode())


def read_people(folder: str | os.PathLike[str], video: Path, detector: str, frames: int | None = None) -> People | None:
    """The people of a video as they were kept, or None where they have to be looked for.

    Args:
        folder: Where they were kept.
        video: The video; those of another are none.
        detector: Name of the detector; what another has found is none.
        frames: Frames from the start that must have been searched; later places are left out. None: as many as were.
    """
    import cv2

    folder = Path(folder)
    try:
        about = parse_json((folder / LIST).read_text(encoding="utf-8"))
        searched = int(about["frames"])
        if (about["video"], about["detector"]) != (fingerprint(video), detector):
            return None
        if frames is not None and searched < frames:
            return None
        places = read_faces_csv(folder / PLACES) if about["people"] else {}
        found = []
        for facts in about["people"]:
            encoded = np.fromfile(picture_file(folder, facts["number"]), np.uint8)
            faces = _first(places[str(facts["number"])], searched if frames is None else frames)
            picture = cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB)
            if picture is None:
                return None
            found.append(Person(**facts, faces=faces, picture=picture))
        turn = None if about.get("turn") is None else Turn(*map(int, about["turn"]))
    except (OSError, ValueError, KeyError, TypeError, HeaderError, FacesError, cv2.error):
        return None  # it was never written whole, or somebody wrote into it: they are looked for again
    return People(tuple(found), turn, searched)


def picture_file(folder: Path, number: int) -> Path:
    """Where the picture of a person is kept."""
    return folder / f"{number}.jpg"


def places_of(people: Sequence[Person], numbers: Sequence[int]) -> Faces:
    """The places of one person, or of several that a user says are the same one.

    Args:
        people: Everybody who was found.
        numbers: Who is meant; where two are seen in one frame, the first named counts.

    Raises:
        FacesError: There is no such person.
    """
    known = {one.number: one.faces for one in people}
    missing = [number for number in numbers if number not in known]
    if missing or not numbers:
        raise FacesError(
            f"there is no person {missing[0] if missing else 'chosen'}; expected a number from 1 to {len(known)}, "
            "of the people found"
        )
    parts = [known[number] for number in dict.fromkeys(numbers)]
    columns = [np.concatenate(values) for values in zip(*parts, strict=True)]
    _, first = np.unique(columns[0], return_index=True)
    return Faces(*(values[first] for values in columns))


def about_several(people: Sequence[Person], numbers: Sequence[int]) -> str:
    """A sentence about whose features they are, where several people were found; "" for one."""
    if len(people) < 2:
        return ""
    named = " and ".join(map(str, numbers))
    who = "number 1, who is seen most" if tuple(numbers) == (1,) else f"number {named}, as chosen"
    return f"{len(people)} people were found; the features are of {who}"


def _first(faces: Faces, frames: int) -> Faces:
    count = int(np.searchsorted(faces.frame, frames))
    return Faces(*(values[:count] for values in faces))


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60)}:{seconds % 60:04.1f}"
