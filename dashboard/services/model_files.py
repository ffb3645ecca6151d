"""Models for the pages: those in a folder are listed without loading them; each is loaded once and kept."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import streamlit as st
from safetensors import SafetensorError, safe_open

from dashboard.services.memory import keep
from dashboard.state.known_files import known_state, shown_state
from iaca.checkpoints import Checkpoint, load_checkpoint
from iaca.checkpoints.tensor_files import FUSION, HEADER_KEY
from iaca.checkpoints.torch_files import is_torch_file
from iaca.config import ConfigError, FusionConfig, Gate
from iaca.data.recordings import natural_key
from iaca.errors import InputError
from iaca.figures import palette
from iaca.files import FileState
from iaca.headers import parse_json
from iaca.inference.placing import load_where_it_fits
from iaca.models.fusions.registry import fusion_names, model_title
from iaca.plugins import ENVIRONMENT_VARIABLE, load_plugins

USUAL_FUSION = FusionConfig().fusion
"""What is shown first, where a folder has it."""

PUBLISHED = "published"
"""Stands for the fusion of the authors' networks, whose kind is known once they are loaded."""

PUBLISHED_ENDINGS = (".pt", ".pth")


class Candidate(NamedTuple):
    """A file that holds a fusion model.

    Attributes:
        path: The file.
        title: What to call the model: CA, CA+IACA, ..., or "published".
        fusion: Its fusion, or "published".
        iaca: Whether it has the gates.
    """

    path: Path
    title: str
    fusion: str
    iaca: bool


class Shelf(NamedTuple):
    """A folder of checkpoints: its fusion models in natural order, and a sentence for each file that is damaged."""

    folder: Path
    models: tuple[Candidate, ...]
    problems: tuple[str, ...]

    @property
    def fusions(self) -> tuple[str, ...]:
        """The fusions that are there: those that are known, in their order; plugins not named; published networks."""
        found = {model.fusion for model in self.models}
        known = fusion_names()
        unknown = sorted(found - {*known, PUBLISHED})
        return tuple(name for name in (*known, *unknown, PUBLISHED) if name in found)

    @property
    def usual_fusion(self) -> str:
        """The fusion that is shown first: the usual one where it is there, else the first."""
        return USUAL_FUSION if USUAL_FUSION in self.fusions else self.fusions[0]

    @property
    def default_pair(self) -> tuple[Candidate | None, Candidate | None]:
        """The models of the usual fusion, which pages show first."""
        return self.pair(self.usual_fusion) if self.fusions else (None, None)

    def pair(self, fusion: str) -> tuple[Candidate | None, Candidate | None]:
        """Base and base+IACA of a fusion: the files `ca` and `ca_iaca`, or else the first of their kind by name.

        For published networks: the first two by name.
        """
        same = [model for model in self.models if model.fusion == fusion]
        if fusion == PUBLISHED:
            return same[0], same[1] if len(same) > 1 else None
        base, gated = ([model for model in same if model.iaca is iaca] for iaca in (False, True))
        return _preferred(base, fusion), _preferred(gated, f"{fusion}_iaca")


def shelf(folder: Path) -> Shelf:
    """The fusion models of a folder, by their headers alone; backbones are passed over."""
    files = _weight_files(shown_state(folder))
    if files is None:
        return Shelf(folder, (), (f"{folder} does not exist; expected a folder of checkpoints.",))
    found = [_candidate(known_state(file)) for file in files]
    models = tuple(one for one in found if isinstance(one, Candidate))
    problems = [one for one in found if isinstance(one, str)]
    if not models and not problems:
        problems.append(f"{folder} contains no fusion models; run `python -m iaca train` to create one.")
    return Shelf(folder, models, tuple(problems))


@lru_cache(maxsize=64)
def _weight_files(folder: FileState) -> list[Path] | None:
    """Files of weights in natural order; None where there is no such folder."""
    if not os.path.isdir(folder.path):
        return None
    endings = (".safetensors", *PUBLISHED_ENDINGS)
    files = [file for file in Path(folder.path).iterdir() if file.suffix in endings and not file.name.startswith(".")]
    return sorted(files, key=lambda file: natural_key(file.name))


@lru_cache(maxsize=1024)
def _candidate(file: FileState) -> Candidate | str | None:
    """A model, what is wrong with a damaged file, or None for a file of another kind."""
    path = Path(file.path)
    try:
        if path.suffix in PUBLISHED_ENDINGS:
            return Candidate(path, PUBLISHED, PUBLISHED, False) if is_torch_file(path) else _reason(path)
        with safe_open(path, framework="np") as content:
            header = parse_json((content.metadata() or {}).get(HEADER_KEY, "{}"))
        if header.get("kind") != FUSION:
            return None
        given = header["config"]
        config = FusionConfig(fusion=given["fusion"], iaca=given["iaca"], gate=given.get("gate", Gate.LEARNED))
    except (SafetensorError, OSError):
        return _reason(path)
    except (ValueError, KeyError, TypeError, AttributeError, ConfigError):
        return f"{path} has a damaged header; expected a checkpoint that `python -m iaca train` wrote."
    return Candidate(path, model_title(config.fusion, config.iaca, config.gate), config.fusion, config.iaca)


def _reason(path: Path) -> str:
    try:
        load_checkpoint(path)
    except (InputError, OSError) as error:
        return str(error)
    return f"{path} changed while it was read; reload the page."


def _preferred(models: list[Candidate], name: str) -> Candidate | None:
    return next((model for model in models if model.path.stem == name), models[0] if models else None)


def fusion_title(fusion: str) -> str:
    """What to call a fusion in a list."""
    return "published networks" if fusion == PUBLISHED else model_title(fusion)


def plugin_problem(modules: tuple[str, ...]) -> str:
    """Import the plugins once for all sessions.

    Args:
        modules: Those that the command line names; IACA_PLUGINS and installed packages may name more.

    Returns:
        Why one could not be imported, in a sentence, or "".
    """
    return _plugin_problem(modules, os.environ.get(ENVIRONMENT_VARIABLE, ""))


@st.cache_resource(show_spinner=False)
def _plugin_problem(modules: tuple[str, ...], environment: str) -> str:
    try:
        load_plugins(modules)
    except InputError as error:
        return str(error)
    return ""


@keep
def load(file: FileState, device: str) -> Checkpoint:
    """A model on a device, or on the CPU where its memory is short, by the state of its file."""
    return load_where_it_fits(file.path, device)


def checkpoint(path: Path, device: str) -> Checkpoint:
    """A model on a device.

    Raises:
        InputError: The file is missing, damaged or no fusion model, or needs a plugin.
    """
    return load(shown_state(path), device)


class Chosen(NamedTuple):
    """A model that the page shows.

    Attributes:
        title: What to call it; no other chosen model is called so.
        checkpoint: The model.
        style: How it is drawn: by its place in the choice, also where the other cannot be loaded.
    """

    title: str
    checkpoint: Checkpoint
    style: palette.Style

    @property
    def path(self) -> Path:
        """Its file."""
        return self.checkpoint.path
