"""What something was made with: versions, hashes of models, a fingerprint of the data, and what was changed."""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Sequence
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

from iaca.config import UNCHANGED, WhatIf
from iaca.files import file_sha256

PACKAGES = ("torch", "numpy", "pandas", "scipy", "safetensors")
"""Whose versions are told, besides our own."""


def versions() -> dict[str, str]:
    """Name -> version of this package, of Python and of what computes."""
    import iaca

    own = {"iaca": iaca.__version__, "Python": platform.python_version()}
    return own | {name: version(name) for name in PACKAGES}


def features_fingerprint(files: Sequence[Path]) -> str:
    """SHA-256 over the names and hashes of feature files, in the order of their names.

    Raises:
        OSError: One cannot be read.
    """
    lines = (f"{file_sha256(file)}  {file.name}\n" for file in sorted(files, key=lambda file: file.name))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def what_if_facts(change: WhatIf) -> dict[str, Any]:
    """The settings of a change, as JSON holds them; {} for none."""
    return {} if change == UNCHANGED else asdict(change)
