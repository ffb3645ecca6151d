"""From faces in single pictures to people: tracks that end at a cut, and who of a video's subjects each one is."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from iaca.data.faces.appearance import SAME, SAME_AFTER_DISSOLVE, Appearance, appearance, are_different
from iaca.data.faces.places import COLUMNS, Faces, FacesError, crop_face

STEP_FRAMES = 4
GAP_FRAMES = 30
"""A face that is lost for longer is missing; over a shorter gap, its place is interpolated."""

LINK_DISTANCE = 0.6
"""A face belongs to a track when it has moved by less than this share of its size per detection."""

JOIN_DISTANCE = 1.5
"""A track that was lost goes on in one that begins within this many sizes."""

LEAST_DETECTIONS = 3
LEAST_SCORE = 0.2
"""A track that was seen less often, or is less certain, is usually no face."""

THUMBNAIL = (32, 18)
CUT_CHANGE, CUT_LIKENESS = 20, 0.6
"""There is a cut between two pictures whose thumbnails differ by more than the first on average, in grey levels of 255,
and correlate by less than the second."""

CUT_OVER_USUAL = 5
"""A cut changes the picture by so many times more than what is usual just before: flicker and fast motion are none."""

USUAL_STEPS = 8
"""Searched pictures that tell what is usual."""

ALIKE = 0.6
"""Share of the colours that the face of one person has in common before and after a cut."""

LOOK_BACK = 8
"""Detections between the two that are compared: a picture that dissolves into another changes little in each step."""

BORDER = 0.2
"""Share of a subject's part of the width on either side of a border in which a person could belong to either part."""


class Detection(NamedTuple):
    """One face in one picture.

    Attributes:
        x: Centre, pixels from the left.
        y: Centre, pixels from the top.
        size: Side of the square that becomes a crop, pixels.
        roll: Degrees, positive where the head is turned clockwise on screen; 0 where the detector does not measure it.
        score: Confidence, 0 to 1; higher is more certain.
    """

    x: float
    y: float
    size: float
    roll: float
    score: float


class Seen(NamedTuple):
    """A detection of a track.

    Attributes:
        frame: When.
        face: Where.
        shot: After how many cuts.
        look: What the face looks like.
    """

    frame: int
    face: Detection
    shot: int
    look: Appearance


class Track(list[Seen]):
    """Where a face was seen, in order.

    Attributes:
        picture: The face where it was seen best, (112, 112, 3) uint8 RGB; None before anything was seen.
        searched: Pictures that were searched from each of its first detections to the last without a long loss.
    """

    def __init__(self) -> None:
        super().__init__()
        self.picture: np.ndarray | None = None
        self.searched = 0
        self._best = 0.0
        self._certain = 0

    @property
    def score(self) -> float:
        """Mean confidence, 0 to 1, of the pictures in which the face was looked for; where it was not seen, 0."""
        return sum(min(1.0, max(0.0, one.face.score)) for one in self) / max(1, self.searched)

    def see(self, seen: Seen, picture: np.ndarray) -> None:
        """Append a detection in a picture, (H, W, 3) uint8 RGB."""
        steps = (seen.frame - self[-1].frame) // STEP_FRAMES if self else 1
        self.append(seen)
        self.searched += steps
        quality = seen.face.score * seen.face.size
        if self.picture is None or quality > self._best:
            self.picture, self._best = crop_face(picture, *seen.face[:4]), quality

    def end(self, same: tuple[float, float]) -> None:
        """Take away what was seen last and looks no longer as shortly before: part of it is somebody else."""
        before = self[-LOOK_BACK:][0]
        while len(self) > self._certain and are_different(before.look, self[-1].look, same):
            gone = self.pop()
            self.searched -= (gone.frame - self[-1].frame) // STEP_FRAMES
        self._certain = len(self)

    def go_on(self, later: Track) -> None:
        """Append a later track of the same person."""
        self.extend(later)
        self.searched += later.searched
        if self.picture is None or later._best > self._best:
            self.picture, self._best = later.picture, later._best


