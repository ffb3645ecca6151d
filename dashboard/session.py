"""Every session-state key and URL parameter, with its default, and the options of the command line."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import NamedTuple

import streamlit as st

PROJECT = Path(__file__).resolve().parent.parent


class Field(NamedTuple):
    """One thing that the user chooses: `key` names it in the session and, where `url` is true, in the address."""

    key: str
    default: object
    url: bool = True

    @property
    def widget(self) -> dict[str, str]:
        """Keyword arguments that tie a widget to it."""
        return {"key": self.key} | ({"bind": "query-params"} if self.url else {})


SUBJECT = Field("subject", None, url=False)
"""Also a URL parameter, but by name: a bound widget would put its whole label there."""

FUSION = Field("fusion", "CA")
CHECKPOINT = Field("checkpoint", None, url=False)
"""Also a URL parameter, by file name."""

SECOND_CHECKPOINT = Field("second", None, url=False)
"""Likewise."""

GATES_OF = Field("gates", "valence")
DROP_AUDIO = Field("drop_audio", False)
SHARE = Field("dropout", 40)
PATTERN = Field("pattern", "scattered")
SEED = Field("seed", 0)
SCORE = Field("score", "contribution")
SCALED = Field("scaled", True)
DEVICE = Field("device", None, url=False)
DATA_ROOTS = Field("data_roots", "", url=False)
FEATURES_FOLDER = Field("features_folder", "", url=False)
CHECKPOINTS_FOLDER = Field("checkpoints_folder", "", url=False)


class Options(NamedTuple):
    """What stands after `--` on the command line, as in `streamlit run dashboard/app.py -- --device cpu`.

    Attributes:
        data: Roots of the user's data.
        features: Their feature files, or None.
        checkpoints: Models, or None.
        plugins: Modules that register fusions.
        device: Where models run, or None.
        problem: What is wrong with the options, in one sentence, or "".
    """

    data: tuple[Path, ...] = ()
    features: Path | None = None
    checkpoints: Path | None = None
    plugins: tuple[str, ...] = ()
    device: str | None = None
    problem: str = ""


class Source(NamedTuple):
    """Folders of data that belong together: roots of a corpus, and the feature files of its subjects."""

    roots: tuple[Path, ...]
    features: Path


class Folders(NamedTuple):
    """Where the project's data lie.

    Attributes:
        sources: The user's data, where there are some, and then the embedded corpus.
        checkpoints: Models.
        cache: Copies of videos that browsers cannot play; IACA_CACHE.
    """

    sources: tuple[Source, ...]
    checkpoints: Path
    cache: Path


def options() -> Options:
    """The options of this run; none where they cannot be understood."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--data", nargs="+", type=Path, action="extend", default=[])
    parser.add_argument("--features", type=Path)
    parser.add_argument("--checkpoints", type=Path)
    parser.add_argument("--plugin", action="append", default=[])
    parser.add_argument("--device")
    try:
        values, unknown = parser.parse_known_args(sys.argv[1:])
    except argparse.ArgumentError as error:
        return Options(problem=f"The options after -- cannot be understood, so none of them holds: {error}.")
    known = "--data, --features, --checkpoints, --plugin, --device"
    problem = f"There is no option {unknown[0]} after --; expected any of: {known}." if unknown else ""
    return Options(
        tuple(values.data), values.features, values.checkpoints, tuple(values.plugin), values.device, problem
    )


def folders(given: Options) -> Folders:
    """The folders of this run.

    The first of these that names any data: the sidebar, `--data`. Its subjects come before those of the embedded
    corpus, in whose place the environment may put other roots (IACA_DATA, several joined as in PATH; IACA_FEATURES).
    Models: the sidebar, `--checkpoints`, IACA_CHECKPOINTS, else those of the project.

    Args:
        given: The options of the command line.

    Returns:
        The folders, whether they exist or not.
    """
    environment = os.environ
    home = tuple(Path(root) for root in environment.get("IACA_DATA", str(PROJECT / "demo")).split(os.pathsep))
    home_features = Path(environment.get("IACA_FEATURES", home[0] / "features"))
    roots = tuple(_path(line) for line in _typed(DATA_ROOTS).splitlines() if line.strip()) or given.data
    features = _path(_typed(FEATURES_FOLDER)) if _typed(FEATURES_FOLDER) else given.features
    if roots:
        sources = (Source(roots, features or roots[0] / "features"), Source(home, home_features))
    else:
        sources = (Source(home, features or home_features),)
    if "IACA_DATA" not in environment and not home[0].is_dir() and roots:
        sources = sources[:1]
    checkpoints = _typed(CHECKPOINTS_FOLDER) or given.checkpoints or environment.get("IACA_CHECKPOINTS")
    return Folders(
        sources,
        _path(str(checkpoints or PROJECT / "checkpoints")),
        Path(environment.get("IACA_CACHE", PROJECT / ".cache")),
    )


def _typed(field: Field) -> str:
    return st.session_state.get(field.key, "").strip()


def _path(text: str) -> Path:
    return Path(text.strip()).expanduser()


def asked(field: Field) -> str | None:
    """What the address asks for, or None."""
    return st.query_params.get(field.key)


def put_into_url(field: Field, value: str | None) -> None:
    """Keep the address on what is shown; None takes the parameter away."""
    if value is None:
        st.query_params.pop(field.key, None)
    elif st.query_params.get(field.key) != value:
        st.query_params[field.key] = value
