"""What an attention map shows, as the browser component receives it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np


class Axis(NamedTuple):
    """Rows or columns of a map.

    Attributes:
        title: What they are.
        labels: A name for each, or nothing where they have none.
        spans: For clips, (first, last) second of each on the timeline of the file; None for an empty place.
        divide: Place of a line that divides them, or None.
    """

    title: str
    labels: Sequence[str] = ()
    spans: Sequence[tuple[float, float] | None] = ()
    divide: int | None = None


class Panel(NamedTuple):
    """One map.

    Attributes:
        title: Whose.
        values: (R, C) float32.
        rows: Along the vertical.
        columns: Along the horizontal.
        heard: "rows" or "columns": which of the two a click makes heard, the other is seen; "" for no click.
        seen_s: Second on the clock of the frames to which a click leads, for each clip of the axis that is seen.
        here: Place of the clip at the cursor, or None.
    """

    title: str
    values: np.ndarray
    rows: Axis
    columns: Axis
    heard: str = ""
    seen_s: Sequence[float | None] = ()
    here: int | None = None
