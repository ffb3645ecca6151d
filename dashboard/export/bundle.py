"""Many moments as one zip: figures and films of each, and a table of what is in it."""

from __future__ import annotations

import csv
import io
import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import NamedTuple
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

import numpy as np

from dashboard.export.film import write_film
from dashboard.export.printed_rows import View, figure_of_view
from dashboard.export.spreadsheet import cell
from iaca.data.media.apart import apart
from iaca.errors import BAD_INPUT, InputError
from iaca.figures.print_style import FORMATS, render
from iaca.files import written_beside
from iaca.types import Progress, no_progress

MP4 = "mp4"
KINDS = (*FORMATS, MP4)
"""Endings of the files that a moment can be written as."""

MANIFEST = "manifest.csv"
COLUMNS = (
    "file", "subject", "moment", "about", "models", "what_if", "first_frame", "last_frame", "start_s", "end_s",
    "problem",
)  # fmt: skip
"""Of the table; `problem` says why there is no file, or what is missing from it."""

EPSILON_S = 1e-6

PACKED = ("svg", "csv")
"""Endings of what is worth compressing."""


class MomentError(InputError):
    """A moment that is not in a recording: the message names both."""


class Part(NamedTuple):
    """A moment that is ready to be drawn.

    Attributes:
        name: Of its files, without number and ending; nothing in it that a file system refuses.
        view: What is drawn.
        frames: First and last frame.
        video: The recording's file, for films; None where there is none.
        problem: What is left out of it, in a sentence, or "".
    """

    name: str
    view: View
    frames: tuple[int, int]
    video: Path | None
    problem: str = ""


class Piece(NamedTuple):
    """A moment that is wanted.

    Attributes:
        facts: Columns of the table that are known beforehand.
        prepare: Computes what is drawn; raises one of `BAD_INPUT` where it cannot be.
    """

    facts: Mapping[str, str]
    prepare: Callable[[], Part]


def write_bundle(
    path: str | os.PathLike[str],
    pieces: Sequence[Piece],
    kinds: Sequence[str],
    *,
    width_in: float,
    said: Callable[[str], str] = str,
    progress: Progress = no_progress,
) -> int:
    """Write moments as one zip, which appears whole or not at all.

    A moment that cannot be drawn is a line of the table, and all others are written.

    Args:
        path: The zip.
        pieces: Moments; those of one subject best follow each other.
        kinds: Endings of `KINDS`: what each is written as.
        width_in: Width of figures, inches.
        said: What the table may say of an error.
        progress: Told how many files are done; where it raises, nothing is left of the attempt.

    Returns:
        How many files are in it besides the table.

    Raises:
        OSError: The zip cannot be written.
    """
    path, total = Path(path), len(pieces) * len(kinds)
    rows: list[dict[str, object]] = []
    with written_beside(path) as beside, ZipFile(beside, "w") as archive:
        for number, piece in enumerate(pieces):
            done = number * len(kinds)
            progress(done, total, "files")
            try:
                part = piece.prepare()
            except BAD_INPUT as error:
                rows.append({**piece.facts, "problem": said(str(error))})
                continue
            first, last = part.frames
            known: dict[str, object] = {
                **piece.facts, "first_frame": first, "last_frame": last, "problem": said(part.problem),
                "start_s": f"{part.view.pts_s[first]:.3f}", "end_s": f"{part.view.pts_s[last]:.3f}",
            }  # fmt: skip
            for k, ending in enumerate(kinds):
                at = partial(_report, progress, done + k, total)
                at()
                name = f"{number + 1:03d}_{part.name}.{ending}"
                try:
                    content = _film(part, path.parent, at) if ending == MP4 else _figure(part, ending, width_in)
                except BAD_INPUT as error:
                    rows.append({**known, "problem": said(str(error))})
                    continue
                _add(archive, name, content)
                rows.append({"file": name, **known})
        _add(archive, MANIFEST, _table(rows))
        progress(total, total, "files")
    return sum("file" in row for row in rows)


def frames_of(pts_s: np.ndarray, start_s: float, end_s: float | None, around_s: float) -> tuple[int, int]:
    """The frames that show a moment.

    Args:
        pts_s: (N,) seconds, ascending.
        start_s: When it is, or where a span begins.
        end_s: Where a span ends, which is then shown as it is; None for a moment.
        around_s: Seconds that show a moment: half of them before it, unless the recording begins or ends there.

    Returns:
        First and last frame.

    Raises:
        MomentError: The recording ends before it, or has too few frames there.
    """
    if not len(pts_s) or start_s > pts_s[-1]:
        raise MomentError(
            f"{start_s:.1f} s lies behind the end of the recording; expected a time up to "
            f"{pts_s[-1] if len(pts_s) else 0.0:.1f} s"
        )
    if end_s is None:
        start_s = min(max(start_s - around_s / 2, float(pts_s[0])), max(float(pts_s[-1]) - around_s, float(pts_s[0])))
        end_s = start_s + around_s
    first = int(np.searchsorted(pts_s, start_s - EPSILON_S))
    last = int(np.searchsorted(pts_s, end_s + EPSILON_S)) - 1
    if first >= last:
        raise MomentError(f"{start_s:.2f} to {end_s:.2f} s holds fewer than two frames; expected a longer span")
    return first, last


def _report(progress: Progress, done: int, total: int, *_: object) -> None:
    """Ask within a file whether it is still wanted."""
    progress(done, total, "files")


def _figure(part: Part, ending: str, width_in: float) -> bytes:
    pts_s, (first, last) = part.view.pts_s, part.frames
    figure = figure_of_view(part.view, range_s=(float(pts_s[first]), float(pts_s[last])), width_in=width_in)
    return render(figure, ending, title=part.name)


def _film(part: Part, folder: Path, progress: Progress) -> bytes:
    with tempfile.TemporaryDirectory(dir=folder, prefix=".film-") as place:
        file = Path(place) / "film.mp4"
        film_of = partial(write_film, file, part.view, part.video, part.frames)
        apart(part.video or file, film_of, progress=progress, making=True)
        return file.read_bytes()


def _table(rows: Sequence[Mapping[str, object]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: cell(value) for name, value in row.items()})
    return text.getvalue().encode()


def _add(archive: ZipFile, name: str, content: bytes) -> None:
    """Add a file without a time, so that the same files are the same zip."""
    about = ZipInfo(name)
    about.external_attr = 0o644 << 16
    about.compress_type = ZIP_DEFLATED if name.endswith(PACKED) else ZIP_STORED
    archive.writestr(about, content)
