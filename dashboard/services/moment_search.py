"""Moments for the pages: of one subject at once, of all subjects in the background."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from dashboard.services import influences, jobs, traces
from dashboard.services.corpora import Subject
from dashboard.services.memory import keep
from dashboard.services.model_files import Chosen, checkpoint
from dashboard.services.selection import Selection
from dashboard.state.known_files import known_state, shown_state
from iaca.config import AUDIO, VISUAL, WhatIf
from iaca.errors import BAD_INPUT
from iaca.features.feature_files import read_features
from iaca.files import FileState
from iaca.inference.moments import Moment, Reading, find_moments, rank, single_modality
from iaca.types import Features, Progress

Model = tuple[str, FileState]
"""Title and file."""

AT_MOST = 12
"""Moments of a kind in all subjects that are listed."""


def of_subject(selection: Selection, threshold: float = influences.THRESHOLD) -> list[Moment]:
    """Where to look in the subject, with whatever is changed; ranked.

    Args:
        selection: What is looked at.
        threshold: Influence from which a modality counts.

    Raises:
        InputError: A file cannot be used, or they do not fit each other.
    """
    subject, applied = shown_state(selection.subject.feature_file), selection.applied
    keys = _keys(selection.models)
    return _of_subject(subject, keys, selection.device, applied.change, applied.corrupted, threshold)


@keep
def _of_subject(
    subject: FileState,
    models: tuple[Model, ...],
    device: str,
    change: WhatIf,
    corrupted: tuple[traces.CorruptedFeatures, ...],
    threshold: float,
) -> list[Moment]:
    return _find(traces.features(Path(subject.path), corrupted), models, device, change, threshold)


def of_all(subjects: Sequence[Subject], selection: Selection, threshold: float = influences.THRESHOLD) -> jobs.Job:
    """Search all subjects, with the models and the change of a selection; the result is a ranked list.

    Noise and blur do not count: nobody waits until every subject was extracted again.
    """
    device, change = selection.device, selection.applied.change
    files = tuple(known_state(one.features) for one in subjects if one.features is not None)
    keys = _keys(selection.models)

    def work(progress: Progress) -> list[Moment]:
        found = []
        for i, file in enumerate(files):
            progress(i, len(files))
            try:
                # Past the cache of features: this goes through the whole corpus once.
                found += _find(read_features(file.path), keys, device, change, threshold)
            except BAD_INPUT:
                continue  # its sentence is shown where the subject is chosen
        return rank(found, AT_MOST)

    return jobs.begin(all_key(files, keys, device, change, threshold), work)


def all_key(
    files: tuple[FileState, ...],
    models: tuple[Model, ...],
    device: str,
    change: WhatIf,
    threshold: float = influences.THRESHOLD,
) -> str:
    """The name of the job."""
    return "moments " + hashlib.sha256(repr((files, models, device, change, threshold)).encode()).hexdigest()[:32]


def _keys(models: Sequence[Chosen]) -> tuple[Model, ...]:
    return tuple((model.title, shown_state(model.path)) for model in models)


def _find(features: Features, models: tuple[Model, ...], device: str, change: WhatIf, threshold: float) -> list[Moment]:
    readings = []
    for title, file in models:
        config = checkpoint(Path(file.path), device).config
        sides = [
            traces.compute(features, file, device, single_modality(config, modality, change))
            for modality in (AUDIO, VISUAL)
        ]
        plain = traces.compute(features, file, device, change)
        trace = influences.compute(plain, features, file, device, change)
        readings.append(Reading(title, config.iaca, trace, *sides))
    return find_moments(readings, threshold=threshold)
