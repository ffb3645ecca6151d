"""Exports: the curves as a table, the view as a figure, a range as a film."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from dashboard.export import bundle
from dashboard.export.film import write_film
from dashboard.export.gif import LONGEST_S, write_gif
from dashboard.export.printed_rows import View, figure_of_view
from dashboard.export.spreadsheet import as_csv
from dashboard.services import jobs
from dashboard.services.file_names import models_part, slugs, stem
from dashboard.timeline.declared import ATTENTION, GATES, Curve, Figure, Note, Row, Shown
from dashboard.timeline.meanings import SCORES, relation_sentence
from dashboard.timeline.note_lane import SEPARATOR, note_words
from iaca.config import TARGETS
from iaca.data.media.apart import apart
from iaca.data.media.sound_summary import read_summary, sound_summary
from iaca.figures.print_style import COLUMN_IN, DOUBLE_COLUMN_IN, render
from iaca.files import file_state
from iaca.types import Progress, no_progress

WIDTHS = {"one column (3.5 in)": COLUMN_IN, "two columns (7.16 in)": DOUBLE_COLUMN_IN}
MP4, GIF = bundle.MP4, "gif"
GIF_LONGEST_S = LONGEST_S
FILMS_KEPT = 6
MASKS = {
    "has_face": "whether a face was found in the frame",
    "has_audio": "whether the recording has sound at the frame",
}
LOSSES = {
    "audio_dropped": "whether the audio of the frame's clip was dropped",
    "visual_dropped": "whether the picture of the frame's clip was dropped",
    "interpolated": "whether the frame lies between two clip ends: predictions are interpolated, gates and scores held",
}


class Take(NamedTuple):
    """The view that is exported.

    Attributes:
        subject: Name of the subject.
        synthetic: Whether its corpus is rendered.
        figure: What the player shows.
        shown: The models behind it.
        truth: Truth and masks, one row a frame.
        video: The recording's file, or None.
        target: Whose gates and attention are shown.
        score: Which attention score.
        scaled: Whether it is scaled to [0, 1].
        rows: Keys or slots of the rows in their order, and heights, px; None: all that are not hidden.
        frames: First and last frame of the range.
        change: What is changed, as a part of names; "" for nothing.
        sounds: Where summaries of sounds are kept; None leaves out the rows of the sound.
        values: What tables are made of where the figure is smoothed for the eye; None: the figure.
        notes: On the subject.
    """

    subject: str
    synthetic: bool
    figure: Figure
    shown: Sequence[Shown]
    truth: pd.DataFrame
    video: Path | None
    target: str
    score: str
    scaled: bool
    rows: tuple[tuple[str, int], ...] | None
    frames: tuple[int, int]
    change: str = ""
    sounds: Path | None = None
    values: Figure | None = None
    notes: Sequence[Note] = ()

    @property
    def stem(self) -> str:
        """Beginning of the names of files."""
        first, last = self.frames
        part = "" if (first, last) == (0, len(self.figure.pts_s) - 1) else f"{first}-{last}"
        return stem(self.subject, models_part([model.title for model in self.shown]), self.change, part)


def view(take: Take) -> View:
    """The rows as the page shows them, in its order and heights; those of the sound where there is some."""
    figure = take.figure
    rows = list(figure.rows)
    if take.rows is None:
        chosen = [row for row in rows if not row.hidden]
    else:
        # Rows of two models that stand side by side share a slot, and a place in the list.
        chosen = [
            row._replace(height=height) for key, height in take.rows for row in rows if key in (row.key, row.slot)
        ]
    sound = None
    if take.video is not None and take.sounds is not None and any(row.kind != "curves" for row in chosen):
        sound = read_summary(sound_summary(take.video, take.sounds))
    if sound is None:
        chosen = [row for row in chosen if row.kind == "curves"]
    return View(
        take.subject,
        chosen,
        figure.bands,
        figure.columns,
        figure.pts_s,
        take.synthetic,
        figure.gates_of,
        figure.points,
        sound,
        figure.note,
    )


def curves(take: Take) -> pd.DataFrame:
    """Every curve of the view, one row per frame of the range, with a description of every column.

    Returns:
        frame, pts_s, a column for every curve, then masks. `attrs` describes the table, `attrs["columns"]` each
        column; Parquet files keep both.
    """
    first, last = take.frames
    names = slugs([model.title for model in take.shown])
    figure = take.values or take.figure
    columns: dict[str, Any] = {"frame": np.arange(len(figure.pts_s)), "pts_s": figure.pts_s}
    meaning = {
        "frame": "frame number, from 0",
        "pts_s": "presentation time in seconds from the first frame of the video",
    }
    found = [(row, curve) for row in figure.rows for curve in row.curves]
    for row, curve in sorted(found, key=lambda one: _order(*one)):
        name = _column(curve, names)
        columns[name] = curve.values(figure.columns).astype(np.float32)
        meaning[name] = _meaning(row, curve, take)
    for name, model in zip(names, take.shown, strict=True):
        if model.relation is not None:
            target, threshold, kinds = model.relation
            columns[f"{name}_{target}_relationship"] = kinds
            meaning[f"{name}_{target}_relationship"] = relation_sentence(target, threshold)
    for name, said in MASKS.items():
        columns[name], meaning[name] = take.truth[name].to_numpy(), said
    for name, said in LOSSES.items() if take.shown else ():
        columns[name], meaning[name] = take.shown[0].trace.columns[name], said
    if take.notes:
        columns["notes"] = note_words(take.notes, figure.pts_s)
        meaning["notes"] = f"notes on the frame, with {SEPARATOR.strip()} between several; empty where there is none"
    table = pd.DataFrame(columns).iloc[first : last + 1].reset_index(drop=True)
    table.attrs = {
        "subject": take.subject,
        "corpus": "synthetic" if take.synthetic else "",
        "models": {name: model.trace.checkpoint for name, model in zip(names, take.shown, strict=True)},
        "gates_of": take.target,
        "columns": meaning,
    }
    return table


def csv_file(take: Take) -> bytes:
    """The curves as CSV: a header, then one line per frame; missing values are empty fields."""
    return as_csv(curves(take))


def parquet_file(take: Take) -> bytes:
    """The curves as Parquet, with a description of every column in the metadata."""
    buffer = io.BytesIO()
    curves(take).to_parquet(buffer, index=False)
    return buffer.getvalue()


def figure_file(take: Take, file_format: str, width: str) -> bytes:
    """The view of the range as SVG, PDF or PNG.

    Args:
        take: The view.
        file_format: svg, pdf or png.
        width: A key of `WIDTHS`.
    """
    pts_s = take.figure.pts_s
    first, last = take.frames
    figure = figure_of_view(view(take), range_s=(float(pts_s[first]), float(pts_s[last])), width_in=WIDTHS[width])
    return render(figure, file_format, title=take.stem)


def film_key(take: Take, ending: str) -> str:
    """Equal for equal films."""
    digest = hashlib.sha256()
    shown = view(take)
    state = None if take.video is None else file_state(take.video)
    digest.update(
        json.dumps([shown.heading, shown.note, shown.rows, shown.bands, shown.points, take.frames, state]).encode()
    )
    for samples in shown.columns.values():
        digest.update(samples.values.tobytes())
    return f"film {digest.hexdigest()[:24]}.{ending}"


def begin_film(take: Take, cache: Path, ending: str) -> jobs.Job:
    """Start the film of the range, or join whoever started it.

    Args:
        take: The view.
        cache: Where films are kept.
        ending: mp4 or gif.
    """
    return jobs.begin(film_key(take, ending), lambda progress: _make_film(take, cache, ending, progress))


def film_file(take: Take, cache: Path, ending: str) -> bytes:
    """A finished film; made again if newer films have taken its place."""
    with suppress(FileNotFoundError):  # those of another server have taken it just now
        return _make_film(take, cache, ending, no_progress).read_bytes()
    return _make_film(take, cache, ending, no_progress).read_bytes()


def _make_film(take: Take, cache: Path, ending: str, progress: Progress) -> Path:
    folder = cache / "films"
    file = folder / film_key(take, ending).removeprefix("film ")
    if not file.is_file():
        if ending == GIF:
            film = _make_film(take, cache, MP4, progress)
            apart(film, write_gif, file, film, progress=progress, making=True)
        else:
            film_of = partial(write_film, file, view(take), take.video, take.frames)
            apart(take.video or file, film_of, progress=progress, making=True)
    # Whatever the clock said when they were made, this one stays; another server may delete the same ones meanwhile.
    others = [old for old in folder.glob("[!.]*") if old != file]
    for old in sorted(others, key=lambda one: file_state(one).mtime_ns)[: 1 - FILMS_KEPT]:
        old.unlink(missing_ok=True)
    return file


def _order(row: Row, curve: Curve) -> tuple[bool, int]:
    """Truth, predictions, gates, attention scores, then the rest."""
    groups = (TARGETS, GATES, (ATTENTION,))
    place = next((i for i, slots in enumerate(groups) if row.slot in slots), len(groups))
    return curve.model is not None, place


def _column(curve: Curve, names: Sequence[str]) -> str:
    """Name of a curve's column: whose it is, what it is, and whether it is the baseline."""
    whose = "truth" if curve.model is None else names[curve.model]
    name = f"{whose}_{curve.quantity}" + ("_baseline" if curve.ghost else "")
    return name if curve.minus is None else f"{name}_minus_{names[curve.minus]}"


def _meaning(row: Row, curve: Curve, take: Take) -> str:
    if row.slot == ATTENTION:
        how = "scaled by the limits of the shown models without changes" if take.scaled else "raw"
        return f"{curve.name}: attention score, {take.score}, {how}. {SCORES[take.score].sentence}"
    if row.slot in TARGETS:
        what = "annotation" if curve.model is None else "prediction"
        return f"{row.title}, {curve.name}: {what}, from -1 to 1"
    low, high = (round(limit) for limit in row.range)
    if row.slot in GATES:
        return f"{row.title}, {curve.name}: weight of the gates for {take.target}, in [{low}, {high}]. {row.help}"
    return f"{row.title}, {curve.name}: in [{low}, {high}]. {row.help}"