class Tracker:
    """Follows the faces of a video from one searched picture to the next."""

    def __init__(self) -> None:
        self.tracks: list[Track] = []
        self.searched = 0
        self.width = 0
        self._shot = 0
        self._thumbnails: deque[np.ndarray] = deque(maxlen=LOOK_BACK)
        self._changes: deque[float] = deque(maxlen=USUAL_STEPS)

    def add(self, frame: int, picture: np.ndarray, detections: Sequence[Detection]) -> None:
        """Append each detection to the nearest track of this shot that is alive, nearest first; others begin a track.

        A detection that looks like somebody else ends the track at its place.

        Args:
            frame: Number of the frame; each call has a later one.
            picture: (H, W, 3) uint8 RGB.
            detections: Faces in it.
        """
        is_dissolved = self._enter_shot(_thumbnail(picture))
        self.searched += 1
        self.width = picture.shape[1]
        seen = [Seen(frame, one, self._shot, appearance(picture, one.x, one.y, one.size)) for one in detections]
        alive = [t for t in self.tracks if frame - t[-1].frame <= GAP_FRAMES and t[-1].shot == self._shot]
        pairs = sorted(
            (_distance(track[-1].face, one.face), i, j) for i, track in enumerate(alive) for j, one in enumerate(seen)
        )
        near = [(i, j) for distance, i, j in pairs if distance <= LINK_DISTANCE * min(_lost_steps(alive[i], frame), 3)]
        same = SAME_AFTER_DISSOLVE if is_dissolved else SAME
        used_tracks: set[int] = set()
        used: set[int] = set()
        for i, j in near:
            if i in used_tracks or j in used or are_different(alive[i][-LOOK_BACK:][0].look, seen[j].look, same):
                continue
            alive[i].see(seen[j], picture)
            used_tracks.add(i)
            used.add(j)
        for i in {i for i, _ in near} - used_tracks:
            alive[i].end(same)
        for j, one in enumerate(seen):
            if j not in used:
                self.tracks.append(Track())
                self.tracks[-1].see(one, picture)

    def _enter_shot(self, thumbnail: np.ndarray) -> bool:
        """Count a cut before a picture; whether, without one, the picture has become another within a second or so."""
        before = self._thumbnails
        if before:
            change = float(np.abs(thumbnail - before[-1]).mean())
            usual = float(np.median(self._changes)) if self._changes else 0.0
            unusual = change > max(CUT_CHANGE, CUT_OVER_USUAL * usual)
            self._changes.append(change)
            if unusual and _correlation(thumbnail, before[-1]) < CUT_LIKENESS:
                self._shot += 1
                before.clear()
        before.append(thumbnail)
        change = float(np.abs(thumbnail - before[0]).mean())
        return change > CUT_CHANGE and _correlation(thumbnail, before[0]) < CUT_LIKENESS

    def people(self) -> list[Track]:
        """People, the most visible first. What was seen too seldom, or too uncertainly, is none.

        A track that was lost goes on in a later one at about the same place if its face looks the same; after a cut,
        only if it has the same colours.
        """
        least = min(LEAST_DETECTIONS, max(1, self.searched))
        people: list[Track] = []
        certain = [t for t in self.tracks if len(t) >= least and t.score >= LEAST_SCORE]
        for track in sorted(certain, key=lambda t: t[0].frame):
            fitting = [
                one
                for one in people
                if one[-1].frame < track[0].frame
                and _distance(one[-1].face, track[0].face) < JOIN_DISTANCE
                and (_likeness(one, track) > ALIKE or _goes_on(one, track))
            ]
            if fitting:
                min(fitting, key=lambda one: _distance(one[-1].face, track[0].face)).go_on(track)
            else:
                people.append(Track())
                people[-1].go_on(track)
        return sorted(people, key=lambda track: -sum(one.face.size for one in track))


