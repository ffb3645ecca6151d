"""Manifests: a CSV file that names the recordings of any data set, and how its labels are to be read."""

from __future__ import annotations

import csv
import glob
import math
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from iaca.config.label_form import LabelForm
from iaca.data.annotations import MOST_BYTES
from iaca.data.problems import Problem
from iaca.errors import InputError
from iaca.files import is_plain_name
from iaca.headers import shortened
from iaca.types import Recording

V = TypeVar("V")

REQUIRED = ("subject", "video", "split", "labels")
OPTIONAL = (
    "audio", "crops", "person", "valence_labels", "arousal_labels", "time", "time_unit", "frame", "rate_hz", "valence",
    "arousal", "scale", "lag_s", "between",
)  # fmt: skip
COLUMNS = (*REQUIRED, *OPTIONAL)

FORM = ("time", "time_unit", "frame", "rate_hz", "valence", "arousal", "scale", "lag_s", "between")
"""Columns that say how labels are read; a .txt file without any of them is one of Aff-Wild2."""

SPLITS = {
    "": None, "train": "train", "training": "train", "test": "test",
    "validation": "validation", "val": "validation", "valid": "validation", "dev": "validation", "devel": "validation",
}  # fmt: skip
PEOPLE = {"": 0, "left": 1, "right": 2}
UNITS = {"": 1.0, "s": 1.0, "ms": 0.001}
BETWEEN = {"": False, "interpolate": False, "hold": True}

MOST_PEOPLE = 20
FASTEST_HZ = 10_000.0
LONGEST_LAG_S = 60.0
LARGEST = 1e9

_SCALE = re.compile(r"^\s*(-?[0-9.]+)\s*(?:\.\.|\s)\s*(-?[0-9.]+)\s*$")
_PATTERN = re.compile(r"[*?\[]")


class ManifestError(InputError):
    """A manifest, or a row of one, that cannot be used: the message names file, line, column and value."""


def read_manifest(path: str | os.PathLike[str]) -> tuple[list[Recording], list[Problem]]:
    """Read the recordings that a manifest names. Nothing is decoded, and no label file but the manifest is read.

    Paths are relative to the manifest. A cell may name several files or columns, separated by `;`, and `labels`,
    `valence_labels` and `arousal_labels` may have patterns (`*`), for the files of several raters.

    Args:
        path: A CSV file with the columns `REQUIRED`, and any of `OPTIONAL`.

    Returns:
        The recordings of all rows that can be used, in their order, and a problem for each other row.

    Raises:
        ManifestError: The file is missing, no CSV text, lacks a column, or has one that is not known.
    """
    path = Path(path)
    recordings: list[Recording] = []
    problems: list[Problem] = []
    first_line: dict[str, int] = {}
    rows = list(_rows(path))
    stems = _video_names(path, [row for _, row in rows])
    for line, row in rows:
        try:
            recording = _recording(path, line, row, stems)
            if recording.subject in first_line:
                raise _wrong(
                    path, line, "subject", recording.subject,
                    f"another name than that of line {first_line[recording.subject]}",
                )  # fmt: skip
            first_line[recording.subject] = line
            recordings.append(recording)
        except ManifestError as error:
            reason = str(error).removeprefix(f"{path}, ")
            problems.append(
                Problem(str(path), f"{reason[:1].upper()}{reason[1:]}.", "The row is left out until it is corrected.")
            )
    problems += _unclear_people(path, recordings)
    return recordings, problems


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """Line and cells of each row."""
    expected = f"expected a CSV file with the columns {', '.join(REQUIRED)}"
    try:
        if path.stat().st_size > MOST_BYTES:
            raise ManifestError(f"{path} has more than {MOST_BYTES:,} bytes; {expected}")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path} cannot be read ({error}); {expected}") from error
    reader = csv.reader(text.splitlines())
    try:
        names = [name.strip().lower() for name in next(reader, [])]
        missing = [name for name in REQUIRED if name not in names]
        if {"valence_labels", "arousal_labels"} <= set(names):
            missing = [name for name in missing if name != "labels"]
        unknown = [name for name in names if name not in COLUMNS]
        if missing or unknown:
            what = f"no column {missing[0]!r}" if missing else f"a column {shortened(unknown[0])}"
            raise ManifestError(f"{path} has {what}; {expected}, and any of {', '.join(OPTIONAL)}")
        for cells in reader:
            if not any(map(str.strip, cells)):
                continue
            if len(cells) != len(names):
                raise ManifestError(
                    f"{path}, line {reader.line_num} has {len(cells)} cells; expected {len(names)}, as in its header"
                )
            yield reader.line_num, dict(zip(names, map(str.strip, cells), strict=True))
    except csv.Error as error:
        raise ManifestError(f"{path}, line {reader.line_num} cannot be read ({error}); {expected}") from error


