"""Curves of many subjects and models in one Parquet file: a row group each, so that memory stays that of a few."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from iaca.commands import CommandError
from iaca.files import written_beside

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from iaca.checkpoints import Checkpoint
    from iaca.types import Features

Predict = Callable[["Features", "Checkpoint"], "pd.DataFrame"]

TURNS_AHEAD = 2
"""Subjects of each thread that are predicted before they are written."""


def feature_files(folder: Path, split: str | None, names: Sequence[str]) -> list[Path]:
    """Feature files of a folder, in the order of their names.

    Args:
        folder: The folder.
        split: train, validation or test, to keep only its subjects; None: all.
        names: Names of subjects to keep; none: all.

    Raises:
        CommandError: Nothing is left, or a subject is not there.
        FeatureError: A file cannot be read.
    """
    from iaca.features.feature_files import read_feature_header

    headers = {file: read_feature_header(file) for file in sorted(folder.glob("*.safetensors"))}
    missing = sorted(set(names) - {header["subject"] for header in headers.values()})
    if missing:
        raise CommandError(f"--subjects names {missing[0]!r}, of whom {folder} has no features; expected its subjects")
    found = [
        file
        for file, header in headers.items()
        if (split is None or header["split"] == split) and (not names or header["subject"] in names)
    ]
    if not found:
        which = "" if split is None else f" of the split {split!r}"
        raise CommandError(f"{folder} holds no feature file (<subject>.safetensors){which}; expected at least one")
    return found


def write_curves(out: Path, files: Sequence[Path], checkpoints: Sequence[Checkpoint], predict: Predict) -> int:
    """Predict every subject with every model and write all tables into one file, beside and then renamed.

    Args:
        out: The Parquet file.
        files: Feature files.
        checkpoints: Models; no two of one name. On a CPU as many subjects are computed at a time as torch may use
            threads.
        predict: Makes the table of a subject and a model, a row a frame.

    Returns:
        The number of rows.

    Raises:
        InputError: A subject cannot be read or does not fit a model; nothing is written then.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows, writer = 0, None
    with written_beside(out) as beside:
        try:
            for table in _tables(files, checkpoints, predict):
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


def _tables(files: Sequence[Path], checkpoints: Sequence[Checkpoint], predict: Predict) -> Iterator[pa.Table]:
    import pyarrow as pa
    from tqdm import tqdm

    from iaca.compute.devices import device_of
    from iaca.compute.threads import side_by_side, threads_for
    from iaca.features.feature_files import read_features

    def of_subject(file: Path) -> list[pa.Table]:
        features = read_features(file)
        made = []
        for checkpoint in checkpoints:
            frames = predict(features, checkpoint)
            frames.insert(0, "subject", features.subject)
            frames.insert(1, "model", checkpoint.name)
            made.append(pa.Table.from_pandas(frames, preserve_index=False))
        return made

    device = device_of(checkpoints[0].model)
    step = TURNS_AHEAD * threads_for(device)
    with tqdm(total=len(files), desc="curves", unit="subject", disable=None) as bar:
        for start in range(0, len(files), step):
            part = files[start : start + step]
            for made in side_by_side(of_subject, part, device):
                yield from made
            bar.update(len(part))
