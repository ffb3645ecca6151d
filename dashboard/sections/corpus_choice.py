"""What the page Corpus shows: with which change, and whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, NoReturn

import pandas as pd
import streamlit as st

from dashboard.sections import what_if
from dashboard.sections.model_choice import ANY_TWO
from dashboard.sections.what_if_values import (
    BRUSHED,
    LARGEST_SEED,
    LARGEST_SHARE,
    NOTCH,
    PATTERNS,
    Values,
    chosen_values,
)
from dashboard.services import model_files
from dashboard.services.model_files import Chosen, Shelf
from dashboard.state import address, session
from iaca.config import TARGETS, WhatIf

NO_SPLIT, NO_CONDITION = "no split", "no condition"
SUBJECTS, GATES, EVENTS = "subjects", "gates", "events"
Box = tuple[float, float, float, float]
"""Left, right, bottom and top of what is brushed, CCC."""

WITHOUT_RANGE = [name for name in PATTERNS if name != BRUSHED]


class Choice(NamedTuple):
    """Whom the page shows, and how.

    Attributes:
        view: SUBJECTS, GATES or EVENTS.
        target: valence or arousal.
        conditions: Those that are shown; empty for all.
        splits: Likewise.
        text: Part of the names of subjects that are shown, or "".
        box: What is brushed on the scatter, or None.
    """

    view: str
    target: str
    conditions: tuple[str, ...]
    splits: tuple[str, ...]
    text: str
    box: Box | None

    def holds(self, table: pd.DataFrame) -> pd.Series:
        """(rows) bool: whom of a table it lists."""
        shown = pd.Series(True, table.index)
        if self.conditions:
            shown &= table["condition"].map(shown_condition).isin(self.conditions)
        if self.splits:
            shown &= table["split"].replace("", NO_SPLIT).isin(self.splits)
        if self.text:
            shown &= table["subject"].str.contains(self.text, case=False, regex=False)
        return shown

    def holds_in_box(self, table: pd.DataFrame) -> pd.Series:
        """Likewise, and inside of what is brushed."""
        shown = self.holds(table)
        if self.box is not None:
            left, right, bottom, top = self.box
            shown &= table["ccc_base"].between(left, right) & table["ccc_gated"].between(bottom, top)
        return shown


def take_over(shelf: Shelf) -> None:
    """On arrival from Compare without a link, begin with its models and What if; call it before the first widget."""
    mine = (session.FUSION, session.CORPUS_VIEW, *session.DROPOUT_FIELDS, *session.WHAT_IF_FIELDS)
    if {field.key for field in mine} & {*st.session_state.keys(), *st.query_params.keys()}:
        return
    seen = session.last_view()
    usual, kept = Values()._asdict(), st.session_state.get(session.LAST_WHAT_IF, {})
    wanted = {key: text for key, text in kept.items() if text not in (usual.get(key), BRUSHED)}
    if seen is not None and seen.models:
        wanted[session.FUSION.key] = fusion_of(shelf, [path.name for path in seen.models])
    st.session_state.update(wanted)


def fusion_of(shelf: Shelf, names: Sequence[str]) -> str:
    """The choice of the box Fusion that shows models, by the names of their files."""
    for fusion in shelf.fusions:
        if [model.path.name for model in shelf.pair(fusion) if model is not None] == list(names):
            return model_files.fusion_title(fusion)
    return ANY_TWO


def choose_change() -> WhatIf:
    """Ask what is changed for every subject: dropout and gates; noise and blur would have all extracted anew."""
    with st.popover("What if", icon=":material/tune:", width="content"):
        st.caption("For every subject, as on Compare. Noise and blur are tried there, on one subject.")
        on = st.toggle("Drop audio", session.DROP_AUDIO.default, **session.DROP_AUDIO.widget)
        st.slider(
            "Audio dropout (%)", 0, LARGEST_SHARE, session.SHARE.default, NOTCH, disabled=not on, **session.SHARE.widget
        )
        st.selectbox("Pattern", WITHOUT_RANGE, disabled=not on, **session.PATTERN.widget)
        st.slider(
            "Visual dropout (%)", 0, LARGEST_SHARE, session.FACE_SHARE.default, NOTCH, **session.FACE_SHARE.widget
        )
        st.selectbox("Visual pattern", WITHOUT_RANGE, **session.FACE_PATTERN.widget)
        st.number_input("Seed", 0, LARGEST_SEED, session.SEED.default, 1, **session.SEED.widget)
        what_if.choose_gates()
        st.button("Reset", on_click=what_if.reset, icon=":material/undo:")
    values = chosen_values()
    st.session_state[session.LAST_WHAT_IF] = values._asdict()
    return WhatIf(dropouts=values.dropouts(None), gates=values.gates)


def choose(conditions: Sequence[str], splits: Sequence[str]) -> Choice:
    """Ask whom to show; a line of controls.

    Args:
        conditions: Of the corpus.
        splits: Of the corpus.
    """
    view = st.segmented_control(
        "View", (SUBJECTS, GATES, EVENTS), default=SUBJECTS, required=True,
        **session.CORPUS_VIEW.widget,
    )  # fmt: skip
    target = TARGETS[0]
    if view != EVENTS:  # whose conditions name their targets
        target = st.segmented_control("Target", TARGETS, default=target, required=True, **session.CORPUS_TARGET.widget)
    chosen: dict[str, tuple[str, ...]] = {}
    for label, field, options in (
        ("Condition", session.CORPUS_CONDITIONS, list(map(shown_condition, conditions))),
        ("Split", session.CORPUS_SPLITS, [split or NO_SPLIT for split in splits]),
    ):  # fmt: skip
        chosen[field.key] = ()
        if len(options) > 1:
            chosen[field.key] = tuple(
                st.multiselect(
                    label, options, placeholder="all",
                    width=150, **field.widget,
                )
            )  # fmt: skip
    text = st.text_input("Name contains", placeholder="any", width=110, **session.CORPUS_TEXT.widget)
    return Choice(
        view,
        target,
        chosen[session.CORPUS_CONDITIONS.key],
        chosen[session.CORPUS_SPLITS.key],
        text.strip(),
        asked_box(),
    )


def shown_condition(name: str) -> str:
    """A condition as the page spells it."""
    return name.replace("_", " ") or NO_CONDITION


def asked_box() -> Box | None:
    """What is brushed, by the address; None, and a sentence is reported, where it cannot be read."""
    text = session.asked(session.CORPUS_BOX)
    if text is None:
        return None
    try:
        left, right, bottom, top = map(float, text.split(","))
    except ValueError:
        left, right, bottom, top = 1.0, 0.0, 0.0, 0.0
    if not (left < right and bottom < top):
        address.put_into_url(session.CORPUS_BOX, None)
        address.report(
            "The box in this link cannot be read; expected left, right, bottom and top, as in 0.1,0.5,0.2,0.6."
        )
        return None
    return left, right, bottom, top


def put_box(box: Box | None) -> None:
    """Keep the address on what is brushed."""
    text = None if box is None else ",".join(f"{value:.4g}" for value in box)
    address.put_into_url(session.CORPUS_BOX, text)


def open_on_compare(
    subject: str,
    frame: int | None,
    models: Sequence[Chosen],
    shelf: Shelf,
    more: Mapping[str, str | list[str]] | None = None,
) -> NoReturn:
    """Go to Compare, with these models and what is changed here.

    Args:
        subject: Whom.
        frame: Where to; None for the start.
        models: Those that are shown: the two that are compared first.
        shelf: Where they come from.
        more: What the address of Compare has besides, or None.
    """
    names, further = [model.path.name for model in models[:2]], [model.path.name for model in models[2:]]
    fusion, usual = fusion_of(shelf, names), Values()._asdict()
    changed = {key: one for key, one in chosen_values()._asdict().items() if one != usual[key]}
    is_open = any(field.key in changed for field in session.WHAT_IF_FIELDS)
    session.hand_over({session.FUSION.key: fusion, **changed, **({session.WHAT_IF.key: True} if is_open else {})})
    link: dict[str, str | list[str]] = {session.SUBJECT.key: subject, **(more or {})}
    if frame is not None:
        link[session.FRAME.key] = str(frame)
    if further:
        link[session.MORE_MODELS.key] = further
    if fusion == ANY_TWO:
        link |= dict(zip((session.CHECKPOINT.key, session.SECOND_CHECKPOINT.key), names, strict=False))
    st.switch_page("app_pages/compare.py", query_params=link)
