"""Inconsistency-aware cross-attention for audio-visual dimensional emotion recognition.

Source: Praveen & Alam, arXiv:2405.12853.
"""

from __future__ import annotations

import importlib
import os
from typing import Any

# Before torch is loaded: threads that spin while they wait take the cores from the browser, the decoder, and each
# other. With two threads on two busy cores a slim backbone went from 49 to about 1,300 clips/s.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

__version__ = "0.1.0"

_LAZY = {
    "CheckpointError": "iaca.errors",
    "load_backbone": "iaca.checkpoints",
    "load_checkpoint": "iaca.checkpoints",
    "load_plugins": "iaca.plugins",
    "register_fusion": "iaca.models.fusions.registry",
}
_ROOMS = ("config", "inference", "metrics", "types")

__all__ = ["CheckpointError", "__version__", "load_backbone", "load_checkpoint", "load_plugins", "register_fusion"]


def __getattr__(name: str) -> Any:
    """Import what is asked for on first use, so that `import iaca` does not wait for torch."""
    if name in _ROOMS:
        return importlib.import_module(f"iaca.{name}")
    if name not in _LAZY:
        raise AttributeError(f"module 'iaca' has no attribute {name!r}")
    return getattr(importlib.import_module(_LAZY[name]), name)
