"""What the page Robustness shows: which models, which missing clips, and whose."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd
import streamlit as st

from dashboard.sections.page import last_seen_models
from dashboard.services.model_files import Candidate, Shelf
from dashboard.state import address, session
from iaca.config import AUDIO, VISUAL

STUDY, ALL = "the study's validation subjects", "all shown subjects"
MODALITIES = {"audio": AUDIO, "visual": VISUAL}
PATTERNS = ("scattered", "block")
AT_MOST = 8
"""Models that can be told apart in a chart."""

CHOSEN = "_robustness"
"""Session key: what was chosen when the page was left."""


class Choice(NamedTuple):
    """What the page shows.

    Attributes:
        models: Titles.
        missing: A key of `MODALITIES`.
        pattern: Which clips are missing, one of `PATTERNS`.
        of: STUDY, ALL, or the name of a subject.
    """

    models: tuple[str, ...]
    missing: str
    pattern: str
    of: str


def title_files(shelf: Shelf) -> dict[str, Candidate]:
    """Title -> model; those of one title are told apart by their files."""
    titles = [model.title for model in shelf.models]
    return {
        model.title if titles.count(model.title) == 1 else f"{model.title} ({model.path.name})": model
        for model in shelf.models
    }


def choose(files: dict[str, Candidate], shelf: Shelf, subjects: Sequence[str], stored: pd.DataFrame) -> Choice:
    """Ask what is shown.

    Args:
        files: Title -> model.
        shelf: Where they come from.
        subjects: Names of the subjects that have features.
        stored: Curves of the study; may be empty.
    """
    kept: Choice | None = st.session_state.get(CHOSEN)
    titles = list(files)
    wanted = kept.models if kept else _first_models(files, shelf)
    names = {
        f"{model.fusion}{'+IACA' * model.iaca}": title
        for title, model in files.items()
        if not model.iaca or model.title.endswith("+IACA")
    }
    address.accept_spellings(session.ROBUST_MODELS, titles, names)
    whose = [*([STUDY] if len(stored) else []), *([ALL, *subjects] if subjects else [])]
    first: dict[session.Field, str | list[str]] = {
        session.ROBUST_MODELS: [title for title in wanted if title in titles]
    }
    if kept:
        first |= {session.ROBUST_MISSING: kept.missing, session.ROBUST_PATTERN: kept.pattern}
        if kept.of in subjects:  # all others are what is shown first, or have a label of their own
            first[session.ROBUST_SUBJECTS] = kept.of
    address.begin_with(first)
    models = st.multiselect(
        "Models",
        titles,
        max_selections=AT_MOST,
        help="Fusion models in the checkpoints folder. Models with the same fusion share a chart.",
        **session.ROBUST_MODELS.widget,
    )
    left, middle, right = st.columns([1, 1.2, 2])
    with left:
        missing = st.segmented_control(
            "Missing", list(MODALITIES), required=True,
            help="What the clips lose. The backbone's output for an input of zeros takes the place of their features.",
            **session.ROBUST_MISSING.widget_among(list(MODALITIES)),
        )  # fmt: skip
    with middle:
        pattern = st.segmented_control(
            "Pattern", PATTERNS, required=True,
            help="Scattered: clips at random places. Block: consecutive clips.",
            **session.ROBUST_PATTERN.widget_among(PATTERNS),
        )  # fmt: skip
    with right:
        of = st.selectbox(
            "Subjects",
            whose,
            format_func=lambda one: {STUDY: f"{STUDY} (stored)", ALL: f"all {len(subjects)} shown subjects"}.get(
                one, one
            ),
            help="The study's curves are stored and shown at once. All others are computed now.",
            **session.ROBUST_SUBJECTS.widget,
        )
    choice = Choice(tuple(models) if of else (), missing, pattern, of)
    st.session_state[CHOSEN] = choice
    return choice


def _first_models(files: dict[str, Candidate], shelf: Shelf) -> list[str]:
    """Titles of the models that Compare showed last, or would show first."""
    first = last_seen_models(shelf)
    return [title for title, model in files.items() if model in first]
