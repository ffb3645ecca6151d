"""What ships with the project, and where caches go: in a clone, else in the installed package and the user's folder."""

from __future__ import annotations

import os
from importlib.resources import files
from pathlib import Path
from typing import Literal

PACKAGE = Path(str(files("iaca")))
PAGE = PACKAGE.parent / "dashboard" / "app.py"
"""The script of the dashboard, which lies beside this package in a clone and in an installation."""


def clone() -> Path | None:
    """The clone that this package runs from; None where it was installed as a wheel."""
    root = PACKAGE.parent
    return root if (root / "pyproject.toml").is_file() and (root / "checkpoints").is_dir() else None


def shipped(name: Literal["checkpoints", "demo"]) -> Path:
    """A folder that ships: the models (`checkpoints`), or the synthetic corpus with its features and results (`demo`).

    Args:
        name: Which one.

    Returns:
        The folder in the clone, else the copy inside the installed package.
    """
    return (clone() or PACKAGE / "shipped") / name


def weights_file(name: str | os.PathLike[str]) -> Path:
    """The file of weights that a name stands for.

    Args:
        name: A path, or the bare name of a file that ships, such as "ca_iaca" or "visual_slim".

    Returns:
        The file that ships, where the name has neither folder nor ending and there is such a file; else the path as it
        was given.
    """
    path = Path(name)
    known = shipped("checkpoints") / f"{path.name}.safetensors"
    # Of a name that is too long, Path.is_file would say so of a file that nobody named.
    return known if not path.suffix and len(path.parts) == 1 and os.path.isfile(known) else path


def cache_folder() -> Path:
    """Where computed files are kept: IACA_CACHE, else `.cache` of the clone, else the user's cache folder."""
    named = os.environ.get("IACA_CACHE")
    if named:
        return Path(named)
    root = clone()
    if root is not None:
        return root / ".cache"
    from platformdirs import user_cache_path

    return user_cache_path("iaca", appauthor=False)


def notes_file() -> Path:
    """Where notes and saved views are kept: IACA_NOTES, else a file in the user's folder for data of programs."""
    named = os.environ.get("IACA_NOTES")
    if named:
        return Path(named)
    from platformdirs import user_data_path

    return user_data_path("iaca", appauthor=False) / "notes.sqlite3"
