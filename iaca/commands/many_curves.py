"""Curves of many subjects and models in one Parquet file, wherever they are computed."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from iaca.commands.many_subjects import Models, each_subject, loaded, models_for
from iaca.compute.engine import Engine
from iaca.study.curve_tables import Curves, write_tables

if TYPE_CHECKING:
    import pyarrow as pa

    from iaca.checkpoints import Checkpoint


class _Task(NamedTuple):
    """What all subjects share."""

    curves: Curves
    models: Models


def write_curves(
    out: Path, files: Sequence[Path], checkpoints: Sequence[Checkpoint], curves: Curves, engine: Engine
) -> int:
    """Predict every subject with every model and write all tables into one file, beside and then renamed.

    Args:
        out: The Parquet file; the same bytes whatever the engine.
        files: Feature files.
        checkpoints: Models; no two of one name.
        curves: What is asked of each.
        engine: Where subjects are computed.

    Returns:
        The number of rows.

    Raises:
        InputError: A subject cannot be read or does not fit a model; nothing is written then.
    """
    task = _Task(curves, models_for(checkpoints, engine))
    ended = each_subject(_tables, task, files, checkpoints, engine, "curves")
    return write_tables(out, _in_order(ended, files, out.parent), files, checkpoints, curves)


def _tables(task: _Task, file: Path) -> list[pa.Table]:
    """The tables of a subject, one a model."""
    return task.curves.tables(file, loaded(task.models))


def _in_order(
    ended: Iterable[tuple[Path, list[pa.Table]]], files: Sequence[Path], folder: Path
) -> Iterator[list[pa.Table]]:
    """Tables in the order of the files; those that end too early wait on the disk, in a file without a name."""
    places: dict[Path, int] = {}
    due = iter(files)
    awaited = next(due, None)
    with tempfile.TemporaryFile(dir=folder) as waiting:
        for file, made in ended:
            if file != awaited:
                places[file] = waiting.seek(0, 2)
                pickle.dump(made, waiting)
                continue
            yield made
            while (awaited := next(due, None)) in places:
                waiting.seek(places.pop(awaited))
                yield pickle.load(waiting)
