"""Curves of many subjects and models in one Parquet file: a row group each, so that memory stays that of a few."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from iaca.checkpoints import Checkpoint
from iaca.config import TARGETS, DropoutConfig, GateOverrides, WhatIf
from iaca.errors import InputError
from iaca.features.feature_files import read_features
from iaca.files import file_sha256, written_beside
from iaca.inference import infer, infer_with_influence
from iaca.inference.influence import relationships_of
from iaca.study.provenance import features_fingerprint, versions, what_if_facts
from iaca.types import Features, Trace

FACTS = "PANDAS_ATTRS"
"""Key of the file's metadata with the facts, as JSON; pandas reads it into `attrs`."""


class CurvesError(InputError):
    """Curves that do not go into one table: the message says why."""


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
        work = infer if self.threshold is None else infer_with_influence
        return work(features, checkpoint, self.dropouts, gates=self.gates)

    def table(self, trace: Trace, targets: Sequence[str]) -> pd.DataFrame:
        """The table of a trace, a row a frame, with a column of relationships for each of the targets if asked for."""
        if self.threshold is None:
            return trace.frames
        kinds = {f"{target}_relationship": relationships_of(trace, target, self.threshold) for target in targets}
        return trace.frames.assign(**kinds)

    def tables(self, file: Path, checkpoints: Sequence[Checkpoint]) -> list[pa.Table]:
        """The tables of a subject, one a model: subject and model, then the columns of `table`.

        Raises:
            InputError: The file cannot be read, or does not fit a model.
        """
        features = read_features(file)
        targets = [target for target in TARGETS if any(target in one.config.targets for one in checkpoints)]
        made = []
        for checkpoint in checkpoints:
            frames = self.table(self.trace(features, checkpoint), targets)
            frames.insert(0, "subject", features.subject)
            frames.insert(1, "model", checkpoint.name)
            made.append(pa.Table.from_pandas(frames, preserve_index=False))
        return made


def write_tables(
    out: Path, tables: Iterable[Sequence[pa.Table]], files: Sequence[Path], checkpoints: Sequence[Checkpoint],
    curves: Curves,
) -> int:  # fmt: skip
    """Write the tables of all subjects into one file, beside and then renamed.

    Args:
        out: The Parquet file. Its metadata hold the facts of `curve_facts`.
        tables: Those of one subject after the other, as `Curves.tables` makes them; what making them raises leaves
            nothing behind.
        files: Their feature files.
        checkpoints: Models; no two of one name.
        curves: What was asked of each.

    Returns:
        The number of rows.

    Raises:
        CurvesError: Subjects have unlike columns.
        OSError: The file cannot be written.
    """
    rows, writer = 0, None
    facts = json.dumps(curve_facts(files, checkpoints, curves))
    with written_beside(out) as beside:
        try:
            for of_one in tables:
                for table in of_one:
                    if writer is None:
                        writer = pq.ParquetWriter(beside, table.schema.with_metadata({FACTS: facts}))
                    writer.write_table(table.cast(writer.schema))
                    rows += table.num_rows
        except pa.ArrowInvalid as error:
            raise CurvesError(
                f"{out} cannot hold all subjects in one table ({error}); expected equal columns"
            ) from error
        finally:
            if writer is not None:
                writer.close()
    return rows


def curve_facts(files: Sequence[Path], checkpoints: Sequence[Checkpoint], curves: Curves) -> dict[str, Any]:
    """What the metadata of such a file say: models with hashes, the change, versions, and the data's fingerprint.

    Raises:
        OSError: A file cannot be read.
    """
    return {
        "models": {
            one.name: {"title": one.title, "file": one.path.name, "sha256": file_sha256(one.path)}
            for one in checkpoints
        },
        "what_if": what_if_facts(WhatIf(dropouts=curves.dropouts, gates=curves.gates)),
        "relationship_threshold": curves.threshold,
        "versions": versions(),
        "features": {"files": len(files), "sha256": features_fingerprint(files)},
    }
