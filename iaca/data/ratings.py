"""Labels of other data sets than Aff-Wild2: ratings over time, from several raters, on any scale, put onto frames."""

from __future__ import annotations

import csv
import os
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from iaca.config import AROUSAL, VALENCE
from iaca.config.label_form import LabelForm
from iaca.data.annotations import FEW_OUTSIDE, MOST_BYTES, SHARE_OUTSIDE, AnnotationError, Labels
from iaca.headers import HeaderError, parse_json, shortened

TIME, FRAME = "time_s", "frame"
"""Columns that are taken for times and frames where a manifest names none."""

SEPARATORS = ";,\t"
"""What columns may be separated by, the first that a file's first line has; spaces where it has none."""

GAP = 5
LEAST_GAP_S = 1.0
"""Labels farther apart than so many usual steps, and than so many seconds, leave what is between unlabelled."""

SLACK_S = 0.001
"""How far a frame may lie outside the labelled span: times are written with as many digits."""

UNLABELLED = frozenset({"", "nan", "na", "?", "null", "none"})
"""What stands for a missing value."""


def read_ratings(form: LabelForm, pts_s: np.ndarray) -> Labels:
    """Read the valence and arousal of every frame from label files that have times, frames or a rate of their own.

    Rater columns and rater files are averaged where they have a value. The scale becomes [-1, 1]. What annotators wrote
    at a time t belongs to the frame at t - `lag_s`. Between labels, values are interpolated, or hold until the next.

    Choice: nothing is said before the first label, after the last, next to a missing one, and in a gap longer than
    `GAP` usual steps.

    Args:
        form: The files and how they are read.
        pts_s: (N,) float64, when each frame is shown, from the first one.

    Returns:
        One value per frame and target; NaN where either is missing.

    Raises:
        AnnotationError: A file is missing or damaged, lacks a column, a value is no number, times do not rise, or more
            than a few values are outside the scale.
    """
    remarks: list[str] = []
    values = {}
    for target, files, columns in (
        (VALENCE, form.valence_files, form.valence),
        (AROUSAL, form.arousal_files, form.arousal),
    ):
        per_file = [_on_frames(path, columns, form, pts_s, remarks) for path in files]
        values[target] = _mean(np.stack(per_file))
    annotated = np.isfinite(values[VALENCE]) & np.isfinite(values[AROUSAL])
    if not annotated.any():
        raise AnnotationError(
            f"{form.valence_files[0]} has no label for any of the {len(pts_s)} frames up to {pts_s[-1]:.2f} s; "
            "expected times, frames, rate and lag that fit the video"
        )
    valence, arousal = (np.where(annotated, values[t], np.nan).astype(np.float32) for t in (VALENCE, AROUSAL))
    return Labels(valence, arousal, "; ".join(dict.fromkeys(remarks)))


def read_table(path: str | os.PathLike[str]) -> dict[str, list[str]]:
    """Read the columns of a label file as they are written.

    A .json file is one of AFEW-VA: an object `frames` of frames, each with its values; they become the column `frame`
    and one for each value that is a number. An .arff file has its attributes as columns. Any other is text with
    columns, and their names in the first line; where that line is all numbers, columns are called 1, 2, ...

    Args:
        path: The file.

    Returns:
        Column -> its values, all of one length; line k + 1 below the header is value k.

    Raises:
        AnnotationError: The file is missing, empty, of another shape, or a line has too many or too few values.
    """
    path = Path(path)
    if not os.path.isfile(path) or path.stat().st_size > MOST_BYTES:
        reason = f"it has more than {MOST_BYTES:,} bytes" if os.path.isfile(path) else "it is missing, or no file"
        raise AnnotationError(f"{path} cannot be read ({reason}); expected a label file")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise AnnotationError(f"{path} cannot be read ({error}); expected a label file, UTF-8 text") from error
    if path.suffix.lower() == ".json":
        return _json_table(path, text)
    lines = [(number, line.strip()) for number, line in enumerate(text.splitlines(), 1) if line.strip()]
    if path.suffix.lower() == ".arff":
        names = [line.split()[1].strip("'\"") for _, line in lines if line.lower().startswith("@attribute ")]
        lines = [one for one in lines if not one[1].startswith(("@", "%"))]
        separator = ","
    else:
        first = lines[0][1] if lines else ""
        separator = next((one for one in SEPARATORS if one in first), " ")
        names = _split(first, separator)
        if all(map(_is_number, names)):
            names = [str(number) for number in range(1, len(names) + 1)]
        else:
            lines = lines[1:]
    if not names or not lines:
        raise AnnotationError(f"{path} has no rows of labels; expected a line for each, below the names of the columns")
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise AnnotationError(f"{path} has two columns {shortened(twice)}; expected different names")
    rows = []
    for number, line in lines:
        row = _split(line, separator)
        if len(row) != len(names):
            raise AnnotationError(
                f"{path}, line {number} is {shortened(line)} with {len(row)} values; expected {len(names)}: "
                f"{', '.join(names)[:200]}"
            )
        rows.append(row)
    return {name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}


