"""A figure -> what the player is sent. Columns that stay as they are go to the browser once, by address."""

from __future__ import annotations

import itertools
import json
import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from dashboard.timeline.declared import Band, Column, Curve, Figure, How, Point, Row, Table
from dashboard.timeline.thinned import Seen, is_worth, samples
from iaca.clips import edges_s
from iaca.config import TARGETS
from iaca.figures import palette

Keep = Callable[[bytes], str]
"""Keeps the bytes of columns for the browser, and says by which address it gets them."""

FEW_SPANS = 64
"""Spans of a band that are told by their seconds: of many more, a bit for each frame takes less."""


def spec(figure: Figure) -> dict[str, Any]:
    """What the player draws, as plain data; columns are named as in `tables`."""
    return {
        "subject": figure.subject,
        "rows": [_row(row) for row in figure.rows],
        "bands": [band._asdict() for band in figure.bands],
        "lanes": list(dict.fromkeys(band.lane for band in figure.bands if band.lane)),
        "points": [_point(point) for point in figure.points],
        "models": list(figure.models),
        "gates_of": figure.gates_of,
        "annotated": figure.annotated,
    }


def clock(figure: Figure, media_s: np.ndarray | None, keep: Keep) -> tuple[Table, Table]:
    """Times of the frames, and times of the pictures on the timeline of the file; float64."""
    return _times("pts_s", figure.pts_s, keep), _times("media_s", np.empty(0) if media_s is None else media_s, keep)


def tables(figure: Figure, keep: Keep, *, live: bool = True) -> tuple[tuple[Table, ...], dict[str, pa.Table]]:
    """The columns of a figure.

    Predictions and gates change at clip ends alone: only these travel, and the browser fills in what lies between.

    Args:
        figure: What is drawn.
        keep: Takes the columns that do not travel in the update itself.
        live: Whether columns that a what-if has changed travel in the update.

    Returns:
        The tables, and by name those that travel in the update itself.
    """
    found: list[Table] = []
    travelling: dict[str, pa.Table] = {}
    travels = _live(figure)

    def travel(column: Column) -> tuple[int, bool, How]:
        return -1 if column.model is None else column.model, column.ghost, figure.columns[column].how

    for (_, _, how), group in itertools.groupby(sorted(figure.columns, key=travel), travel):
        columns = list(group)
        names = tuple(map(name_of, columns))
        stride = 1 if how == "frames" else figure.clip_stride
        values = [np.ascontiguousarray(figure.columns[column].values[::stride]) for column in columns]
        if not live or columns[0] not in travels:
            # Column after column: each is one typed array in the browser.
            place = keep(np.stack(values).tobytes())
        else:
            place = f"live_{len(travelling)}"
            # Of Arrow, since Streamlit starts threads of its own to make one from a data frame.
            travelling[place] = pa.table(values, names=list(names))
        found.append(Table(names, how, stride, len(values[0]), place))
    return tuple(found), travelling


def packed(figure: Figure, keep: Keep, seen: Seen | None = None) -> bytes:
    """What changes from one step of a what-if to the next, for a player that shows the same subject.

    Args:
        figure: What is drawn.
        keep: Takes the columns that do not travel in the update itself.
        seen: What the player shows, if it can do with that; None for every value.

    Returns:
        A line of JSON, padded to a multiple of four bytes, with `spec`, `tables`, `masks` and `thinned`; then the
        columns that travel, one after the other, as float32. Where they are thinned, `thinned` has the first and last
        frame and the pixels in view, the spans of frames that are whole, and names and length of each `Sample`, whose
        frames stand before its columns. Last the spans of those bands that have many, a bit for each frame: `masks` are
        the numbers of these bands.
    """
    thin = [] if seen is None or not is_worth(figure, seen) else samples(figure, seen, _live(figure))
    taken = {column for sample in thin for column in sample.columns}
    rest = figure._replace(columns={one: values for one, values in figure.columns.items() if one not in taken})
    found, travelling = tables(rest, keep)
    masks = {number: bits for number, band in enumerate(figure.bands) if (bits := _bits(band, figure.pts_s))}
    said = spec(figure)
    for number in masks:
        said["bands"][number]["spans"] = []
    about = {"spec": said, "tables": found, "masks": list(masks), "thinned": None}
    if thin and seen is not None:
        groups = [([*map(name_of, sample.columns)], len(sample.frames)) for sample in thin]
        about["thinned"] = {"view": seen[:3], "exact": seen.exact, "groups": groups}
    head = json.dumps(about, allow_nan=False, separators=(",", ":")).encode()
    columns: list[np.ndarray] = [column.to_numpy() for table in travelling.values() for column in table.columns]
    parts: list[np.ndarray] = [part for sample in thin for part in (sample.frames, sample.values)]
    numbers = (part.tobytes() for part in (*columns, *parts))
    return b"".join([head, b" " * (-(len(head) + 1) % 4), b"\n", *numbers, *masks.values()])


def _live(figure: Figure) -> set[Column]:
    """The columns of models that a what-if has changed."""
    changed = {column.model for column in figure.columns if column.ghost}
    return {column for column in figure.columns if column.model in changed and not column.ghost}


def _bits(band: Band, pts_s: np.ndarray) -> bytes:
    """A bit for each frame of a band, where its spans are many and of whole frames; else nothing."""
    if len(band.spans) <= FEW_SPANS:
        return b""
    starts_s, ends_s = np.array(band.spans).T
    of_frames_s = edges_s(pts_s)
    starts, ends = np.searchsorted(pts_s, starts_s), np.searchsorted(of_frames_s, ends_s)
    if not (np.array_equal(of_frames_s[starts], starts_s) and np.array_equal(of_frames_s[ends], ends_s)):
        return b""
    edges = np.zeros(len(of_frames_s), np.int8)
    edges[starts], edges[ends] = 1, -1
    return np.packbits(np.cumsum(edges)[:-1].astype(bool), bitorder="little").tobytes()


def name_of(column: Column) -> str:
    """What the player calls a column."""
    whose = "truth" if column.model is None else column.model
    return f"{whose}_{column.quantity}" + ("_ghost" if column.ghost else "")


def _times(name: str, values: np.ndarray, keep: Keep) -> Table:
    place = keep(np.ascontiguousarray(values, np.float64).tobytes())
    return Table((name,), "frames", 1, len(values), place)


def _row(row: Row) -> dict[str, Any]:
    """A row; one that is about all models has no slot, and the player takes its key."""
    declared = row._asdict()
    curves = declared.pop("curves")
    slot = "" if row.model is None else row.slot
    return declared | {"key": row.key, "slot": slot, "traces": [_curve(curve) for curve in curves]}


def _curve(curve: Curve) -> dict[str, Any]:
    """A curve; a difference is about both models, and is shown with either."""
    declared = curve._asdict()
    del declared["quantity"], declared["ghost"]
    column, subtracted, below = curve.column, curve.subtracted, curve.below
    return declared | {
        "column": name_of(column),
        "minus": None if subtracted is None else name_of(subtracted),
        "floor": None if below is None else name_of(below),
        "model": curve.model if subtracted is None else None,
    }


def _point(point: Point) -> dict[str, Any]:
    """A point, with the corners of its shape instead of its name."""
    declared = point._asdict()
    corners = palette.SHAPES[declared.pop("shape")]
    ccc = [[None if math.isnan(score) else score for score in scores] for scores in declared.pop("ccc")]
    columns = {target: name_of(Column(target, point.model)) for target in TARGETS}
    return declared | columns | {"corners": corners, "ccc": ccc}
