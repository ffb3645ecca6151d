"""From features, a model and a what-if to a Trace, and what is read off it."""

from __future__ import annotations

from iaca.inference.gate_health import GateHealth, gate_health
from iaca.inference.influence import Relationship, add_influence, infer_with_influence, relationships
from iaca.inference.trace import (
    WINDOWS_AT_ONCE,
    MismatchError,
    WindowMemory,
    check_fit,
    dropped_by,
    infer,
    predict,
)
from iaca.inference.window_source import windows_of

__all__ = [
    "WINDOWS_AT_ONCE",
    "GateHealth",
    "MismatchError",
    "Relationship",
    "WindowMemory",
    "add_influence",
    "check_fit",
    "dropped_by",
    "gate_health",
    "infer",
    "infer_with_influence",
    "predict",
    "relationships",
    "windows_of",
]
