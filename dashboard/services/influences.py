"""How far each modality moves what a model says: computed only where somebody asks, and kept like its traces."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from dashboard.services import exported_models, model_files, traces
from dashboard.services.memory import keep, weigh_again
from dashboard.services.traces import CorruptedFeatures
from dashboard.state import visit
from dashboard.state.known_files import shown_state
from dashboard.timeline.declared import Relation
from iaca.config import UNCHANGED, GateOverrides, WhatIf
from iaca.files import FileState
from iaca.inference import WindowMemory, add_influence
from iaca.inference.influence import SIDES, THRESHOLD, relationships_of
from iaca.types import Features, Trace

__all__ = ["THRESHOLD", "Wanted", "compute", "relation", "trace"]


class Wanted(NamedTuple):
    """Which influence is shown.

    Attributes:
        target: On valence or on arousal.
        threshold: From which a modality counts, above 0.
    """

    target: str
    threshold: float = THRESHOLD


def trace(
    subject: Path, model: Path, device: str, change: WhatIf = UNCHANGED, corrupted: tuple[CorruptedFeatures, ...] = ()
) -> Trace:
    """What a model says of a subject, with influences; otherwise as `traces.trace`.

    Raises:
        InputError: A file cannot be used, or they do not fit each other.
    """
    return _trace(shown_state(subject), shown_state(model), device, change, corrupted)


def relation(trace: Trace, wanted: Wanted) -> Relation | None:
    """How the influences of a trace relate; None where its model does not have the target."""
    if wanted.target not in trace.scores:
        return None
    return Relation(*wanted, relationships_of(trace, *wanted))


@keep
def _memories(
    visit_key: str,
    subject: FileState,
    model: FileState,
    device: str,
    gates: GateOverrides,
    corrupted: tuple[CorruptedFeatures, ...],
) -> list[WindowMemory]:
    """Each visit has its own, one for each set of missing modalities: they hold the outputs of the last dropout."""
    return [WindowMemory() for _ in SIDES]


@keep
def _trace(
    subject: FileState, model: FileState, device: str, change: WhatIf, corrupted: tuple[CorruptedFeatures, ...]
) -> Trace:
    made_of = visit.current(), subject, model, device, change.gates, corrupted
    path = Path(subject.path)
    plain = traces.trace(path, Path(model.path), device, change, corrupted)
    made = compute(plain, traces.features(path, corrupted), model, device, change, tuple(_memories(*made_of)))
    weigh_again(_memories, *made_of)
    return made


def compute(
    plain: Trace,
    features: Features,
    model: FileState,
    device: str,
    change: WhatIf,
    memories: tuple[WindowMemory | None, ...] = (None,) * len(SIDES),
) -> Trace:
    """Add the influences to what a model says, computed now.

    Args:
        plain: What it says.
        features: Of the subject.
        model: Its checkpoint.
        device: Where to compute.
        change: What is changed, as for `plain`.
        memories: Of earlier calls.
    """
    loaded = model_files.load(model, device)
    exported = exported_models.ready(model, loaded, device)
    with traces.device_turn(device):
        return add_influence(
            plain, features, loaded, change.dropouts, gates=change.gates, memories=memories, exported=exported
        )
