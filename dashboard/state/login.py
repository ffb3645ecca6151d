"""Who may see a page that asks to log in: whom an identity provider vouches for, and the list of the page holds."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from typing import Any

import streamlit as st
from streamlit.auth_util import is_authlib_installed, validate_auth_credentials
from streamlit.errors import StreamlitAuthError
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard.state import visit
from dashboard.state.folders import Options
from iaca.errors import InputError

PROVIDER = "default"
"""That of the section [auth] itself."""

_members: set[str] = set()
"""Keys of visits that have logged in."""

_left: set[str] = set()
"""Sessions of Streamlit that were open when their visit logged out: Streamlit itself goes on to know them."""

_lock = threading.Lock()


class LoginError(InputError):
    """A login that cannot work: the message says what is missing."""


def check_login(options: Options) -> None:
    """Refuse to start where nobody, or everybody, would get in.

    Raises:
        LoginError: Addresses, packages or the section [auth] are missing.
    """
    if not options.login:
        if options.allow_email:
            raise LoginError("--allow-email is given without --login, so everybody would get in; expected both")
        return
    if not options.allow_email:
        raise LoginError(
            "--login is given without --allow-email; expected the addresses (anna@example.org) or domains "
            "(@example.org) of those who may see the page"
        )
    if not is_authlib_installed():
        raise LoginError('--login needs the packages of the extra `login`; install them: pip install "iaca[login]"')
    try:
        validate_auth_credentials(PROVIDER)
    except StreamlitAuthError as error:
        reason = " ".join(str(error).split())
        raise LoginError(f"--login needs a section [auth] in .streamlit/secrets.toml. {reason}") from error


def is_allowed(user: Mapping[str, Any], allowed: Iterable[str]) -> bool:
    """Whether somebody is on the list.

    Args:
        user: What the provider says of them. An address that it says is not verified counts for nothing.
        allowed: Addresses; or domains, "@example.org" or "example.org", whose subdomains are other domains.
    """
    address = user.get("email")
    if not isinstance(address, str) or address.count("@") != 1 or user.get("email_verified") is False:
        return False
    address = address.strip().casefold()
    known = {one.strip().casefold() for one in allowed}
    domain = address.partition("@")[2]
    return address in known or f"@{domain}" in known or domain in known


def enter() -> None:
    """Let the visit for which this script runs fetch what its page shows it."""
    with _lock:
        _members.add(visit.current())


def leave() -> None:
    """Let it fetch nothing any more, and none of its tabs see the page, before it logs in again."""
    key = visit.current()
    with _lock:
        _members.discard(key)
        _left.update(visit.sessions(key))


def has_left() -> bool:
    """Whether the visit has logged out in this tab or another."""
    context = get_script_run_ctx()
    with _lock:
        return context is not None and context.session_id in _left


def turn_away() -> None:
    """Let a visit that is not logged in fetch nothing."""
    with _lock:
        _members.discard(visit.current())


def lets_in(cookie: str) -> bool:
    """Whether the visit with a cookie may fetch what a page shows."""
    with _lock:
        return bool(cookie) and visit.key_of(cookie) in _members


def user() -> dict[str, Any]:
    """What the provider says of who is logged in; empty where nobody is."""
    return dict(st.user) if st.user.is_logged_in and not has_left() else {}


def _forget(key: str) -> None:
    with _lock:
        _members.discard(key)


visit.on_end(_forget)
