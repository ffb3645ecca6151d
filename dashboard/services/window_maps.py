"""The attention of one window, for the pages."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from dashboard.export.spreadsheet import as_csv
from dashboard.services import model_files, traces
from dashboard.services.memory import keep
from dashboard.services.selection import Selection
from dashboard.state.known_files import shown_state
from dashboard.timeline.panels import Axis, Panel
from iaca.config import WhatIf
from iaca.files import FileState
from iaca.inference.attention_maps import Ordered, WindowMaps, ordered, window_maps


def maps(selection: Selection, model: Path, frame: int, target: str) -> tuple[WindowMaps, dict[str, Ordered]]:
    """The attention at a frame, and feature maps in an order that shows their structure.

    Args:
        selection: A subject with features, where to compute, and what is changed.
        model: The checkpoint.
        frame: Frame at the cursor.
        target: Whose attention, where the model has one trunk for each.

    Raises:
        InputError: A file cannot be used, or they do not fit each other.
    """
    subject, applied = selection.subject.feature_file, selection.applied
    features = traces.features(subject, applied.corrupted)
    clip = frame // features.clip_stride  # frames between two clips show the same
    at = clip * features.clip_stride
    return _maps(
        shown_state(subject), applied.corrupted, shown_state(model), selection.device, at, target, applied.change
    )


@keep
def _maps(
    subject: FileState,
    corrupted: tuple[traces.CorruptedFeatures, ...],
    model: FileState,
    device: str,
    frame: int,
    target: str,
    change: WhatIf,
) -> tuple[WindowMaps, dict[str, Ordered]]:
    loaded = model_files.load(model, device)
    features = traces.features(Path(subject.path), corrupted)
    with traces.device_turn(device):
        found = window_maps(features, loaded, frame, target, change.dropouts)
    return found, {} if found.over_clips else {m: ordered(values) for m, values in found.maps.items()}


def figure_file(panels: Sequence[Panel], limits: tuple[float, float], file_format: str, *, heading: str) -> bytes:
    """Maps as the page shows them, as SVG, PDF or PNG at the width of a column, or of two where there are two."""
    from iaca.figures.attention import AttentionMap, map_figure
    from iaca.figures.print_style import COLUMN_IN, DOUBLE_COLUMN_IN, render

    maps = [
        AttentionMap(
            one.title, one.values, one.rows.title + _clip_end(one.rows), one.columns.title + _clip_end(one.columns),
            one.rows.labels, one.columns.labels, one.columns.divide, one.here,
        )
        for one in panels
    ]  # fmt: skip
    figure = map_figure(
        maps,
        limits,
        heading=heading,
        diverging=limits[0] < 0,
        width_in=COLUMN_IN if len(maps) == 1 else DOUBLE_COLUMN_IN,
    )
    return render(figure, file_format, title=heading)


def csv_file(panels: Sequence[Panel]) -> bytes:
    """The cells of the maps: model, row and column from 0, what these stand for, and the value."""
    tables = []
    for one in panels:
        rows, columns = np.indices(one.values.shape)
        table = pd.DataFrame({"model": one.title, "row": rows.ravel(), "column": columns.ravel()})
        for name, axis in (("row", one.rows), ("column", one.columns)):
            if axis.labels:
                table[f"{name}_clip_end_s"] = [axis.labels[k].replace("–", "") for k in table[name]]
        tables.append(table.assign(value=one.values.ravel()))
    return as_csv(pd.concat(tables))


def _clip_end(axis: Axis) -> str:
    return ", end (s)" if axis.labels else ""
