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

GATES_OF = Field("gates", "valence")
DROP_AUDIO = Field("drop_audio", False)
SHARE = Field("dropout", 40)
PATTERN = Field("pattern", "scattered")
SEED = Field("seed", 0)
SCORE = Field("score", "contribution")
SCALED = Field("scaled", True)
DEVICE = Field("device", None, url=False)

MODELS = ("ca", "ca_iaca")
"""Checkpoints that the page compares, by file name."""


class Folders(NamedTuple):
    """Where the project's data lie.

    Attributes:
        data: Roots of the corpora; environment variable IACA_DATA, several joined as in PATH.
        features: Feature files; IACA_FEATURES, or `features` in the first root.
        checkpoints: Models; IACA_CHECKPOINTS.
        cache: Copies of videos that browsers cannot play; IACA_CACHE.
    """

    data: tuple[Path, ...]
    features: Path
    checkpoints: Path
    cache: Path


def folders() -> Folders:
    """The folders of this run: those of the environment, else the embedded corpus and its models."""
    data = tuple(Path(root) for root in os.environ.get("IACA_DATA", str(PROJECT / "demo")).split(os.pathsep))
    features = Path(os.environ.get("IACA_FEATURES", data[0] / "features"))
    checkpoints = Path(os.environ.get("IACA_CHECKPOINTS", PROJECT / "checkpoints"))
    return Folders(data, features, checkpoints, Path(os.environ.get("IACA_CACHE", PROJECT / ".cache")))


def requested_device() -> str | None:
    """Device named after `--` on the command line (`streamlit run dashboard/app.py -- --device cpu`), or None."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--device")
    return parser.parse_known_args(sys.argv[1:])[0].device


def subject_of_url() -> str | None:
    """Subject that the address asks for, or None."""
    return st.query_params.get(SUBJECT.key)


def put_subject_into_url(name: str) -> None:
    """Keep the address on the subject that is shown."""
    if st.query_params.get(SUBJECT.key) != name:
        st.query_params[SUBJECT.key] = name