def _split(line: str, separator: str) -> list[str]:
    if separator == " ":
        return line.split()
    return [cell.strip().strip("'") for cell in next(csv.reader([line], delimiter=separator))]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _json_table(path: Path, text: str) -> dict[str, list[str]]:
    try:
        content = parse_json(text)
    except HeaderError as error:
        raise AnnotationError(f"{path} cannot be read ({error}); expected an object with `frames`") from error
    frames = content.get("frames") if isinstance(content, dict) else None
    if not isinstance(frames, dict) or not frames or not all(isinstance(one, dict) for one in frames.values()):
        raise AnnotationError(f"{path} has another shape; expected an object with `frames`, each an object of values")
    names = [name for name, value in next(iter(frames.values())).items() if isinstance(value, int | float)]
    ordered = sorted(frames.items(), key=lambda one: (len(one[0].lstrip("0")), one[0].lstrip("0")))
    return {FRAME: [frame for frame, _ in ordered]} | {
        name: [str(values.get(name, "")) for _, values in ordered] for name in names
    }


def _on_frames(
    path: Path, columns: Sequence[str], form: LabelForm, pts_s: np.ndarray, remarks: list[str]
) -> np.ndarray:
    """(N,) float64 values of one file on the frames, on [-1, 1]."""
    table = read_table(path)
    raters = np.stack([_numbers(path, table, name, "a rating") for name in columns])
    outside = (raters < form.low) | (raters > form.high)
    if outside.any():
        rater, row = np.argwhere(outside)[0]
        wrong = raters[outside]
        found = (
            f"{path.name} has {outside.sum():,} of {np.isfinite(raters).sum():,} values outside [{form.low:g}, "
            f"{form.high:g}]: they run from {wrong.min():g} to {wrong.max():g}, the first in row {row + 1}, column "
            f"{columns[rater]}"
        )
        if outside.sum() > max(FEW_OUTSIDE, SHARE_OUTSIDE * np.isfinite(raters).sum()):
            raise AnnotationError(f"{path}: {found}; expected this scale, or give another in the column scale")
        remarks.append(f"{found}; these count as not annotated")
        raters[outside] = np.nan
    values = 2 * (_mean(raters) - form.low) / (form.high - form.low) - 1
    times_s, values = _times(path, table, form, values, pts_s, remarks)
    times_s = times_s - form.lag_s
    return _held(times_s, values, pts_s) if form.held else _interpolated(times_s, values, pts_s)


