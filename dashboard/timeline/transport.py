"""A figure -> what the player is sent. Columns that stay as they are go to the browser once, by address."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from dashboard import routes
from dashboard.timeline.declared import Table
from dashboard.timeline.rows import Figure


def clock(figure: Figure, media_s: np.ndarray | None) -> tuple[Table, Table]:
    """Times of the frames, and times of the pictures on the timeline of the file; float64."""
    times = (("pts_s", figure.pts_s), ("media_s", np.empty(0) if media_s is None else media_s))
    found = []
    for name, values in times:
        place = routes.register_table(np.ascontiguousarray(values, np.float64).tobytes())
        found.append(Table((name,), "frames", 1, len(values), place))
    return tuple(found)


def tables(figure: Figure) -> tuple[tuple[Table, ...], dict[str, pa.Table]]:
    """The columns of a figure.

    Predictions and gates change at clip ends alone: only these travel, and the browser fills in what lies between.

    Returns:
        The tables, and by name those that travel in the update itself.
    """
    found, live = [], {}
    for travel in figure.travels:
        stride = 1 if travel.how == "frames" else figure.clip_stride
        values = [np.ascontiguousarray(figure.frames[name].to_numpy()[::stride]) for name in travel.columns]
        if travel.fixed:
            # Column after column: each is one typed array in the browser.
            place = routes.register_table(b"".join(values))
        else:
            place = f"live_{len(live)}"
            # Of Arrow, since Streamlit starts threads of its own to make one from a data frame.
            live[place] = pa.table(values, names=list(travel.columns))
        found.append(Table(travel.columns, travel.how, stride, len(values[0]), place))
    return tuple(found), live
