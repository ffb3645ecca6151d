"""The door of a page with a login: what is shown before anything else, and who is logged in."""

from __future__ import annotations

import streamlit as st

from dashboard.state import login
from dashboard.state.folders import read_options


def let_in() -> bool:
    """Whether the page may be shown; who is not logged in is asked to, and who is not on the list is told."""
    options = read_options()
    if not options.login:
        return True
    user = login.user()
    if login.is_allowed(user, options.allow_email):
        login.enter()
        with st.sidebar.container(horizontal=True, vertical_alignment="center", key="who"):
            st.text(user["email"])
            st.button("Log out", on_click=_log_out, icon=":material/logout:")
        return True
    login.turn_away()
    with st.container(key="login", width=480):
        st.title("IACA")
        if not user:
            st.write("This page is for people who have been let in. Log in to see it.")
            st.button("Log in", on_click=st.login, icon=":material/login:")
        else:
            # As text: in Markdown an address becomes a link.
            st.text(str(user.get("email") or "an account without an e-mail address"))
            why = "has not been verified, so it" if user.get("email_verified") is False else "is logged in, but"
            st.warning(
                f"This address {why} is not on the list of this page. Ask whoever runs it to add you, or log in as "
                "somebody else.",
                icon=":material/lock:",
            )
            st.button("Log out", on_click=_log_out, icon=":material/logout:")
    return False


def _log_out() -> None:
    login.leave()
    st.logout()
