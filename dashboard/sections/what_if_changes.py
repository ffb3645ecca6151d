"""What if, as it was: each state of a visit has a name, by which the player goes back to it when a change is undone."""

from __future__ import annotations

import hashlib
from typing import Any

import streamlit as st

from dashboard.components.player import WhatIfState
from dashboard.state import session

STATES = "what_if_states"
"""Key of the session alone: name -> values of all controls of What if, the latest last."""

RESTORED = "what_if_restored"
"""Likewise: the token of what was last restored."""

MOST = 500
"""States that are kept; the player asks for fewer."""


def current() -> WhatIfState:
    """What is asked for in this run, kept so that the player can come back to it. Call it after the controls."""
    fields = (*session.DROPOUT_FIELDS, *session.WHAT_IF_FIELDS)
    values = {field.key: st.session_state.get(field.key, field.default) for field in fields}
    name = hashlib.blake2b(repr(values).encode(), digest_size=8).hexdigest()
    states: dict[str, dict[str, Any]] = st.session_state.setdefault(STATES, {})
    states.pop(name, None)
    states[name] = values
    if len(states) > MOST:
        del states[next(iter(states))]
    return WhatIfState(name, st.session_state.get(RESTORED))


def restore(wanted: WhatIfState) -> None:
    """Set the controls as they were, before they are drawn.

    Args:
        wanted: The name of a state of this visit; another one changes nothing. Its token is sent back with the next
            state.
    """
    st.session_state[RESTORED] = wanted.token
    for key, value in st.session_state.get(STATES, {}).get(wanted.name, {}).items():
        st.session_state[key] = value
