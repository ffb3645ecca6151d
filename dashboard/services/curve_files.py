"""Curves of many subjects and models as one Parquet file, made in the background."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from dashboard.services import model_files, traces
from dashboard.services.corpora import Subject
from dashboard.services.file_names import change_part, models_part, stem
from dashboard.services.made_files import Made
from dashboard.services.model_files import Chosen
from dashboard.state.known_files import known_state, shown_state
from iaca.compute.threads import side_by_side, threads_for
from iaca.config import WhatIf
from iaca.study.curve_tables import Curves, write_tables
from iaca.types import Progress

if TYPE_CHECKING:
    import pyarrow as pa

    from iaca.checkpoints import Checkpoint

TURNS_AHEAD = 2
"""Subjects of each thread that are computed in one turn."""


def made(
    subjects: Sequence[Subject],
    models: Sequence[Chosen],
    device: str,
    change: WhatIf,
    folder: Path,
    *,
    threshold: float | None = None,
) -> Made:
    """The file, made or not: the same as `python -m iaca predict --features DIR` writes.

    Args:
        subjects: Whom, with features.
        models: Which models; no two files of one name.
        device: Where they run.
        change: Dropout and gates.
        folder: Where files are kept.
        threshold: Influence from which a modality counts, for columns of influences; None: there are none.
    """
    files = [subject.feature_file for subject in subjects]
    states = [shown_state(model.path) for model in models]
    facts = (list(map(known_state, files)), states, device, change, threshold)
    digest = hashlib.sha256(repr(facts).encode()).hexdigest()[:24]
    whose = subjects[0].name if len(subjects) == 1 else f"{len(subjects)}-subjects"
    called = stem("curves", whose, models_part([model.title for model in models]), change_part(change))

    curves = Curves(change.dropouts, change.gates, threshold)

    def tables(loaded: list[Checkpoint], progress: Progress) -> Iterator[list[pa.Table]]:
        """Those of some subjects in one turn on the device: visitors wait for no more."""
        place = traces.choose_device(device)
        step = TURNS_AHEAD * threads_for(place)
        for start in range(0, len(files), step):
            progress(start, len(files), "subjects")
            with traces.device_turn(device):
                of_part = side_by_side(lambda one: curves.tables(one, loaded), files[start : start + step], place)
            yield from of_part
        progress(len(files), len(files), "subjects")

    def write(file: Path, progress: Progress) -> None:
        loaded = [model_files.load(state, device) for state in states]
        write_tables(file, tables(loaded, progress), files, loaded, curves)

    return Made(folder / "curves", digest, "parquet", called, write)
