"""What a link asks for, and what of it cannot be shown."""

from __future__ import annotations

import math
import re
import time
from collections.abc import Iterable, Mapping

import streamlit as st

from dashboard.state import session
from iaca.headers import MOST_SHOWN, parse_json, shortened

READ = "address_read"
"""Key of the session: whether the address with which the visit began was checked."""

PROBLEMS = "address_problems"
"""Likewise: what was wrong with the address -> when that was found."""

NEWS_S = 60.0
"""How long a problem with the address is shown."""


def put_into_url(field: session.Field, value: str | None) -> None:
    """Keep the address on what is shown; None takes the parameter away."""
    if value is None:
        st.query_params.pop(field.key, None)
    elif st.query_params.get(field.key) != value:
        st.query_params[field.key] = value


def accept_spellings(field: session.Field, options: Iterable[str], others: Mapping[str, str] | None = None) -> None:
    """Correct an address that spells choices in another way, and run anew; call it before the widget is drawn.

    Args:
        field: Of the widget, which is bound to the address.
        options: What can be chosen, as the widget spells it; capitals do not matter in an address.
        others: Further spellings -> the option that is meant.
    """
    if field.key in st.session_state or field.key not in st.query_params:
        return
    options = list(options)
    known = {text.casefold(): option for text, option in (others or {}).items()}
    known |= {option.casefold(): option for option in options}
    asked = st.query_params.get_all(field.key)
    spelled = [text if text in options else known.get(text.casefold(), text) for text in asked]
    if spelled != asked:
        st.query_params[field.key] = spelled
        st.rerun()  # Streamlit fills a widget from the address with which its run began


def begin_with(values: Mapping[session.Field, str | list[str]]) -> None:
    """Choose what neither this visit nor the address has chosen, and run anew; call it before the widgets are drawn.

    Unlike a default, such a choice stands in the address: a default that hangs on what a visit has seen before would
    show something else to whoever is sent the link.

    Args:
        values: Fields of widgets that are bound to the address -> what is chosen, as the widget spells it.
    """
    taken = st.session_state.keys() | st.query_params.keys()
    missing = {field.key: value for field, value in values.items() if value and field.key not in taken}
    if missing:
        st.query_params.update(missing)
        st.rerun()  # Streamlit fills a widget from the address with which its run began


def follow_older_links(field: session.Field, names: Mapping[str, str]) -> None:
    """Set a choice for which version 0.1.0 had a switch for each option, and run anew; call it before its widget.

    Args:
        field: Of the widget, which is bound to the address.
        names: Parameter of such a link -> the option that it opens where it is "true".
    """
    older = [(option, st.query_params.pop(name)) for name, option in names.items() if name in st.query_params]
    if older:
        wanted = next((option for option, value in older if value == "true"), None)
        if wanted is not None and not {field.key} & (st.query_params.keys() | st.session_state.keys()):
            st.query_params[field.key] = wanted
        st.rerun()


def leave_out_endless() -> None:
    """Take numbers that are not finite out of the address, and run anew: widgets of whole numbers cannot read them."""
    numbers = [field for field in session.BOUND if type(field.default) in (int, float)]
    found = [field.key for field in numbers if _is_endless(st.query_params.get(field.key, ""))]
    for key in found:
        text = st.query_params.pop(key)
        report(f"This link sets {key} to {shortened(text)}, which is not finite; expected a number.")
    if found:
        st.rerun()  # Streamlit fills a widget from the address with which its run began


def _is_endless(text: str) -> bool:
    try:
        return not math.isfinite(float(text))
    except ValueError:
        return False


def asked_choices() -> dict[str, list[str]]:
    """What the address asks of the widgets that are bound to it; only before a visit's first page is drawn."""
    if st.session_state.get(READ):
        return {}
    return {field.key: st.query_params.get_all(field.key) for field in session.BOUND if field.key in st.query_params}


def check_choices(asked: dict[str, list[str]]) -> None:
    """Report what `asked_choices` found and no widget took: Streamlit drops it without a word.

    Args:
        asked: What the address asked for before the widgets were drawn.
    """
    st.session_state[READ] = True
    for key, texts in asked.items():
        if key in st.session_state and texts != st.query_params.get_all(key):
            value = st.session_state[key]
            shown = [as_text(one) for one in (value if isinstance(value, list) else [value])]
            if texts != shown:
                wanted = ", ".join(map(shortened, texts))
                report(
                    f"This link sets {key} to {wanted}, which is not one of the choices; showing "
                    f"{', '.join(map(repr, shown))}."
                )


def as_text(value: object) -> str:
    """A choice as it stands in the address."""
    if isinstance(value, float):
        return f"{value:g}"
    return str(value).lower() if isinstance(value, bool) else str(value)


def report(sentence: str) -> None:
    """Keep a sentence on what is wrong with the address: the page corrects the address at once, and runs again."""
    st.session_state.setdefault(PROBLEMS, {}).setdefault(sentence, time.monotonic())


def problems() -> list[str]:
    """What was wrong with the address of this visit, as long as it is news."""
    now = time.monotonic()
    found = st.session_state.get(PROBLEMS, {})
    return [sentence for sentence, since in found.items() if now - since < NEWS_S]


def asked_frames(frames: int) -> tuple[int | None, tuple[int, int] | None]:
    """Frame and range that the address asks for; None, and a sentence is reported, for one that does not exist.

    Args:
        frames: How many frames the subject has.
    """
    place, span = session.asked(session.FRAME), session.asked(session.RANGE)
    frame = int(place) if place is not None and re.fullmatch(r"\d{1,9}", place) else None
    if place is not None and (frame is None or frame >= frames):
        frame = None
        report(f"Frame {place[:MOST_SHOWN]} in this link does not exist (0 to {frames - 1}); showing the first frame.")
    ends = re.fullmatch(r"(\d{1,9})-(\d{1,9})", span or "")
    limits = (int(ends[1]), int(ends[2])) if ends else None
    if span is not None and (limits is None or not limits[0] < limits[1] < frames):
        limits = None
        report(
            f"Range {span[:MOST_SHOWN]} in this link does not exist (two frames, the smaller first, up to "
            f"{frames - 1}, as in 0-{frames - 1}); no range is set."
        )
    return frame, limits


def check_rows() -> None:
    """Report a row layout in the address that cannot be read; the player falls back."""
    text = session.asked(session.ROWS)
    if text is None:
        return
    try:
        sound = isinstance(parse_json(text), dict)
    except ValueError:
        sound = False
    if not sound:
        report(
            f"The row layout in this link, {shortened(text)}, cannot be read; expected what a copied link contains, "
            'as in {"layout":"side"}. The rows stay as they are.'
        )
