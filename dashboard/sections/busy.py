"""The page waits for its turn, and says so where that takes long."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.runtime.scriptrunner import get_script_run_ctx
from streamlit.runtime.scriptrunner_utils.script_run_context import get_run_yield_check

from dashboard.state import visit
from dashboard.turns import PAGES, Superseded

SILENT_S = 1.0
"""How long a page waits without a word: less is no wait that anybody would ask about."""


@contextmanager
def page_turn() -> Iterator[None]:
    """Run a page once it is its turn. What the user does meanwhile takes the place of what was asked for before."""
    place = st.empty()
    began_s = time.monotonic()
    shown = ""
    words: DeltaGenerator | None = None
    give_way = get_run_yield_check() or (lambda: None)

    def waiting(ahead: int) -> None:
        nonlocal shown, words
        give_way()
        text = sentence(ahead)
        if ahead and text != shown and time.monotonic() - began_s > SILENT_S:
            words = words or place.container(key="busy").empty()
            words.markdown(text)
            shown = text

    context = get_script_run_ctx()
    with ExitStack() as stack:
        try:
            stack.enter_context(PAGES.turn(visit.current(), waiting, key=context.session_id if context else None))
        except Superseded:
            st.stop()  # the browser has lost its connection meanwhile, and is shown another run of this page
        if words:
            place.empty()
        yield


def sentence(ahead: int) -> str:
    """What the page says meanwhile."""
    return f"The server is busy: {ahead} request{'' if ahead == 1 else 's'} ahead"
