"""Inconsistency-aware cross-attention for audio-visual dimensional emotion recognition.

Source: Praveen & Alam, arXiv:2405.12853.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

# Before torch is loaded: threads that spin while they wait take the cores from the browser, the decoder, and each
# other. With two threads on two busy cores a slim backbone went from 49 to about 1,300 clips/s.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
if "torch" not in sys.modules:  # else CUDA may have read it: `iaca.compute.repeatable` says what it is for
    os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")

__version__ = "0.1.0"

_LAZY = {
    "CheckpointError": ("iaca.errors", "CheckpointError"),
    "infer": ("iaca.inference", "infer"),
    "load_backbone": ("iaca.checkpoints", "load_backbone"),
    "load_checkpoint": ("iaca.checkpoints", "load_checkpoint"),
    "load_features": ("iaca.features.feature_files", "read_features"),
    "load_plugins": ("iaca.plugins", "load_plugins"),
    "plot": ("iaca.figures.curves", "plot"),
    "register_fusion": ("iaca.models.fusions.registry", "register_fusion"),
    "save_figure": ("iaca.figures.curves", "save_figure"),
    "view": ("dashboard.notebook", "view"),
}
"""Name -> its module, and its name there. `view` alone comes from the dashboard, whose player it shows."""

_ROOMS = ("config", "inference", "metrics", "types")

__all__ = [
    "CheckpointError", "__version__", "infer", "load_backbone", "load_checkpoint", "load_features", "load_plugins",
    "plot", "register_fusion", "save_figure", "view",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    """Import what is asked for on first use, so that `import iaca` does not wait for torch."""
    if name in _ROOMS:
        return importlib.import_module(f"iaca.{name}")
    if name not in _LAZY:
        raise AttributeError(f"module 'iaca' has no attribute {name!r}")
    module, there = _LAZY[name]
    return getattr(importlib.import_module(module), there)
