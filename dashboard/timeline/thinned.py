"""What of long columns a screen can show: in each pixel the frames where a line is lowest and highest, and no others.

The frames that are read out, at the cursor or in a range, are kept whole. All values that are sent are those of frames:
none is a mean, and none is rounded.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple

import numpy as np

from dashboard.timeline.declared import Column, Columns, Curve, Figure

WORTH = 6
"""Values of a column in a pixel from which fewer are sent: of two models that are compared, up to so many are kept."""

UNSEEN = 1 / 2000
"""Share of the height of a row, below which two values of a pixel look alike."""


class Seen(NamedTuple):
    """What a player shows.

    Attributes:
        first: First frame in view.
        last: Last frame in view.
        pixels: Pixels of a row, across.
        exact: First and last frame of each span whose values are read out, in view or not.
    """

    first: int
    last: int
    pixels: int
    exact: tuple[tuple[int, int], ...] = ()


class Sample(NamedTuple):
    """Columns at some of their frames.

    Attributes:
        columns: Those whose values are drawn together: on top of each other, or one subtracted from the other.
        frames: (K,) uint32, ascending.
        values: (columns, K) float32.
    """

    columns: tuple[Column, ...]
    frames: np.ndarray
    values: np.ndarray


def is_worth(figure: Figure, seen: Seen) -> bool:
    """Whether a screen can show less than what is in view."""
    return seen.last - seen.first + 1 > WORTH * seen.pixels * figure.clip_stride


def samples(figure: Figure, seen: Seen, changed: AbstractSet[Column]) -> list[Sample]:
    """The columns that a step changes, and those that are drawn together with them, where a screen can show them.

    Args:
        figure: What is drawn.
        seen: What of it is seen; within the recording.
        changed: The columns that travel.
    """
    lines = list(_lines(figure))
    read = np.zeros(len(figure.pts_s), bool)
    for first, last in seen.exact:
        read[first : last + 1] = True
    places = _places(seen)
    found = []
    for group in _groups(figure, lines):
        if not group & changed:
            continue
        kept = read.copy()
        for line in lines:
            if group.issuperset(line.columns):
                kept[_extremes(line.values(figure.columns), places, UNSEEN * line.height)] = True
        frames = np.flatnonzero(kept).astype(np.uint32)
        columns = tuple(column for column in figure.columns if column in group)
        found.append(Sample(columns, frames, np.stack([figure.columns[one].values[frames] for one in columns])))
    return found


class _Line(NamedTuple):
    """A line that is drawn: the columns that it is made of, and the height of its row in their unit."""

    curve: Curve
    columns: tuple[Column, ...]
    height: float

    def values(self, columns: Columns) -> np.ndarray:
        """(N,) where it is drawn."""
        if self.curve.stack:
            return np.sum([columns[one].values for one in self.columns], axis=0)
        return self.curve.values(columns)


def _lines(figure: Figure) -> Iterator[_Line]:
    for row in figure.rows:
        below: tuple[Column, ...] = ()
        height = row.range[1] - row.range[0]
        for curve in row.curves:
            columns = tuple(one for one in (curve.column, curve.subtracted) if one is not None)
            if curve.stack:
                below = columns = (*(below if curve.stack == "next" else ()), curve.column)
            yield _Line(curve, columns, height)


def _groups(figure: Figure, lines: Sequence[_Line]) -> list[frozenset[Column]]:
    """The columns of a figure, those that are drawn together in one set."""
    groups = [frozenset((column,)) for column in figure.columns]
    for line in lines:
        if len(line.columns) > 1:
            apart = [group for group in groups if group.isdisjoint(line.columns)]
            groups = [*apart, frozenset().union(*(group for group in groups if group not in apart))]
    return groups


def _places(seen: Seen) -> np.ndarray:
    """(pixels, most frames of a pixel) the frames of each pixel; where it has fewer, its last one again."""
    count = seen.last - seen.first + 1
    edges = seen.first + np.arange(seen.pixels + 1) * count // seen.pixels  # as the player shares frames out
    starts, ends = edges[:-1, None], edges[1:, None]
    return np.minimum(starts + np.arange(int((ends - starts).max())), ends - 1)


def _extremes(values: np.ndarray, places: np.ndarray, unseen: float) -> np.ndarray:
    """The frames of which a line needs its values in each pixel: lowest, highest, and the last that has none.

    Where the line looks level, that is the first one: other lines of the pixel may take the same.
    """
    there = values[places]
    missing = np.isnan(there)
    pixel = np.arange(len(places))
    low, high = np.where(missing, np.inf, there).argmin(axis=1), np.where(missing, -np.inf, there).argmax(axis=1)
    differ = there[pixel, high] - there[pixel, low] > unseen
    kept = [places[pixel, np.where(differ | missing[:, 0], low, 0)], places[pixel, high][differ]]
    if missing.any():
        last = places.shape[1] - 1 - missing[:, ::-1].argmax(axis=1)
        kept.append(places[pixel, last][missing.any(axis=1)])
    return np.concatenate(kept)
