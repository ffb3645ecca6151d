"""What is wrong, in sentences above the player."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.state.shown_paths import for_visitors
from iaca.errors import BAD_INPUT

NOTICES_AT_ONCE = 3

Result = TypeVar("Result")


def show_notices(place: DeltaGenerator, notices: list[str]) -> None:
    """Warn of the first few, each once; the rest is one step away."""
    sentences = [literal(sentence) for sentence in dict.fromkeys(notices)]
    with place:
        if sentences:
            st.warning("  \n".join(sentences[:NOTICES_AT_ONCE]), icon=":material/warning:")
        if len(sentences) > NOTICES_AT_ONCE:
            rest = len(sentences) - NOTICES_AT_ONCE
            with st.expander(f"{rest} more message{'s' if rest > 1 else ''}"):
                st.markdown("\n".join(f"- {sentence}" for sentence in sentences[NOTICES_AT_ONCE:]))


def literal(sentence: str) -> str:
    """A sentence that may hold names of files, as Markdown that shows it as it is; only `code` is kept.

    On a locked page it names no folder of the server.
    """
    return re.sub(r"([\\*_{}\[\]<>#$~|:])", r"\\\1", for_visitors(sentence))


def attempt(action: Callable[[], Result], notices: list[str]) -> Result | None:
    """The result, or None and one more sentence in `notices` where the user's files are to blame."""
    try:
        return action()
    except BAD_INPUT as error:
        notices.append(str(error))
        return None
