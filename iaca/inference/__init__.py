"""From features, a model and a what-if to a Trace, and what is read off it."""

from __future__ import annotations

from iaca.inference.trace import (
    WINDOWS_AT_ONCE,
    MismatchError,
    WindowMemory,
    check_fit,
    dropped_by,
    infer,
    predict,
    windows_of,
)

__all__ = [
    "WINDOWS_AT_ONCE",
    "MismatchError",
    "WindowMemory",
    "check_fit",
    "dropped_by",
    "infer",
    "predict",
    "windows_of",
]
