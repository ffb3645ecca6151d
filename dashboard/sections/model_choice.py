"""Which models the page shows: the selectboxes Fusion and Checkpoint."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.sections.notices import attempt, literal
from dashboard.services import model_files, seed_models
from dashboard.services.first_views import FirstView
from dashboard.services.model_files import Candidate, Chosen, Shelf
from dashboard.state import address, session
from dashboard.state.known_files import is_there
from iaca.figures import palette

if TYPE_CHECKING:
    from collections.abc import Sequence


ANY_TWO = "any two checkpoints"
NONE = "none"
STYLES = (*palette.MODELS, *palette.FURTHER)
MOST_FURTHER = 10
"""Models besides the two that are compared: enough for two models of six seeds each."""

FITS = 28
"""Characters that a box of the sidebar shows whole."""


def choose_files(folder: Path, notices: list[str], first: FirstView | None = None) -> tuple[Candidate | None, ...]:
    """Ask for models of a folder: the two that are compared, either of which may be None, and further ones.

    Args:
        folder: Of checkpoints.
        notices: Gets what is wrong with its files.
        first: What to show until somebody chooses, where the folder has it.
    """
    shelf = model_files.shelf(folder)
    notices += shelf.problems
    if not shelf.models:
        return None, None
    pair = _choose_pair(shelf, notices, first)
    return (*pair, *_choose_further(shelf, pair))


def _choose_further(shelf: Shelf, pair: Sequence[Candidate | None]) -> list[Candidate]:
    files = {model.path.name: model for model in shelf.models}
    if len(files) <= len(pair):
        return []
    address.accept_spellings(session.MORE_MODELS, files, {Path(name).stem: name for name in files})
    chosen = st.multiselect(
        "Further models",
        files,
        max_selections=MOST_FURTHER,
        help=f"Up to {len(STYLES) - 2} more over the same clock: every row shows them too, each with a colour, a "
        "dash and a shape of its own. The difference is of two models alone. Seeds of one model can be shown as one, "
        f"and up to {MOST_FURTHER} files be chosen then.",
        **session.MORE_MODELS.widget,
    )
    return [files[name] for name in chosen if files[name] not in pair]


def _choose_pair(
    shelf: Shelf, notices: list[str], first: FirstView | None
) -> tuple[Candidate | None, Candidate | None]:
    fusions = {model_files.fusion_title(name): name for name in shelf.fusions}
    labels = [*fusions, ANY_TWO]
    address.accept_spellings(session.FUSION, labels, {name: label for label, name in fusions.items()})
    label = st.selectbox(
        "Fusion",
        labels,
        index=labels.index(model_files.fusion_title(_first_fusion(shelf, first))),
        help="A fusion without and with the gates of IACA; or any two checkpoints.",
        **session.FUSION.widget,
    )
    if label == ANY_TWO:
        return _choose_two(shelf)
    for field in (session.CHECKPOINT, session.SECOND_CHECKPOINT):
        address.put_into_url(field, None)
    fusion = fusions[label]
    pair = shelf.pair(fusion)
    if fusion != model_files.PUBLISHED:
        notices += _missing(shelf, fusion, pair)
    return pair


def load_models(
    files: Sequence[Candidate | None], device: str, notices: list[str], *, seeds: bool = False
) -> tuple[Chosen, ...]:
    """Those of the chosen models that can be loaded, and told apart: each has a style of its own.

    Args:
        files: Of the models, in order.
        device: Where they run.
        notices: What is wrong is added here.
        seeds: Whether models that differ in their seed alone are shown as one, and have one style.
    """
    there = [(place, file) for place, file in enumerate(files) if file is not None]
    found = [
        (place, model)
        for place, file in there
        if (model := attempt(partial(model_files.checkpoint, file.path, device), notices)) is not None
    ]
    # A model keeps its style where another one cannot be loaded.
    styles = {place: place for place, _ in found}
    if seeds:
        groups = seed_models.seed_groups([model for _, model in found])
        styles = {found[k][0]: number for number, group in enumerate(groups) for k in group}
    loaded = [(model, STYLES[styles[place]]) for place, model in found if styles[place] < len(STYLES)]
    if len(loaded) < len(found):
        notices.append(
            f"{len(found) - len(loaded)} of the chosen models are left out: {len(STYLES)} can be told apart. Seeds of "
            "one model count as one where they are shown as a band."
        )
    titles = [model.title for model, _ in loaded]
    return tuple(
        Chosen(model.title if titles.count(model.title) == 1 else f"{model.title} ({model.path.name})", model, style)
        for model, style in loaded
    )


def _first_fusion(shelf: Shelf, first: FirstView | None) -> str:
    """The fusion that is shown until somebody chooses: that of the first view where its pair is there."""
    for fusion in shelf.fusions if first is not None else ():
        stems = tuple(None if model is None else model.path.stem for model in shelf.pair(fusion))
        if first is not None and stems == (first.base, first.gated):
            return fusion
    return shelf.usual_fusion


def _missing(shelf: Shelf, fusion: str, pair: tuple[Candidate | None, Candidate | None]) -> list[str]:
    """A sentence where one of a pair is not there; a damaged file has its own."""
    base, gated = pair
    if base is None and gated is not None:
        name, shown, how = fusion, gated, "without"
    elif gated is None and base is not None:
        name, shown, how = f"{fusion}_iaca", base, "with"
    else:
        return []
    file = shelf.folder / f"{name}.safetensors"
    if is_there(file):
        return []
    return [f"{file} does not exist, so {shown.title} is shown alone; train one {how} --iaca to compare them."]


def _choose_two(shelf: Shelf) -> tuple[Candidate, Candidate | None]:
    files = {model.path.name: model for model in shelf.models}
    base, gated = shelf.default_pair
    defaults = [model.path.name for model in (base or gated, gated) if model]
    if (kept := session.last_view()) is not None and kept.models:
        defaults = [*(path.name for path in kept.models), NONE][:2]
    first = _select("Checkpoint", session.CHECKPOINT, files, list(files), defaults[:1])
    others = [NONE, *(name for name in files if name != first)]
    second = _select("Checkpoint, second", session.SECOND_CHECKPOINT, files, others, defaults[1:])
    return files[first], files.get(second)


def _select(
    label: str,
    field: session.Field,
    files: dict[str, Candidate],
    names: list[str],
    defaults: Sequence[str],
) -> str:
    asked = session.asked(field)
    wanted = (asked, *defaults)
    if asked is not None and asked not in names:
        address.report(f"Checkpoint {asked!r} in this link is not in the checkpoints folder; showing another one.")
    titles = {name: f"{files[name].title} · {name}" if name in files else name for name in names}
    chosen = st.selectbox(
        label,
        names,
        index=next((names.index(name) for name in wanted if name in names), 0),
        format_func=titles.__getitem__,
        help="Any fusion model in the checkpoints folder."
        + (f" Choose {NONE} to show one model." if NONE in names else ""),
        **field.widget,
    )
    if len(titles[chosen]) > FITS:
        st.caption(literal(titles[chosen]))  # the box cuts it
    address.put_into_url(field, chosen)
    return chosen
