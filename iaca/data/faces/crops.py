"""The faces of a recording, one after another, from crops or cut from the video."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import imagesize
import numpy as np

from iaca.clips import clip_frame_indices
from iaca.data.faces.places import CROP_SIZE, crop_face, read_faces_csv
from iaca.data.media.container import MOST_PIXELS
from iaca.data.media.video import iterate_frames
from iaca.errors import InputError
from iaca.types import Recording

SIGNATURES = (b"\xff\xd8", b"\x89PNG\r\n\x1a\n")
"""First bytes of the formats that crops have: JPEG and PNG."""


class CropError(InputError):
    """A recording without faces: the message names it and what was expected."""


class Crops:
    """Faces of one recording.

    Crop folders win over places in `faces.csv`; without either there are none.

    Args:
        recording: The subject and its files.
        num_frames: N.

    Attributes:
        has_face: (N,) bool, frames that should have a face. A picture that turns out to be unreadable is taken out
            while iterating.
        problems: One sentence for each picture that could not be read.

    Raises:
        CropError: Neither crops nor places of faces are known.
    """

    def __init__(self, recording: Recording, num_frames: int) -> None:
        self.has_face = np.zeros(num_frames, bool)
        self.problems: list[str] = []
        self._recording = recording
        self._files, self._places = {}, {}
        if recording.crop_folders:
            self._files = {k: path for k, path in list_crops(recording.crop_folders).items() if k < num_frames}
            known = list(self._files)
        elif recording.faces_file is not None and recording.video_file is not None:
            faces = read_faces_csv(recording.faces_file).get(recording.subject)
            rows = zip(*faces, strict=True) if faces is not None else ()
            self._places = {int(k): place for k, *place in rows if k < num_frames}
            known = list(self._places)
        else:
            raise CropError(
                f"{recording.subject} has no faces: no folder cropped_aligned*/{recording.subject} and no faces.csv "
                "that names it"
            )
        self.has_face[known] = True

    def iterate(self, wanted: np.ndarray) -> Iterator[tuple[int, np.ndarray | None]]:
        """Every wanted frame in order, with its face or None.

        Args:
            wanted: (N,) bool.

        Yields:
            The frame and (112, 112, 3) uint8 RGB, or None where there is no face.
        """
        source = self._from_files(wanted) if self._files or not self._places else self._from_video(wanted)
        expected = iter(np.flatnonzero(wanted))
        for k, crop in source:
            for frame in expected:
                if frame == k:
                    break
                yield self._missing(int(frame), "its picture cannot be decoded")
            yield k, crop
        for frame in expected:
            yield self._missing(int(frame), "its picture cannot be decoded")

    def clips(self, ends: np.ndarray) -> Iterator[list[np.ndarray | None]]:
        """The pictures of clips, decoded once and in order, with no more than a clip in memory.

        Args:
            ends: (T,) last frame of each clip, ascending.

        Yields:
            For each clip its eight pictures, (112, 112, 3) uint8 RGB, None where a face is missing. Clips that share a
            frame have the same array.
        """
        if not len(ends):
            return
        rows = np.stack([clip_frame_indices(int(end)) for end in ends])
        wanted = np.zeros(len(self.has_face), bool)
        wanted[rows] = True
        # Near the start steps widen, and a later clip may begin before an earlier one.
        oldest = np.minimum.accumulate(rows[::-1, 0])[::-1]
        source = self.iterate(wanted)
        recent: dict[int, np.ndarray | None] = {}
        for row, still_needed in zip(rows, oldest, strict=True):
            for frame in [k for k in recent if k < still_needed]:
                del recent[frame]
            while row[-1] not in recent:
                frame, crop = next(source)
                recent[frame] = crop
            yield [recent[k] for k in row]

    def _missing(self, frame: int, reason: str) -> tuple[int, None]:
        if self.has_face[frame]:
            self.has_face[frame] = False
            self.problems.append(f"frame {frame}: {reason}")
        return frame, None

    def _from_files(self, wanted: np.ndarray) -> Iterator[tuple[int, np.ndarray | None]]:
        for frame in np.flatnonzero(wanted):
            path = self._files.get(int(frame))
            if path is None:
                yield int(frame), None
                continue
            crop = read_picture(path)
            if crop is None:
                yield self._missing(int(frame), f"{path.name} is damaged")
            else:
                yield int(frame), crop

    def _from_video(self, wanted: np.ndarray) -> Iterator[tuple[int, np.ndarray | None]]:
        assert self._recording.video_file is not None  # places without a video are refused at the start
        for frame, picture in iterate_frames(self._recording.video_file, wanted):
            place = self._places.get(frame)
            yield frame, None if place is None else crop_face(picture, *place)


def clip_pictures(crops: Sequence[np.ndarray | None]) -> np.ndarray | None:
    """The eight pictures of a clip: black where one is missing, None where all are.

    Returns:
        (8, 112, 112, 3) uint8 RGB, or None.
    """
    if all(crop is None for crop in crops):
        return None
    black = np.zeros((CROP_SIZE, CROP_SIZE, 3), np.uint8)
    return np.stack([black if crop is None else crop for crop in crops])


def read_picture(path: str | os.PathLike[str]) -> np.ndarray | None:
    """Read a crop.

    Returns:
        (112, 112, 3) uint8 RGB, resized where it is not; None where the file is damaged, neither JPEG nor PNG, or says
        that its picture has more pixels than any video.
    """
    import cv2

    try:
        encoded = np.fromfile(path, np.uint8)  # cv2.imread prints to stderr and fails on some names
    except OSError:
        return None
    content = encoded.tobytes()
    if not content.startswith(SIGNATURES) or not _ends(encoded):
        return None
    # The header alone. A few bytes can claim a picture that takes gigabytes to decode.
    width, height = imagesize.get(io.BytesIO(content))
    if not 0 < width * height <= MOST_PIXELS:
        return None
    try:
        picture = cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB)
    except cv2.error:
        return None
    if picture is not None and picture.shape[:2] != (CROP_SIZE, CROP_SIZE):
        picture = cv2.resize(picture, (CROP_SIZE, CROP_SIZE), interpolation=cv2.INTER_AREA)
    return picture


def _ends(encoded: np.ndarray) -> bool:
    """Whether a JPEG has its end marker: OpenCV fills the rest of a truncated one with grey and says nothing."""
    content = encoded[-4096:].tobytes()
    return encoded[:2].tobytes() != b"\xff\xd8" or b"\xff\xd9" in content[2 if len(encoded) <= 4096 else 0 :]


def list_crops(folders: Sequence[Path]) -> dict[int, Path]:
    """Faces of a subject: frame, 0-based -> picture. The first folder that has a frame wins.

    Dotfiles and files that are not a number with a picture's ending are ignored.
    """
    crops: dict[int, Path] = {}
    for folder in folders:
        for entry in os.scandir(folder):
            stem, ending = os.path.splitext(entry.name)
            if stem.isascii() and stem.isdigit() and ending.lower() in (".jpg", ".jpeg", ".png") and int(stem) >= 1:
                crops.setdefault(int(stem) - 1, Path(entry.path))
    return crops
