"""Arguments that are refused before any work: a sentence after an hour is an hour late."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from pathlib import Path

from iaca.commands import CommandError
from iaca.config.checks import MOST_SEED

MOST_JOBS = 1024
"""Processes side by side; more is a mistake."""

MOST_SEEDS = 1000
"""Seeds of a study; more is a mistake."""


def as_path(text: str) -> Path:
    """A path of the command line, as the `type` of an argument.

    Raises:
        ArgumentTypeError: The text is empty, as from a variable of the shell that is not set, or holds a NUL.
    """
    if not text.strip() or "\0" in text:
        raise argparse.ArgumentTypeError(f"it is {text!r}; expected the name of a file or folder")
    return Path(text)


def check_whole(name: str, value: int | None, least: int, most: int) -> None:
    """Refuse a whole number out of its bounds; None is none.

    Raises:
        CommandError: It is out of them.
    """
    if value is not None and not least <= value <= most:
        raise CommandError(f"{name} is {value}; expected a whole number from {least} to {most}")


def check_positive(name: str, value: float | None) -> None:
    """Refuse a number that is not above 0, or not finite; None is none.

    Raises:
        CommandError: It is not.
    """
    if value is not None and not 0 < value < math.inf:
        raise CommandError(f"{name} is {value}; expected a number above 0")


def check_different(name: str, files: Sequence[Path]) -> None:
    """Refuse files of which two have one name: what is said of them could not be told apart.

    Raises:
        CommandError: A name comes twice.
    """
    names = [file.stem for file in files]
    twice = sorted({one for one in names if names.count(one) > 1})
    if twice:
        raise CommandError(f"{name} names {twice[0]!r} twice; expected files of different names")


def check_seed_given(seed: int | None) -> None:
    """Refuse a seed that generators do not take; None is none.

    Raises:
        CommandError: It is below 0 or has more than 63 bits.
    """
    check_whole("--seed", seed, 0, MOST_SEED)


def check_amount(name: str, value: float | None, most: float) -> None:
    """Refuse an amount that is not finite and above 0; None is none.

    Raises:
        CommandError: It is out of bounds.
    """
    if value is not None and not (math.isfinite(value) and 0 < value <= most):
        raise CommandError(f"{name} is {value:g}; expected a number above 0, up to {most:g}")


def check_files(name: str, paths: Sequence[Path | None]) -> None:
    """Refuse files that are not there; None is none.

    Raises:
        CommandError: One does not exist, or is a folder.
    """
    for path in paths:
        if path is not None and not path.exists():
            raise CommandError(f"{name} is {path}, which does not exist; expected a file")
        if path is not None and path.is_dir():
            raise CommandError(f"{name} is {path}, which is a folder; expected a file")


def check_folders(name: str, paths: Sequence[Path | None]) -> None:
    """Refuse folders that are not there; None is none.

    Raises:
        CommandError: One does not exist, or is no folder.
    """
    for path in paths:
        if path is not None and not path.is_dir():
            what = "is not a folder" if path.exists() else "does not exist"
            raise CommandError(f"{name} is {path}, which {what}; expected a folder")


def check_roots(name: str, paths: Sequence[Path]) -> None:
    """Refuse roots of data that are neither a folder nor a manifest.

    Raises:
        CommandError: One does not exist, or is a file that does not end in .csv.
    """
    for path in paths:
        if not path.is_dir() and not (path.is_file() and path.suffix.lower() == ".csv"):
            what = "is not a folder" if path.exists() else "does not exist"
            raise CommandError(f"{name} is {path}, which {what}; expected a folder, or a manifest (.csv)")


def check_word(name: str, value: str | None, words: Sequence[str]) -> None:
    """Refuse a word that is none of some; None is none.

    Raises:
        CommandError: It is another one.
    """
    if value is not None and value not in words:
        raise CommandError(f"{name} is {value!r}; expected one of: {', '.join(words)}")
