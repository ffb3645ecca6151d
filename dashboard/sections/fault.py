"""The last net: what a page shows where an error was caught by nothing else."""

from __future__ import annotations

import logging

import streamlit as st

from dashboard.services import corpora
from iaca.logs import log_fault

_log = logging.getLogger(__name__)

FAULT = "page_fault"
"""Key of the container, by which tests find it."""


def show_fault(error: Exception) -> bool:
    """Log the error, and say that the page is not whole and where the reason stands.

    Args:
        error: What was raised.

    Returns:
        True: Streamlit shows nothing of its own.
    """
    mark = log_fault(_log, "a page", error)
    with st.container(key=f"{FAULT}_{mark}"):
        st.error(
            f"Something on this page went wrong, and the rest of it is missing. The server's log has the reason under "
            f"fault {mark}. If a file was changed or damaged, mend it and rescan the folders.",
            icon=":material/error:",
        )
        st.button("Rescan folders", key=f"rescan_{mark}", on_click=corpora.rescan)
    return True
