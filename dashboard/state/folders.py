"""Folders that the page reads from, and the options of the command that started it."""

from __future__ import annotations

import argparse
import math
import os
import sys
from pathlib import Path
from typing import NamedTuple

import streamlit as st

from dashboard.state import visit
from dashboard.state.known_files import is_there
from dashboard.state.session import (
    CHECKPOINTS_FOLDER,
    DATA_ROOTS,
    FEATURES_FOLDER,
    RESULTS_FOLDER,
    SUBJECT,
    Field,
    asked,
)
from dashboard.state.visit_folders import folder_of
from iaca.logs import LEVELS
from iaca.resources import cache_folder, shipped

VISIT_QUOTA, UPLOAD_QUOTA, JOBS = 4.0, 20.0, 2
"""What is allowed unless it is said otherwise: GiB of a visit, GiB in all, extractions at a time."""


class Options(NamedTuple):
    """What stands after `--` on the command line, as in `streamlit run dashboard/app.py -- --device cpu`.

    Attributes:
        data: Roots of the user's data: folders, and manifests.
        features: Their feature files, or None.
        checkpoints: Models, or None.
        plugins: Modules that register fusions.
        results: The results of a study, or None.
        device: Where models run, or None.
        locked: Whether visitors are kept to the folders named here, and each to its own uploads.
        trust_network: Whether everybody who reaches the server may name folders.
        allow_host: Names of the host under which the page is asked for, besides its own.
        visit_quota: GiB that one visit may bring, with what is made from it.
        upload_quota: GiB that all uploads may take.
        jobs: Videos whose features are extracted at a time.
        log_level: What is logged: one of `iaca.logs.LEVELS`.
        log_json: Whether each line of the log is a JSON object.
        login: Whether visitors have to log in.
        allow_email: Addresses and domains of those who may.
        memory: GiB that what is kept for all visits may take, or None.
        problem: What is wrong with the options, in one sentence, or "".
    """

    data: tuple[Path, ...] = ()
    features: Path | None = None
    checkpoints: Path | None = None
    results: Path | None = None
    plugins: tuple[str, ...] = ()
    device: str | None = None
    locked: bool = False
    trust_network: bool = False
    allow_host: tuple[str, ...] = ()
    visit_quota: float = VISIT_QUOTA
    upload_quota: float = UPLOAD_QUOTA
    jobs: int = JOBS
    log_level: str = "warning"
    log_json: bool = False
    login: bool = False
    allow_email: tuple[str, ...] = ()
    memory: float | None = None
    problem: str = ""


class Source(NamedTuple):
    """Folders of data that belong together.

    Attributes:
        roots: Of a corpus.
        features: The feature files of its subjects.
        has_videos: Whether subjects have videos, so that one without is a problem.
    """

    roots: tuple[Path, ...]
    features: Path
    has_videos: bool = True


class Folders(NamedTuple):
    """Where the project's data lie.

    Attributes:
        sources: The user's data, where there are some, and then the embedded corpus.
        checkpoints: Models.
        cache: Copies of videos that browsers cannot play, films.
        locked: Whether no visitor can name others.
        own: Likewise of what a visitor brings. On a locked page it is the visit's alone, and goes with it.
    """

    sources: tuple[Source, ...]
    checkpoints: Path
    cache: Path
    locked: bool
    own: Path

    def cache_of(self, file: Path | None) -> Path:
        """Where what is made from a file is kept."""
        return self.own if file is not None and self.own in file.parents else self.cache


