"""Label files of Aff-Wild2: one valence and arousal per frame. The only place that knows -5."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

import numpy as np

from iaca.errors import InputError
from iaca.files import write_whole

HEADER = "valence,arousal"
NOT_ANNOTATED = -5

FEW_OUTSIDE, SHARE_OUTSIDE = 3, 0.01
"""Frames, or share of them, whose labels may be outside [-1, 1] as slips of the hand; more are on another scale."""

MOST_BYTES = 50_000_000
LONGEST_LINE = 100
"""Bounds of a label file, a hundred times those of the longest."""


class AnnotationError(InputError):
    """A label file that cannot be read: the message names the file, the line and what was expected."""


class Labels(NamedTuple):
    """Labels of one subject.

    Attributes:
        valence: (N,) float32 in [-1, 1], NaN where not annotated.
        arousal: (N,) float32 in [-1, 1], NaN on the same frames.
        remark: What is unusual about the file, in a sentence, or "".
    """

    valence: np.ndarray
    arousal: np.ndarray
    remark: str = ""


def read_labels(path: str | os.PathLike[str]) -> Labels:
    """Read the valence and arousal of every frame.

    Source: the files of the ABAW challenges. The first line is a header, line k + 2 belongs to frame k (0-based), and
    -5 in either column means not annotated. Choice: so do NaN, and a few labels that are outside [-1, 1] otherwise,
    which a remark counts.

    Args:
        path: A text file; a byte order mark, either line ending, spaces and trailing blank lines are accepted.

    Returns:
        One value per frame and target.

    Raises:
        AnnotationError: The file is missing or not text, has no header or no frames, a line is not two numbers, or more
            than a few labels are outside [-1, 1].
    """
    path = Path(path)
    if not os.path.isfile(path) or path.stat().st_size > MOST_BYTES:
        reason = f"it has more than {MOST_BYTES:,} bytes" if os.path.isfile(path) else "it is missing, or no file"
        raise AnnotationError(f"{path} cannot be read ({reason}); expected a label file")
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise AnnotationError(f"{path} cannot be read ({error.strerror}); expected a label file") from error
    except UnicodeDecodeError as error:
        raise AnnotationError(f"{path} is not UTF-8 text; expected the header {HEADER!r} and a pair a line") from error
    while lines and not lines[-1].strip():
        lines.pop()
    if not lines or lines[0].replace(" ", "").lower() != HEADER:
        found = repr(lines[0][:60]) if lines else "an empty file"
        raise AnnotationError(f"{path} begins with {found}; expected the header {HEADER!r}")
    if len(lines) == 1:
        raise AnnotationError(f"{path} has a header and no frames; expected a line per frame")
    values = np.empty((len(lines) - 1, 2), np.float64)
    for k, line in enumerate(lines[1:]):
        try:
            if len(line) > LONGEST_LINE:
                raise ValueError
            valence, arousal = line.split(",")
            values[k] = float(valence), float(arousal)
        except ValueError:
            raise AnnotationError(f"{path}, line {k + 2} is {line[:60]!r}; expected two numbers, 'v,a'") from None
    annotated = (np.abs(values) <= 1).all(axis=1)  # false for NaN too
    outside = ~annotated & ~np.isnan(values).any(axis=1) & ~(values == NOT_ANNOTATED).any(axis=1)
    remark = ""
    if outside.any():
        wrong = values[outside]
        found = (
            f"has {int(outside.sum()):,} of {len(values):,} frames with a label outside [-1, 1] that is not "
            f"{NOT_ANNOTATED}: they run from {wrong.min():g} to {wrong.max():g}"
        )
        if outside.sum() > max(FEW_OUTSIDE, SHARE_OUTSIDE * len(values)) or not annotated.any():
            raise AnnotationError(
                f"{path} {found}; expected values in [-1, 1], and {NOT_ANNOTATED} where not annotated: bring them to "
                "this scale"
            )
        remark = f"{path.name} {found}; these frames count as not annotated"
    values[~annotated] = np.nan
    return Labels(values[:, 0].astype(np.float32), values[:, 1].astype(np.float32), remark)


def write_labels(path: str | os.PathLike[str], valence: np.ndarray, arousal: np.ndarray) -> None:
    """Write a label file; NaN in either target becomes -5 in both.

    Args:
        path: The file.
        valence: (N,) in [-1, 1] or NaN.
        arousal: (N,) in [-1, 1] or NaN.

    Raises:
        AnnotationError: The lengths differ, or a value is outside [-1, 1].
        OSError: The file cannot be written.
    """
    values = np.asarray(valence, np.float64), np.asarray(arousal, np.float64)
    if values[0].shape != values[1].shape or values[0].ndim != 1:
        raise AnnotationError(
            f"valence is {values[0].shape} and arousal {values[1].shape}; expected one value a frame in both"
        )
    pairs = np.stack(values, axis=1)
    if (np.abs(pairs) > 1).any():
        raise AnnotationError(f"a label is {pairs[np.abs(pairs) > 1][0]}; expected values in [-1, 1], or NaN")
    pairs[np.isnan(pairs).any(axis=1)] = NOT_ANNOTATED
    lines = [HEADER, *(f"{v:.6g},{a:.6g}" for v, a in pairs)]
    write_whole(path, ("\n".join(lines) + "\n").encode())
