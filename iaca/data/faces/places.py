"""Where a face is in each frame of a video, and the 112x112 picture cut from there."""

from __future__ import annotations

import gzip
import io
import os
import zlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from iaca.errors import InputError
from iaca.files import FileState, file_state, is_plain_name, write_whole
from iaca.headers import shortened

CROP_SIZE = 112
"""Side of a face picture, in pixels."""

LARGEST = 16_384
"""Largest side of a face, in pixels: wider than any video."""

FARTHEST = 4 * LARGEST
"""Largest distance of a centre from the corner of the picture, in pixels."""

LAST_FRAME = 2**31
"""Bound of frame numbers."""

KEPT_FILES = 2
"""Files whose places are kept: one file has the faces of a whole corpus, and every subject of it asks."""

COLUMNS = ("subject", "frame", "x", "y", "size", "roll")

FACES_FILES = ("faces.csv", "faces.csv.gz")
"""Names by which places are found beside the recordings of a corpus."""

EXPANSION = 50
"""A compressed file may become so many times as large: places shrink to a fifth, a bomb to a thousandth."""


class FacesError(InputError):
    """A faces.csv that cannot be used: the message names the file, the place and what was expected."""


class Faces(NamedTuple):
    """Places of one subject's face: at most one a frame, ascending.

    Attributes:
        frame: (K,) int64, 0-based.
        x: (K,) float32, centre in pixels from the left.
        y: (K,) float32, centre in pixels from the top.
        size: (K,) float32, side in pixels of the square that becomes a crop; above 0.
        roll: (K,) float32, degrees, positive where the head is turned clockwise on screen.
    """

    frame: np.ndarray
    x: np.ndarray
    y: np.ndarray
    size: np.ndarray
    roll: np.ndarray


def read_faces_csv(path: str | os.PathLike[str]) -> dict[str, Faces]:
    """Read the places of every subject's face; those of the last files are kept until the files change.

    Args:
        path: A CSV file with the columns subject, frame, x, y, size, roll; compressed where its name ends in .gz.

    Returns:
        Subject -> places; the arrays cannot be written to.

    Raises:
        FacesError: The file is missing or damaged, lacks a column, or has an invalid value.
    """
    return dict(_read(file_state(path)))


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


@lru_cache(KEPT_FILES)
def _read(file: FileState) -> dict[str, Faces]:
    path = Path(file.path)
    try:
        table = pd.read_csv(_content(path), dtype={"subject": str}, keep_default_na=False, encoding="utf-8-sig")
    except (
        OSError, EOFError, zlib.error, UnicodeDecodeError, pd.errors.ParserError, pd.errors.EmptyDataError
    ) as error:  # fmt: skip
        reason = " ".join(str(error).split())
        raise FacesError(f"{path} cannot be read ({reason}); expected the columns {', '.join(COLUMNS)}") from error
    if not isinstance(table.index, pd.RangeIndex):
        raise FacesError(f"{path} has lines with more values than its first; expected {', '.join(COLUMNS)}")
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise FacesError(f"{path} has no column {missing[0]!r}; expected {', '.join(COLUMNS)}")
    numbers = table[list(COLUMNS[1:])].apply(pd.to_numeric, errors="coerce").astype(np.float64)
    frame = numbers["frame"]
    good = np.isfinite(numbers).all(axis=1) & numbers["size"].between(0, LARGEST, "right")
    good &= frame.between(0, LAST_FRAME) & (frame % 1 == 0)
    good &= numbers["x"].between(-FARTHEST, FARTHEST) & numbers["y"].between(-FARTHEST, FARTHEST)
    if not good.all():
        row = int(np.flatnonzero(~good)[0])
        found = shortened(",".join(map(str, table.iloc[row])))
        raise FacesError(
            f"{path}, line {row + 2} is {found}; expected numbers, with a whole frame "
            f"of at least 0, x and y within {FARTHEST} of 0, and size above 0 and at most {LARGEST}"
        )
    for subject in table["subject"].unique():
        if not is_plain_name(subject):
            raise FacesError(f"{path} names the subject {shortened(subject)}; expected a name without parts of a path")
    numbers["frame"] = numbers["frame"].astype(np.int64)
    faces = {}
    for subject, rows in numbers.groupby(table["subject"], sort=False):
        rows = rows.sort_values("frame").drop_duplicates("frame")
        faces[subject] = Faces(rows["frame"].to_numpy(), *(rows[name].to_numpy(np.float32) for name in COLUMNS[2:]))
        for values in faces[subject]:
            values.flags.writeable = False
    return faces


def _content(path: Path) -> Path | io.BytesIO:
    if path.suffix != ".gz":
        return path
    most = EXPANSION * path.stat().st_size
    with gzip.open(path) as file:
        content = file.read(most + 1)
    if len(content) > most:
        raise FacesError(f"{path} becomes more than {EXPANSION} times as large; expected a compressed CSV file")
    return io.BytesIO(content)


def same_places(one: Faces | None, other: Faces) -> bool:
    """Whether two faces have the same places, to the hundredth of a pixel that a file keeps."""
    return one is not None and all(
        len(a) == len(b) and bool(np.allclose(a, b, atol=0.011)) for a, b in zip(one, other, strict=True)
    )


def crop_face(frame_rgb: np.ndarray, x: float, y: float, size: float, roll: float) -> np.ndarray:
    """Cut an upright face from a frame.

    Args:
        frame_rgb: (H, W, 3) uint8.
        x: Centre in pixels from the left.
        y: Centre in pixels from the top.
        size: Side in pixels of the square that becomes the crop.
        roll: Degrees, positive where the head is turned clockwise on screen; the crop is turned back.

    Returns:
        (112, 112, 3) uint8; beyond the edge of the frame its border is repeated.
    """
    import cv2  # 0.1 s that a page with given features never needs

    # Smaller faces are enlarged at once; larger ones are cut at their own size and then averaged down, since
    # a warp alone would skip pixels.
    side = max(CROP_SIZE, round(size))
    turn = np.asarray(cv2.getRotationMatrix2D((float(x), float(y)), float(roll), side / size), np.float64)
    turn[:, 2] += (side - 1) / 2 - np.array((x, y))
    crop = cv2.warpAffine(frame_rgb, turn, (side, side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return crop if side == CROP_SIZE else cv2.resize(crop, (CROP_SIZE, CROP_SIZE), interpolation=cv2.INTER_AREA)
