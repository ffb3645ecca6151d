"""Curves of many subjects and models in one Parquet file: a row group each, so that memory stays that of a few."""

from __future__ import annotations

import pickle
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from iaca.commands import CommandError
from iaca.commands.many_subjects import Models, each_subject, loaded, models_for
from iaca.compute.engine import Engine
from iaca.config import DropoutConfig, GateOverrides
from iaca.files import written_beside

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from iaca.checkpoints import Checkpoint
    from iaca.types import Features, Trace


class Curves(NamedTuple):
    """What is asked of each subject and model.

    Attributes:
        dropouts: Simulated losses.
        gates: Overrides of the gates.
        threshold: Influence from which a modality counts for the relationship; None: no influence is asked for.
    """

    dropouts: tuple[DropoutConfig, ...]
    gates: GateOverrides
    threshold: float | None

    def trace(self, features: Features, checkpoint: Checkpoint) -> Trace:
        """The curves of a subject.

        Raises:
            MismatchError: The features do not fit the model.
        """
        from iaca.inference import infer, infer_with_influence

        work = infer if self.threshold is None else infer_with_influence
        return work(features, checkpoint, self.dropouts, gates=self.gates)

    def table(self, trace: Trace, targets: Sequence[str]) -> pd.DataFrame:
        """The table of a trace, a row a frame, with a column of relationships for each of the targets if asked for."""
        if self.threshold is None:
            return trace.frames
        from iaca.inference.influence import relationships_of

        kinds = {f"{target}_relationship": relationships_of(trace, target, self.threshold) for target in targets}
        return trace.frames.assign(**kinds)


class _Task(NamedTuple):
    """What all subjects share."""

    curves: Curves
    models: Models
    targets: tuple[str, ...]


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
    import pyarrow as pa
    import pyarrow.parquet as pq

    from iaca.config import TARGETS

    targets = tuple(target for target in TARGETS if any(target in one.config.targets for one in checkpoints))
    task = _Task(curves, models_for(checkpoints, engine), targets)
    rows, writer = 0, None
    with written_beside(out) as beside:
        ended = each_subject(_tables, task, files, checkpoints, engine, "curves")
        try:
            for tables in _in_order(ended, files, out.parent):
                for table in tables:
                    writer = writer or pq.ParquetWriter(beside, table.schema)
                    writer.write_table(table.cast(writer.schema))
                    rows += table.num_rows
        except pa.ArrowInvalid as error:
            raise CommandError(
                f"{out} cannot hold all subjects in one table ({error}); expected equal columns"
            ) from error
        finally:
            if writer is not None:
                writer.close()
    return rows


def _tables(task: _Task, file: Path) -> list[pa.Table]:
    """The tables of a subject, one a model."""
    import pyarrow as pa

    from iaca.features.feature_files import read_features

    features = read_features(file)
    made = []
    for checkpoint in loaded(task.models):
        frames = task.curves.table(task.curves.trace(features, checkpoint), task.targets)
        frames.insert(0, "subject", features.subject)
        frames.insert(1, "model", checkpoint.name)
        made.append(pa.Table.from_pandas(frames, preserve_index=False))
    return made


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
