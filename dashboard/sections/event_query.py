"""What is searched for: conditions in a form, in the session and in the address, for the pages Corpus and Compare."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import streamlit as st

from dashboard.services import event_search
from dashboard.services.event_search import (
    CHOICES,
    COLUMNS,
    LONGEST_S,
    MOST_CONDITIONS,
    NUMBER_COMPARISONS,
    WORD_COMPARISONS,
    Condition,
    EventError,
    Query,
)
from dashboard.services.model_files import Chosen
from dashboard.state import address, session
from iaca.config import TARGETS

ROWS = "_event_rows"
"""Session key: number of a row of the form -> its condition."""

NUMBERED = "_event_numbered"
"""Session key: how many rows there have ever been, so that each has widgets of its own."""

HIDDEN = "_event_hidden"
"""Session key: whether Compare leaves out what is searched for."""

LASTING = "event_lasting"
MODEL = "event_model"
FIRST_S = 1.0
"""Shortest hit at first, seconds."""

STEP = 0.05
TITLES = {
    "face": "face (known episodes)",
    "voice": "voice (known episodes)",
    "has_face": "a face is seen",
    "has_audio": "there is sound",
    "audio_dropped": "audio dropped",
    "visual_dropped": "visual dropped",
    "interpolated": "between two clips",
    "pts_s": "time (s)",
    "frame": "frame number",
}
QUANTITIES = {
    "": "prediction",
    "truth": "annotation",
    "error": "distance from the annotation",
    "relationship": "relationship of audio and visual",
    "audio_contribution": "attention score (contribution), audio",
    "visual_contribution": "attention score (contribution), visual",
    "audio_received": "attention score (received), audio",
    "visual_received": "attention score (received), visual",
    "stage1_audio_self": "stage 1, audio, self-attended",
    "stage1_audio_cross": "stage 1, audio, cross-attended",
    "stage1_visual_self": "stage 1, visual, self-attended",
    "stage1_visual_cross": "stage 1, visual, cross-attended",
    "stage2_audio": "stage 2, audio",
    "stage2_visual": "stage 2, visual",
    "stage2_joint": "stage 2, joint",
    "audio_influence": "influence of audio",
    "visual_influence": "influence of visual",
    "interaction": "interaction of audio and visual",
    "without_both": "prediction without both",
}
"""What a column is of a target, by its name without it."""

HELP = (
    "All conditions have to be met in the same frames, for at least so long. Missing data is never a hit: a value that "
    "is not there, and frames without a face or sound unless a condition is on these themselves. The known episodes "
    "are those of a synthetic corpus; nothing is known of real people, not even that they are clean."
)


class Asked(NamedTuple):
    """What is searched for.

    Attributes:
        conditions: All of them have to be met.
        at_least_s: Shortest hit, seconds.
        model: Name of the file of the model whose curves are searched, or None for the last that is shown.
    """

    conditions: tuple[Condition, ...]
    at_least_s: float = FIRST_S
    model: str | None = None

    def query(self, threshold: float) -> Query:
        """As it is computed, with the influence from which a modality counts."""
        return Query(self.conditions, self.at_least_s, threshold)

    def model_of(self, models: Sequence[Chosen]) -> Chosen:
        """The model among those that are shown, at least one; the last of the first two where it is not among them."""
        return next((one for one in models if one.path.name == self.model), models[:2][-1])

    @property
    def words(self) -> str:
        """In words."""
        lasting = f", for {self.at_least_s:g} s or longer" if self.at_least_s else ""
        return " and ".join(map(in_words, self.conditions)) + lasting


def title_of(column: str) -> str:
    """A column as the page calls it."""
    if column in TITLES:
        return TITLES[column]
    target = next(target for target in TARGETS if column.startswith(target))
    return f"{target}: {QUANTITIES[column.removeprefix(target).removeprefix('_')]}"


def in_words(condition: Condition) -> str:
    """A condition as the page says it."""
    value = condition.value if isinstance(condition.value, str) else f"{condition.value:g}".replace("-", "−")
    return f"{title_of(condition.column)} {condition.comparison} {value}"


def current() -> Asked | None:
    """What is searched for in this visit: as it was kept, else as the address has it; None for nothing."""
    if st.session_state.get(session.EVENT_SEARCH) is None:
        st.session_state[session.EVENT_SEARCH] = _read_address()
    return st.session_state[session.EVENT_SEARCH]


def on_compare() -> Asked | None:
    """What Compare shows the hits of, and keeps its address on; None for nothing."""
    asked = None if st.session_state.get(HIDDEN) else current()
    _put_into_url(asked)
    return asked


def show_on_compare(is_shown: bool) -> None:
    """Have Compare show the hits, or leave them out."""
    st.session_state[HIDDEN] = not is_shown


def _put_into_url(asked: Asked | None) -> None:
    where = [] if asked is None else [str(one) for one in asked.conditions]
    if where and st.query_params.get_all(session.EVENT_WHERE.key) != where:
        st.query_params[session.EVENT_WHERE.key] = where
    elif not where:
        address.put_into_url(session.EVENT_WHERE, None)
    address.put_into_url(session.EVENT_FOR, None if asked is None else f"{asked.at_least_s:g}")
    address.put_into_url(session.EVENT_MODEL, None if asked is None else asked.model)


def link(asked: Asked) -> dict[str, str | list[str]]:
    """What it is in the address of another page."""
    found: dict[str, str | list[str]] = {
        session.EVENT_WHERE.key: [str(one) for one in asked.conditions], session.EVENT_FOR.key: f"{asked.at_least_s:g}"
    }  # fmt: skip
    return found if asked.model is None else found | {session.EVENT_MODEL.key: asked.model}


def choose(models: Sequence[Chosen], target: str) -> Asked:
    """Ask for it in a form: a row for each condition.

    Args:
        models: Whose curves can be searched, at least one.
        target: valence or arousal, for what is asked at first.
    """
    before = current() or Asked((_first(models, target),))
    rows: dict[int, Condition] = st.session_state.setdefault(ROWS, {})
    if tuple(rows.values()) != before.conditions:  # a link, or another page
        rows.clear()
        rows.update((_number(), one) for one in before.conditions)
    with st.container(key="event_form"):
        for place, number in enumerate(list(rows)):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown("and" if place else "where", width=50)
                rows[number] = _row(number, rows[number], place)
                st.button(
                    "Remove", key=f"event_remove_{number}", icon=":material/close:", disabled=len(rows) == 1,
                    help=f"Remove condition {place + 1}", on_click=_remove, args=(rows, number),
                )  # fmt: skip
        with st.container(horizontal=True, vertical_alignment="bottom"):
            st.button(
                "Add a condition", key="event_add", icon=":material/add:", disabled=len(rows) >= MOST_CONDITIONS,
                on_click=_add, args=(rows, target), help=HELP,
            )  # fmt: skip
            # Values are given to each widget, not put into the session: a run that is cut short would lose them.
            lasting = st.number_input(
                "For at least (s)", 0.0, LONGEST_S, before.at_least_s, step=0.1, width=150, key=LASTING
            )
            model = before.model_of(models)
            if len(models) > 1:
                names = {one.title: one for one in models}
                place = list(names).index(model.title)
                model = names[st.selectbox("In the curves of", list(names), place, width=230, key=MODEL)]
    asked = Asked(tuple(rows.values()), float(lasting), model.path.name)
    st.session_state[session.EVENT_SEARCH] = asked
    _put_into_url(asked)
    return asked


def _row(number: int, before: Condition, place: int) -> Condition:
    """A condition as its row has it."""
    whose = f" of condition {place + 1}"
    settings: dict[str, Any] = {"label_visibility": "collapsed"}
    column = st.selectbox(
        f"Column{whose}", COLUMNS, COLUMNS.index(before.column), format_func=title_of, key=f"event_column_{number}",
        width=380, **settings,
    )  # fmt: skip
    is_word = column in CHOICES
    kind, comparisons = ("word", WORD_COMPARISONS) if is_word else ("number", NUMBER_COMPARISONS)
    first = comparisons.index(before.comparison) if before.comparison in comparisons else 0
    comparison = st.selectbox(
        f"Comparison{whose}", comparisons, first, key=f"event_{kind}_comparison_{number}", width=110, **settings
    )
    if is_word:
        words = CHOICES[column]
        first = words.index(str(before.value)) if column == before.column else 0
        key = f"event_{column}_word_{number}"
        return Condition(
            column, comparison, st.selectbox(f"Value{whose}", words, first, key=key, width=190, **settings)
        )
    usual = 0.5 if isinstance(before.value, str) else float(before.value)
    value = st.number_input(
        f"Value{whose}", value=usual, step=STEP, format="%g", key=f"event_number_{number}", width=190, **settings
    )
    return Condition(column, comparison, float(value))


def _first(models: Sequence[Chosen], target: str) -> Condition:
    """What is asked at first: where a gate turns to the face, or where a model without gates is wrong."""
    gated = any(one.checkpoint.config.iaca and one.checkpoint.config.stage2 for one in models[:2])
    return Condition(f"{target}_stage2_visual" if gated else f"{target}_error", ">", 0.5)


def _add(rows: dict[int, Condition], target: str) -> None:
    rows[_number()] = Condition(f"{target}_error", ">", 0.3)
    _follow(rows)


def _remove(rows: dict[int, Condition], number: int) -> None:
    del rows[number]
    _follow(rows)


def _follow(rows: dict[int, Condition]) -> None:
    """Search for what the rows have now."""
    before = current() or Asked(())
    st.session_state[session.EVENT_SEARCH] = before._replace(conditions=tuple(rows.values()))


def _number() -> int:
    """Of a new row."""
    st.session_state[NUMBERED] = st.session_state.get(NUMBERED, 0) + 1
    return st.session_state[NUMBERED]


def _read_address() -> Asked | None:
    texts = st.query_params.get_all(session.EVENT_WHERE.key)[:MOST_CONDITIONS]
    conditions = []
    for text in texts:
        try:
            conditions.append(event_search.parse_condition(text))
        except EventError as error:
            address.report(f"The search in this link leaves something out: {error}.")
    if not conditions:
        return None
    asked, at_least_s = session.asked(session.EVENT_FOR), FIRST_S
    if asked is not None:
        try:
            at_least_s = float(asked)
        except ValueError:
            at_least_s = math.nan
        if not 0 <= at_least_s <= LONGEST_S:
            address.report(
                f"The search in this link is for {asked[:20]!r} seconds; expected a number from 0 to {LONGEST_S:g}."
            )
            at_least_s = FIRST_S
    return Asked(tuple(conditions), at_least_s, session.asked(session.EVENT_MODEL))
