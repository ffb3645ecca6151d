"""The last net: what a page shows where an error was caught by nothing else."""

from __future__ import annotations

import secrets

import streamlit as st

from dashboard.services import corpora

FAULT = "page_fault"
"""Key of the container, by which tests find it."""


def show_fault(error: Exception) -> bool:
    """Say that the page is not whole, and where the reason stands; the server's log has it already.

    Args:
        error: What was raised.

    Returns:
        True: Streamlit shows nothing of its own.
    """
    mark = secrets.token_hex(4)
    print(f"fault {mark}: {type(error).__name__}", flush=True)
    with st.container(key=f"{FAULT}_{mark}"):
        st.error(
            f"Something on this page went wrong, and the rest of it is missing. The server's log has the reason under "
            f"fault {mark}. If a file was changed or damaged, mend it and rescan the folders.",
            icon=":material/error:",
        )
        st.button("Rescan folders", key=f"rescan_{mark}", on_click=corpora.rescan)
    return True
