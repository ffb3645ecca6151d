"""Prediction files for the ABAW challenge: one row for each frame that it asks for."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

import numpy as np

from iaca.config import TARGETS
from iaca.errors import InputError
from iaca.files import is_plain_name, write_whole
from iaca.headers import shortened

HEADER = "image_location,valence,arousal"
_ROW = re.compile(r"(?P<subject>.+)/(?P<number>\d+)\.jpg$")


class SubmissionError(InputError):
    """A list that a prediction file cannot be written for: the message names the line and what was expected."""


def write_per_subject(folder: Path, predictions: Mapping[str, Mapping[str, np.ndarray]]) -> list[Path]:
    """Write one file per subject, in the layout of the label files.

    Args:
        folder: Folder for `<subject>.txt`.
        predictions: Subject -> target -> (N,) in [-1, 1], already clipped and smoothed.

    Returns:
        The files, each a header `valence,arousal` and one line per frame.

    Raises:
        SubmissionError: The name of a subject has parts of a path; nothing is written.
    """
    for subject in predictions:
        if not is_plain_name(subject):
            raise SubmissionError(f"subject {subject!r} cannot name a file; expected a name without parts of a path")
    files = []
    for subject, by_target in predictions.items():
        rows = zip(*(by_target[target] for target in TARGETS), strict=True)
        text = "\n".join([",".join(TARGETS), *(f"{v:.4f},{a:.4f}" for v, a in rows)])
        files.append(folder / f"{subject}.txt")
        write_whole(files[-1], f"{text}\n".encode())
    return files


def write_listed(
    path: Path,
    list_file: Path,
    predictions: Mapping[str, Mapping[str, np.ndarray]],
    labelled: Collection[str] = (),
) -> int:
    """Write one row for each frame of the official list, in its order.

    Args:
        path: The file to write: a header `image_location,valence,arousal`, then `NAME/00001.jpg,v,a` per frame.
        list_file: The challenge's sample file, whose rows name the frames.
        predictions: Subject -> target -> (N,) in [-1, 1], already clipped and smoothed.
        labelled: Subjects that have labels and therefore no predictions, for the message.

    Returns:
        Number of rows written.

    Raises:
        SubmissionError: The list cannot be read, or a row names a subject or a frame without prediction.
    """
    rows = [HEADER]
    for number, location in _listed(list_file):
        match = _ROW.match(location)
        place = f"{list_file}, line {number}"
        if match is None:
            raise SubmissionError(f"{place} is {shortened(location)}; expected NAME/00001.jpg")
        subject, frame = match["subject"], int(match["number"]) - 1
        folder, _, name = subject.rpartition("/")
        if folder:
            raise SubmissionError(
                f"{place} is {shortened(location)}; expected {name}/{match['number']}.jpg: take the folder {folder!r} "
                "away"
            )
        if subject in labelled:
            raise SubmissionError(
                f"{place} asks for {subject!r}, which has labels; expected subjects without: take its rows out of the "
                "list, or extract it without its label file"
            )
        if subject not in predictions:
            raise SubmissionError(
                f"{place} asks for {subject!r}, of which there are no features; extract it first, or take its rows out "
                "of the list"
            )
        values = [predictions[subject][target] for target in TARGETS]
        if not 0 <= frame < len(values[0]):
            raise SubmissionError(
                f"{place} asks for frame {frame + 1} of {subject!r}, which has {len(values[0])}; extract it again with "
                "this list below a data root, so that it gets as many frames as the list asks for"
            )
        rows.append(f"{location},{values[0][frame]:.4f},{values[1][frame]:.4f}")
    write_whole(path, ("\n".join(rows) + "\n").encode())
    return len(rows) - 1


def _listed(list_file: Path) -> Sequence[tuple[int, str]]:
    try:
        lines = list_file.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SubmissionError(f"{list_file} cannot be read ({error}); expected the challenge's sample file") from error
    first = lines[0].split(",")[0].strip() if lines else ""
    if first != HEADER.split(",")[0]:
        raise SubmissionError(f"{list_file} begins with {first!r}; expected the header {HEADER}")
    return [(i, line.split(",")[0].strip()) for i, line in enumerate(lines[1:], 2) if line.strip()]