def assign(people: Sequence[Track], subjects: Sequence[str], width: int) -> dict[str, Track]:
    """Who of a video's subjects each person is, by place in the picture over the whole video.

    Args:
        people: The most visible first; the first are taken, as many as there are subjects.
        subjects: Names, from left to right on screen.
        width: Of the picture, pixels.

    Returns:
        Subject -> track; a subject that was not found is left out.

    Raises:
        FacesError: Fewer people than subjects were found, and one of them could be either of two subjects.
    """
    taken = sorted(people[: len(subjects)], key=_place)
    if len(taken) == len(subjects):
        return dict(zip(subjects, taken, strict=True))
    found: dict[str, Track] = {}
    for track in taken:
        share = _place(track) / max(1, width)
        # Subjects share the width evenly; near the border of two of them, nobody can tell.
        slot = share * len(subjects)
        border = abs(slot - round(slot)) < BORDER and 0 < round(slot) < len(subjects)
        subject = subjects[min(int(slot), len(subjects) - 1)]
        if border or subject in found:
            raise FacesError(
                f"{len(taken)} of {len(subjects)} people were found, one at {share:.0%} of the width of the picture, "
                f"who could be more than one of {', '.join(subjects)}; give their places in a faces.csv"
            )
        found[subject] = track
    return found


def fill(track: Track, last_frame: int) -> Faces:
    """Places on every frame from the first detection to the last, but for long gaps and cuts; slightly smoothed.

    Args:
        track: Of one person; empty for one who was not found.
        last_frame: Of the video.
    """
    if not track:
        return Faces(np.zeros(0, np.int64), *(np.zeros(0, np.float32) for _ in COLUMNS[2:]))
    seen = np.array([one.frame for one in track])
    values = np.array([one.face[:4] for one in track])
    near = (np.diff(seen) <= GAP_FRAMES) & (np.diff([one.shot for one in track]) == 0)
    if len(track) >= 3:
        smooth = values.copy()
        inner = near[:-1] & near[1:]
        smooth[1:-1][inner] = (values[:-2] + 2 * values[1:-1] + values[2:])[inner] / 4
        values = smooth
    frames = np.arange(seen[0], min(seen[-1] + STEP_FRAMES, last_frame + 1))
    following = np.clip(np.searchsorted(seen, frames), 1, max(1, len(seen) - 1))
    bridged = near[following - 1] | (frames > seen[-1]) if len(seen) > 1 else np.ones(len(frames), bool)
    frames = frames[bridged | np.isin(frames, seen)]
    columns = (np.interp(frames, seen, values[:, i]).astype(np.float32) for i in range(4))
    return Faces(frames.astype(np.int64), *columns)


def _place(track: Track) -> float:
    return float(np.median([one.face.x for one in track]))


def _distance(a: Detection, b: Detection) -> float:
    """How far apart two faces are, in sizes: place and size both count."""
    size = min(a.size, b.size)
    return float(np.hypot(a.x - b.x, a.y - b.y) / size + abs(np.log(a.size / b.size)))


def _thumbnail(picture: np.ndarray) -> np.ndarray:
    import cv2

    return cv2.resize(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY), THUMBNAIL, interpolation=cv2.INTER_AREA).astype(float)


def _correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Of two pictures, -1 to 1; 0 where one of them is even."""
    a, b = a - a.mean(), b - b.mean()
    size = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum()) / size if size else 0.0


def _lost_steps(track: Track, frame: int) -> float:
    return (frame - track[-1].frame) / STEP_FRAMES


def _goes_on(one: Track, later: Track) -> bool:
    """Whether a later track of the same shot may be of the same person."""
    return one[-1].shot == later[0].shot and not are_different(
        one[-LOOK_BACK:][0].look, later[:LOOK_BACK][-1].look, SAME
    )


def _likeness(one: Track, other: Track) -> float:
    """Share of colours that two tracks have in common, 0 to 1."""
    return float(np.minimum(*(np.mean([seen.look.colours for seen in track], axis=0) for track in (one, other))).sum())