def _video_names(path: Path, rows: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Cell of a video -> its key: the stem, or the whole path where two videos have one stem."""
    cells = {row["video"] for row in rows if row["video"]}
    stems = [Path(cell).stem for cell in cells]
    return {
        cell: Path(cell).stem
        if stems.count(Path(cell).stem) == 1
        else "-".join(part for part in Path(cell).with_suffix("").parts if part not in ("/", "..", "."))
        for cell in cells
    }


def _recording(path: Path, line: int, row: Mapping[str, str], names: Mapping[str, str]) -> Recording:
    subject = row["subject"]
    if not is_plain_name(subject):
        raise _wrong(path, line, "subject", subject, "a name without parts of a path")
    video = _file(path, line, "video", row["video"], "a video")
    if video is None:
        raise _wrong(path, line, "video", "", "the path of a video")
    label_file, form = _labels(path, line, row)
    crops = tuple(path.parent / one for one in _several(row.get("crops", "")))
    for folder in crops:
        if not folder.is_dir():
            raise _wrong(path, line, "crops", str(folder), "a folder with 00001.jpg onwards")
    return Recording(
        subject=subject,
        video=names[row["video"]],
        split=_choice(path, line, "split", row["split"].lower(), SPLITS),
        video_file=video,
        label_file=label_file,
        crop_folders=crops,
        label_form=form,
        audio_file=_file(path, line, "audio", row.get("audio", ""), "a sound file"),
        person=_person(path, line, row.get("person", "").lower()),
    )


def _labels(path: Path, line: int, row: Mapping[str, str]) -> tuple[Path | None, LabelForm | None]:
    both, *apart = (row.get(name, "") for name in ("labels", "valence_labels", "arousal_labels"))
    if both and any(apart):
        raise _wrong(path, line, "valence_labels", apart[0] or apart[1], "no file where `labels` names one")
    if any(apart) and not all(apart):
        name = "arousal_labels" if apart[0] else "valence_labels"
        raise _wrong(path, line, name, "", "a file, as in the other of valence_labels and arousal_labels")
    if not both and not any(apart):
        return None, None
    valence_files = _files(path, line, "labels" if both else "valence_labels", both or apart[0])
    arousal_files = valence_files if both else _files(path, line, "arousal_labels", apart[1])
    if both and not any(row.get(name) for name in FORM) and valence_files[0].suffix.lower() == ".txt":
        return valence_files[0], None
    scale = row.get("scale", "")
    low, high = -1.0, 1.0
    if scale:
        found = _SCALE.match(scale)
        try:
            low, high = (float(found[1]), float(found[2])) if found else (0.0, 0.0)
        except ValueError:
            low = high = 0.0
        if not -LARGEST <= low < high <= LARGEST:
            raise _wrong(path, line, "scale", scale, "its ends, such as -10..10")
    if row.get("time") and row.get("frame"):
        raise _wrong(path, line, "frame", row["frame"], "either a column of times or one of frames")
    rate_hz = _number(path, line, "rate_hz", row.get("rate_hz", ""), 0.0, FASTEST_HZ)
    if rate_hz == 0:
        raise _wrong(path, line, "rate_hz", row["rate_hz"], f"rows per second, above 0 and up to {FASTEST_HZ:g}")
    return valence_files[0], LabelForm(
        valence_files,
        arousal_files,
        valence=_several(row.get("valence", "")) or ("valence",),
        arousal=_several(row.get("arousal", "")) or ("arousal",),
        time=row.get("time", ""),
        unit_s=_choice(path, line, "time_unit", row.get("time_unit", ""), UNITS),
        frame=row.get("frame", ""),
        rate_hz=rate_hz,
        low=low,
        high=high,
        lag_s=_number(path, line, "lag_s", row.get("lag_s", ""), -LONGEST_LAG_S, LONGEST_LAG_S) or 0.0,
        held=_choice(path, line, "between", row.get("between", "").lower(), BETWEEN),
    )


def _several(cell: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in cell.split(";") if part.strip())


def _file(path: Path, line: int, column: str, cell: str, what: str) -> Path | None:
    if not cell:
        return None
    file = Path(os.path.abspath(path.parent / cell)) if "\0" not in cell else None
    if file is None or not file.is_file():
        raise _wrong(path, line, column, cell, f"{what}; there is no file {shortened(str(file))}")
    return file


def _files(path: Path, line: int, column: str, cell: str) -> tuple[Path, ...]:
    files: list[Path] = []
    for part in _several(cell):
        if _PATTERN.search(part) and not (path.parent / part).is_file():
            found = sorted(glob.glob(part, root_dir=path.parent))
            files += [Path(os.path.abspath(path.parent / one)) for one in found]
        else:
            one = _file(path, line, column, part, "a label file")
            files += [] if one is None else [one]
    if not files:
        raise _wrong(path, line, column, cell, "a label file, or a pattern that fits some")
    return tuple(files)


def _choice(path: Path, line: int, column: str, cell: str, choices: Mapping[str, V]) -> V:
    if cell not in choices:
        raise _wrong(path, line, column, cell, f"one of {', '.join(filter(None, choices))}, or nothing")
    return choices[cell]


def _number(path: Path, line: int, column: str, cell: str, least: float, most: float) -> float | None:
    if not cell:
        return None
    try:
        value = float(cell)
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        raise _wrong(path, line, column, cell, f"a number from {least:g} to {most:g}")
    return value


def _person(path: Path, line: int, cell: str) -> int:
    if cell in PEOPLE:
        return PEOPLE[cell]
    if not cell.isascii() or not cell.isdigit() or not 1 <= int(cell) <= MOST_PEOPLE:
        raise _wrong(
            path, line, "person", cell, f"left, right, or a place from the left, 1 to {MOST_PEOPLE}, or nothing"
        )
    return int(cell)


def _unclear_people(path: Path, recordings: Sequence[Recording]) -> list[Problem]:
    """People of one video of whom it is not said who is where."""
    by_video: dict[str, list[Recording]] = {}
    for one in recordings:
        by_video.setdefault(one.video, []).append(one)
    return [
        Problem(
            str(path),
            f"{', '.join(one.subject for one in group)} are in one video, {video}, and the column person does not say "
            "who is where.",
            "Write left or right, or 1, 2, ... from the left.",
        )
        for video, group in by_video.items()
        if len(group) > 1
        and len({one.person for one in group} - {0}) < len(group)
        and not all(one.subject.endswith(("_left", "_right")) or one.crop_folders for one in group)
    ]


def _wrong(path: Path, line: int, column: str, value: str, expected: str) -> ManifestError:
    found = shortened(value) if value else "empty"
    return ManifestError(f"{path}, line {line}, column {column} is {found}; expected {expected}")
