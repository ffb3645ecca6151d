"""What a visit does, for the log: which page, which subject and models, how long it took."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import streamlit as st

from iaca.logs import take_over_servers

NOTE = "activity"
"""Key of the session alone: what the running page shows."""

_log = logging.getLogger(__name__)


@contextmanager
def logged(page: str) -> Iterator[None]:
    """Log one run of a page with its duration, however it ends.

    Args:
        page: Its title.
    """
    take_over_servers()  # parts of Streamlit are imported when they are first needed
    st.session_state.pop(NOTE, None)
    began_s = time.perf_counter()
    try:
        yield
    finally:
        subject, models = st.session_state.get(NOTE, ("", ()))
        asked = ", ".join([page, *models])
        _log.info("page", extra={"asked": asked, "subject": subject, "duration_s": time.perf_counter() - began_s})


def note(subject: str, models: Sequence[str]) -> None:
    """Say what the page shows; the name of a visitor's own video is not for the log.

    Args:
        subject: Name of the subject.
        models: Names of the models.
    """
    st.session_state[NOTE] = (subject, tuple(models))