def read_options() -> Options:
    """The options of this run; none where they cannot be read."""
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, exit_on_error=False)
    parser.add_argument("--data", nargs="+", type=Path, action="extend", default=[])
    parser.add_argument("--features", type=Path)
    parser.add_argument("--checkpoints", type=Path)
    parser.add_argument("--results", type=Path)
    parser.add_argument("--plugin", action="append", default=[])
    parser.add_argument("--device")
    parser.add_argument("--locked", action="store_true")
    parser.add_argument("--trust-network", action="store_true")
    parser.add_argument("--allow-host", action="append", default=[])
    parser.add_argument("--visit-quota", type=float, default=VISIT_QUOTA)
    parser.add_argument("--upload-quota", type=float, default=UPLOAD_QUOTA)
    parser.add_argument("--jobs", type=int, default=JOBS)
    parser.add_argument("--log-level", choices=LEVELS, default="warning")
    parser.add_argument("--log-json", action="store_true")
    parser.add_argument("--memory", type=float)
    parser.add_argument("--login", action="store_true")
    parser.add_argument("--allow-email", action="append", default=[])
    try:
        values, unknown = parser.parse_known_args(sys.argv[1:])
    except argparse.ArgumentError as error:
        # What protects is kept: a page that was meant to be locked must not open over a mistake beside it.
        return Options(
            locked="--locked" in sys.argv[1:],
            login="--login" in sys.argv[1:],
            problem=f"The options after -- cannot be read and are all ignored: {error}.",
        )
    problem = ""
    for name, least in (("visit_quota", 0.0), ("upload_quota", 0.0), ("jobs", 1), ("memory", 0.0)):
        value = getattr(values, name)
        if value is not None and not (value >= least and value < math.inf):
            setattr(values, name, parser.get_default(name))
            problem = f"--{name.replace('_', '-')} is {value}; expected a number from {least:g}: the default holds."
    known = "--data, --features, --checkpoints, --results, --plugin, --device, --locked, --trust-network, --allow-host"
    if unknown:
        problem = f"There is no option {unknown[0]} after --; expected one of: {known}."
    return Options(
        data=tuple(values.data),
        features=values.features,
        checkpoints=values.checkpoints,
        results=values.results,
        plugins=tuple(values.plugin),
        device=values.device,
        locked=values.locked,
        trust_network=values.trust_network,
        allow_host=tuple(values.allow_host),
        visit_quota=values.visit_quota,
        upload_quota=values.upload_quota,
        jobs=values.jobs,
        log_level=values.log_level,
        log_json=values.log_json,
        login=values.login,
        allow_email=tuple(values.allow_email),
        memory=values.memory,
        problem=problem,
    )


def find_folders(given: Options) -> Folders:
    """The folders of this run.

    The first of these that names any data: the sidebar, `--data`, IACA_DATA (several roots joined as in PATH); their
    features likewise, with IACA_FEATURES. Its subjects come before those of the demo (elsewhere with IACA_DEMO).
    Models: the sidebar, `--checkpoints`, IACA_CHECKPOINTS, else those that ship. With `--locked`, no sidebar.

    Args:
        given: The options of the command line.

    Returns:
        The folders, whether they exist or not.
    """
    environment = os.environ
    demo = Path(environment.get("IACA_DEMO", shipped("demo")))
    named = tuple(_path(root) for root in environment.get("IACA_DATA", "").split(os.pathsep) if root.strip())
    roots = tuple(_path(line) for line in _typed(DATA_ROOTS, given).splitlines() if line.strip()) or given.data or named
    typed = _typed(FEATURES_FOLDER, given) or given.features or environment.get("IACA_FEATURES")
    features = _path(str(typed)) if typed else None
    sources: tuple[Source, ...] = (Source((demo,), features or demo / "features"),)
    if roots:
        beside = roots[0].parent if os.path.isfile(roots[0]) else roots[0]  # a manifest
        sources = (Source(roots, features or beside / "features"),)
        if is_there(demo):
            sources += (Source((demo,), demo / "features"),)
    wanted, study = asked(SUBJECT), demo / "study"
    if wanted and Path(wanted).name == wanted and is_there(study / f"{wanted}.safetensors"):
        # Subjects of the study have no videos: they are listed only for who comes from its results.
        sources = (*sources, Source((study,), study, has_videos=False))
    return Folders(
        sources,
        checkpoints_folder(given, _typed(CHECKPOINTS_FOLDER, given)),
        cache_folder(),
        given.locked,
        folder_of(visit.current()) if given.locked else cache_folder(),
    )


def checkpoints_folder(given: Options, typed: str = "") -> Path:
    """Where models lie: typed on the page, `--checkpoints`, IACA_CHECKPOINTS, else those that ship."""
    return _path(str(typed or given.checkpoints or os.environ.get("IACA_CHECKPOINTS") or shipped("checkpoints")))


def results_folder() -> Path:
    """Where the results of a study lie: typed on the page, `--results`, IACA_RESULTS, else those of the demo."""
    demo = Path(os.environ.get("IACA_DEMO", shipped("demo")))
    given = read_options()
    wanted = _typed(RESULTS_FOLDER, given) or given.results or os.environ.get("IACA_RESULTS")
    return _path(str(wanted or demo / "results"))


def _typed(field: Field, given: Options) -> str:
    """What a visitor has typed; nothing on a locked page, whatever the browser sends."""
    return "" if given.locked else st.session_state.get(field.key, "").strip()


def _path(text: str) -> Path:
    return Path(os.path.expanduser(text.strip()))  # a name that only looks like a home stays as it is
