"""Who is looking: one browser, in any number of tabs, until it has been gone for a while.

What a visit registers or brings is its own, and goes with it.
"""

from __future__ import annotations

import hashlib
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import streamlit as st
from streamlit import runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard.admission import COOKIE, is_visit_cookie

LOOK_S = 5.0
"""How often it is looked who is still there; more often where visits are forgotten sooner."""

SHORT = 8
"""Characters of a visit's key that the log names it by."""

_seen: dict[str, dict[str, float]] = {}
"""Key of a visit -> its sessions of Streamlit, one for each tab -> when each was last seen, s."""

_lock = threading.Lock()
_served: ContextVar[str] = ContextVar("served", default="")
"""Key of the visit whose request this thread serves, outside of any script."""

_farewells: list[Callable[[str], None]] = []
_log = logging.getLogger(__name__)


def key_of(cookie: str) -> str:
    """Names the visit of a browser in registries and folders; the cookie does not follow from it."""
    return hashlib.sha256(cookie.encode()).hexdigest()[:32]


def without_cookie(session: str) -> str:
    """What stands in place of the cookie of a browser that keeps none: each of its tabs is a visit."""
    return f"no cookie {session}"


def current() -> str:
    """Key of the visit for which this script runs, or whose request is `served`; "" outside of any.

    A browser that sends no cookie has a visit for each of its tabs, and can fetch nothing that they register.
    """
    context = get_script_run_ctx(suppress_warning=True)
    if context is None:
        return _served.get()
    key = key_of(_cookie() or without_cookie(context.session_id))
    with _lock:
        if not _seen and runtime.exists():
            threading.Thread(target=_watch, daemon=True, name="visits").start()
        is_new = key not in _seen
        _seen.setdefault(key, {})[context.session_id] = time.monotonic()
    if is_new:
        _log.info("a visit begins", extra={"visit": key[:SHORT]})
    return key


@contextmanager
def served(key: str) -> Iterator[None]:
    """While a request of a visit is served, `current` is that visit."""
    token = _served.set(key)
    try:
        yield
    finally:
        _served.reset(token)


def short_id() -> str:
    """Eight digits that tell the visit for which this script runs from others in the log; "" outside of any."""
    context = get_script_run_ctx(suppress_warning=True)
    return "" if context is None else key_of(_cookie() or without_cookie(context.session_id))[:SHORT]


def key_of_session(session: str) -> str | None:
    """Key of the visit that a session of Streamlit belongs to; None for one that has shown no page yet."""
    with _lock:
        return next((key for key, sessions in _seen.items() if session in sessions), None)


def sessions(key: str) -> tuple[str, ...]:
    """The sessions of Streamlit of a visit."""
    with _lock:
        return tuple(_seen.get(key, ()))


def sends_cookie() -> bool:
    """Whether the browser keeps the cookie without which it gets no video; also true where there is no browser."""
    return not len(st.context.headers) or bool(_cookie())


def on_end(farewell: Callable[[str], None]) -> None:
    """Have a function called with the key of each visit that has ended."""
    _farewells.append(farewell)


def _cookie() -> str:
    found = st.context.cookies.get(COOKIE, "")
    # Streamlit's AppTest has an object of another kind in place of a cookie.
    return found if isinstance(found, str) and is_visit_cookie(found) else ""


def _watch() -> None:
    """End visits whose tabs are closed, as long as there is any; a tab that reloads or reconnects in time is none."""
    # As long as Streamlit itself keeps a session for a browser that lost its connection.
    grace_s = st.get_option("server.disconnectedSessionTTL")
    while True:
        time.sleep(min(LOOK_S, max(grace_s / 4, 0.1)))
        now = time.monotonic()
        with _lock:
            if not runtime.exists():
                _seen.clear()
                return
            server = runtime.get_instance()
            for sessions in _seen.values():
                for session, last_s in list(sessions.items()):
                    if server.is_active_session(session):
                        sessions[session] = now
                    elif now - last_s > grace_s:
                        del sessions[session]
            ended = [key for key, sessions in _seen.items() if not sessions]
            for key in ended:
                del _seen[key]
            is_last = not _seen
        for key in ended:
            _end(key)
        if is_last:
            return


def _end(key: str) -> None:
    for farewell in _farewells:
        try:
            farewell(key)
        except Exception:  # one that fails must not keep the others from cleaning up
            _log.exception("the end of a visit was not clean", extra={"visit": key[:SHORT]})
    _log.info("a visit ends", extra={"visit": key[:SHORT]})