def _times(
    path: Path,
    table: Mapping[str, list[str]],
    form: LabelForm,
    values: np.ndarray,
    pts_s: np.ndarray,
    remarks: list[str],
) -> tuple[np.ndarray, np.ndarray]:
    """When each row was said, in seconds from the first frame, rising, and the values of these rows."""
    time = form.time or (TIME if not form.frame and form.rate_hz is None and TIME in table else "")
    frame = form.frame or (FRAME if not time and form.rate_hz is None and FRAME in table else "")
    if time:
        times_s = _numbers(path, table, time, "a time") * form.unit_s
    elif frame:
        frames = _numbers(path, table, frame, "a frame")
        bad = np.flatnonzero(~(np.isfinite(frames) & (frames >= 0) & (frames % 1 == 0)))
        if len(bad):
            raise AnnotationError(
                f"{path}, row {bad[0] + 1}, column {frame} is {shortened(table[frame][bad[0]])}; expected a whole "
                "number from 0"
            )
        late = frames >= len(pts_s)
        if late.any():
            remarks.append(
                f"{path.name} labels {late.sum():,} frames up to {frames.max():.0f}, and the video has {len(pts_s):,}: "
                "these are left out"
            )
        values = values[~late]
        times_s = pts_s[frames[~late].astype(np.int64)]
    elif form.rate_hz is not None:
        times_s = np.arange(len(values)) / form.rate_hz
    else:
        raise AnnotationError(
            f"{path} has the columns {', '.join(table)[:200]}; expected {TIME} or {FRAME}, or the column time, frame "
            "or rate_hz of the manifest to say when each row was"
        )
    bad = np.flatnonzero(~np.isfinite(times_s))
    if len(bad):
        raise AnnotationError(f"{path}, row {bad[0] + 1} has no time; expected a number in column {time}")
    falls = np.flatnonzero(np.diff(times_s) <= 0)
    if len(falls):
        row = int(falls[0])
        raise AnnotationError(
            f"{path}, row {row + 2} is at {times_s[row + 1]:g} s and the row before at {times_s[row]:g} s; expected "
            "times that rise"
        )
    return times_s, values


def _numbers(path: Path, table: Mapping[str, list[str]], name: str, what: str) -> np.ndarray:
    """A column as (R,) float64, NaN where a value is missing."""
    found = name if name in table else next((one for one in table if one.lower() == name.lower()), None)
    if found is None:
        raise AnnotationError(f"{path} has no column {shortened(name)}; it has {', '.join(table)[:200]}")
    cells = pd.Series(table[found]).str.strip()
    numbers = pd.to_numeric(cells, errors="coerce").to_numpy(np.float64, copy=True)
    wrong = np.flatnonzero(~np.isfinite(numbers) & ~cells.str.lower().isin(UNLABELLED).to_numpy())
    if len(wrong):
        raise AnnotationError(
            f"{path}, row {wrong[0] + 1}, column {found} is {shortened(table[found][wrong[0]])}; expected {what}, a "
            "number"
        )
    return numbers


def _mean(rows: np.ndarray) -> np.ndarray:
    """(R,) mean of (K, R) over the rows that have a value; NaN where none has."""
    there = np.isfinite(rows)
    count = there.sum(axis=0)
    return np.where(count > 0, np.where(there, rows, 0).sum(axis=0) / np.maximum(count, 1), np.nan)


def _longest_step_s(times_s: np.ndarray) -> float:
    """Time between two labels above which nothing is known between them."""
    return max(GAP * float(np.median(np.diff(times_s))), LEAST_GAP_S) if len(times_s) > 1 else 0.0


def _interpolated(times_s: np.ndarray, values: np.ndarray, pts_s: np.ndarray) -> np.ndarray:
    if not len(times_s):
        return np.full(len(pts_s), np.nan)
    inside = (pts_s >= times_s[0] - SLACK_S) & (pts_s <= times_s[-1] + SLACK_S)
    before = np.clip(np.searchsorted(times_s, pts_s + SLACK_S, "right") - 1, 0, len(times_s) - 1)
    after = np.minimum(before + 1, len(times_s) - 1)
    on_label = np.abs(pts_s - times_s[before]) <= SLACK_S
    step_s = times_s[after] - times_s[before]
    share = np.clip((pts_s - times_s[before]) / np.where(step_s > 0, step_s, 1), 0, 1)
    between = values[before] * (1 - share) + values[after] * share
    between[step_s > _longest_step_s(times_s)] = np.nan
    return np.where(inside, np.where(on_label, values[before], between), np.nan)


def _held(times_s: np.ndarray, values: np.ndarray, pts_s: np.ndarray) -> np.ndarray:
    if not len(times_s):
        return np.full(len(pts_s), np.nan)
    usual_s = float(np.median(np.diff(times_s))) if len(times_s) > 1 else 0.0
    lasts_s = np.diff(times_s, append=times_s[-1] + usual_s)
    lasts_s[lasts_s > _longest_step_s(times_s)] = usual_s
    before = np.searchsorted(times_s, pts_s + SLACK_S, "right") - 1
    label = np.maximum(before, 0)
    holds = (before >= 0) & (pts_s - times_s[label] < np.maximum(lasts_s[label], 2 * SLACK_S) - SLACK_S)
    return np.where(holds, values[label], np.nan)
