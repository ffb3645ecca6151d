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
    def section(self) -> dict[str, str]:
        """Keyword arguments that tie an expander to it, so that the page knows whether it is open."""
        return self.widget | {"on_change": "rerun"}

    @property
    def widget(self) -> dict[str, str]:
        """Keyword arguments that tie a widget to it."""
        return {"key": self.key} | ({"bind": "query-params"} if self.url else {})


SUBJECT = Field("subject", None, url=False)
"""Also a URL parameter, but by name: a bound widget would put its whole label there."""

FRAME = Field("frame", None, url=False)
"""URL parameter alone, which the player keeps: the frame at the cursor, from 0."""

RANGE = Field("range", None, url=False)
"""Likewise: first and last frame of the brushed range, as in 120-340."""

ROWS = Field("rows", None, url=False)
"""Likewise: how the rows of a link are arranged, as the player writes it."""

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
MOMENTS = Field("moments", False)
MOMENT_KINDS = Field("kinds", None)
MOMENT_SCOPE = Field("in", "this subject")
ATTENTION = Field("attention", False)
ATTENTION_OF = Field("map", "audio")
WHAT_IF = Field("what_if", False)
FACE_SHARE = Field("face_dropout", 0)
FACE_PATTERN = Field("face_pattern", "scattered")
NOISE = Field("noise", "none")
SNR = Field("snr", 10)
BLUR = Field("blur", 0.0)
SPOILT_SPAN = Field("spoilt", "whole video")
TEMPERATURE = Field("temperature", "as trained")
STAGE_1 = Field("stage1", "as the gate says")
STAGE_2 = Field("stage2", "as the gate says")
SCORE = Field("score", "contribution")
SCALED = Field("scaled", True)
DEVICE = Field("device", None, url=False)
DATA_ROOTS = Field("data_roots", "", url=False)
FEATURES_FOLDER = Field("features_folder", "", url=False)
CHECKPOINTS_FOLDER = Field("checkpoints_folder", "", url=False)
ROBUST_MODELS = Field("models", None)
ROBUST_MISSING = Field("missing", "audio")
ROBUST_PATTERN = Field("missing_pattern", "scattered")
ROBUST_SUBJECTS = Field("missing_of", None)
RESULTS_FOLDER = Field("results_folder", "", url=False)
TYPED = (DATA_ROOTS, FEATURES_FOLDER, CHECKPOINTS_FOLDER, RESULTS_FOLDER)
"""Fields for folders: they outlast a visit to another page."""

RESULTS_REGIME = Field("regime", "extensions")
RESULTS_FRAMES = Field("frames_of", "all")


BOUND = tuple(field for field in list(globals().values()) if isinstance(field, Field) and field.url)
"""Fields whose widgets Streamlit ties to the address."""

RANGES = "ranges"
"""Key of the session alone: subject -> first and last frame of its brushed range, or None."""

LAST_VIEW = "last_view"
"""Key of the session alone: what was looked at last, for the other pages."""

SUBJECT_BOX = "subject_box"
"""Likewise: the key of the selectbox Subject, which is another one with other models and scores."""


class LastView(NamedTuple):
    """What was looked at last: a subject's name, files of models, and where they ran."""

    subject: str
    models: tuple[Path, ...]
    device: str


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

    The first of these that names any data: the sidebar, `--data`, IACA_DATA (several roots joined as in PATH); their
    features likewise, with IACA_FEATURES. Its subjects come before those of the embedded corpus (elsewhere with
    IACA_DEMO).
    Models: the sidebar, `--checkpoints`, IACA_CHECKPOINTS, else those of the project.

    Args:
        given: The options of the command line.

    Returns:
        The folders, whether they exist or not.
    """
    environment = os.environ
    demo = Path(environment.get("IACA_DEMO", PROJECT / "demo"))
    named = tuple(_path(root) for root in environment.get("IACA_DATA", "").split(os.pathsep) if root.strip())
    roots = tuple(_path(line) for line in _typed(DATA_ROOTS).splitlines() if line.strip()) or given.data or named
    typed = _typed(FEATURES_FOLDER) or given.features or environment.get("IACA_FEATURES")
    features = _path(str(typed)) if typed else None
    if not roots:
        sources = (Source((demo,), features or demo / "features"),)
    else:
        sources = (Source(roots, features or roots[0] / "features"), Source((demo,), demo / "features"))
        sources = sources if demo.is_dir() else sources[:1]
    wanted, study = asked(SUBJECT), demo / "study"
    if wanted and Path(wanted).name == wanted and (study / f"{wanted}.safetensors").is_file():
        # Subjects of the study have no videos: they are listed only for who comes from its results.
        sources = (*sources, Source((study,), study))
    checkpoints = _typed(CHECKPOINTS_FOLDER) or given.checkpoints or environment.get("IACA_CHECKPOINTS")
    return Folders(
        sources,
        _path(str(checkpoints or PROJECT / "checkpoints")),
        Path(environment.get("IACA_CACHE", PROJECT / ".cache")),
    )


def keep_typed() -> None:
    """Keep what was typed on a page while another one is shown: Streamlit forgets widgets that are not drawn."""
    for field in TYPED:
        if field.key in st.session_state:
            st.session_state[field.key] = st.session_state[field.key]


def results_folder() -> Path:
    """Where the results of a study lie: typed on the page, IACA_RESULTS, else those of the embedded corpus."""
    demo = Path(os.environ.get("IACA_DEMO", PROJECT / "demo"))
    return _path(_typed(RESULTS_FOLDER) or os.environ.get("IACA_RESULTS", "") or str(demo / "results"))


def _typed(field: Field) -> str:
    return st.session_state.get(field.key, "").strip()


def _path(text: str) -> Path:
    return Path(os.path.expanduser(text.strip()))  # a name that only looks like a home stays as it is


def remember(view: LastView) -> None:
    """Keep what is looked at for the other pages."""
    st.session_state[LAST_VIEW] = view


def last_view() -> LastView | None:
    """What was looked at last in this visit, or None."""
    return st.session_state.get(LAST_VIEW)


def keep_range(subject: str, frames: tuple[int, int] | None) -> None:
    """Keep the brushed range of a subject, for when the player is mounted anew and has not reported yet."""
    st.session_state.setdefault(RANGES, {})[subject] = frames


def kept_range(subject: str) -> tuple[int, int] | None:
    """First and last frame of the range that was brushed last on a subject in this visit, or None."""
    return st.session_state.get(RANGES, {}).get(subject)


def asked(field: Field) -> str | None:
    """What the address asks for, or None."""
    return st.query_params.get(field.key)


def is_set(field: Field) -> bool:
    """Whether the session or the address has another value than the default."""
    return asked(field) is not None or st.session_state.get(field.key, field.default) != field.default
