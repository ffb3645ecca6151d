"""Who is let in: requests under a known name of the host, each browser with a cookie of its own; no metrics."""

from __future__ import annotations

import ipaddress
import logging
import re
import secrets
import socket
from collections.abc import Callable, Iterable
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketClose

_log = logging.getLogger(__name__)

COOKIE = "iaca_visit"
"""Tells browsers apart. It is made here, and no script of a page can read it."""

GUARDED = re.compile(r"/iaca/(?:media|table|sound|step)/|/_stcore/upload_file/")
"""What is there for those alone who are logged in, where the page asks to log in."""

METRICS = "/_stcore/metrics"
"""Where Streamlit tells everybody how many visits there are and what they hold."""


class Admission:
    """Wraps the whole server.

    Args:
        app: The server.
        names: Names of the host besides its own, as in a proxy's address; "*" for any. Addresses made of numbers are
            always known: a page of somebody else can reach the server only under a name that it owns.
        lets_in: Whether the visit with a cookie is logged in; None where nobody has to.
    """

    def __init__(self, app: ASGIApp, names: Iterable[str] = (), lets_in: Callable[[str], bool] | None = None) -> None:
        self.app = app
        self.lets_in = lets_in
        self.names = {name.lower() for name in ("localhost", socket.gethostname(), socket.getfqdn(), *names)}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse a request, or hand it on."""
        if scope["type"] not in ("http", "websocket"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        refusal: PlainTextResponse | None = None
        if not self.knows(headers.get("host", "")):
            _log.warning("a request for the unknown host %.100r is refused; --allow-host", headers.get("host", ""))
            refusal = PlainTextResponse("This name of the host is unknown; --allow-host makes it known.", 400)
        elif scope["path"].rstrip("/").endswith(METRICS):
            refusal = PlainTextResponse("Not Found", 404)
        elif self.lets_in and GUARDED.search(scope["path"]) and not self.lets_in(visit_cookie(headers)):
            refusal = PlainTextResponse("Log in on the page first.", 401)
        if refusal is not None and scope["type"] == "websocket":
            await WebSocketClose()(scope, receive, send)
        elif refusal is not None:
            await refusal(scope, receive, send)
        elif scope["type"] == "http" and not visit_cookie(headers):
            await self.app(scope, receive, _with_cookie(scope, headers, send))
        else:
            await self.app(scope, receive, send)

    def knows(self, host: str) -> bool:
        """Whether a Host header names this server."""
        try:
            name = (urlsplit(f"//{host}").hostname or "").rstrip(".")
        except ValueError:
            return False
        return bool(name) and ("*" in self.names or name in self.names or _is_address(name))


def visit_cookie(headers: Headers) -> str:
    """The cookie that tells browsers apart; "" without one, or with one that was not made here."""
    found = cookie_parser(headers.get("cookie", "")).get(COOKIE, "")
    return found if is_visit_cookie(found) else ""


def is_visit_cookie(text: str) -> bool:
    """Whether a text has the form of `COOKIE`."""
    return re.fullmatch(r"[\w-]{43}", text, re.ASCII) is not None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _with_cookie(scope: Scope, asked: Headers, send: Send) -> Send:
    """Sends an answer on, with a new cookie where it is a page: what proxies may keep gets none."""

    async def send_on(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=message.setdefault("headers", []))
            is_page = headers.get("content-type", "").startswith("text/html") or (
                message["status"] == 304 and "text/html" in asked.get("accept", "")
            )
            if is_page:
                # uvicorn takes the scheme from X-Forwarded-Proto of a proxy that FORWARDED_ALLOW_IPS trusts.
                secure = "; Secure" if scope["scheme"] == "https" else ""
                value = secrets.token_urlsafe(32)
                # Lax: with Strict, a link in a letter would come without the cookie and be given a second one.
                headers.append("set-cookie", f"{COOKIE}={value}; Path=/; HttpOnly; SameSite=Lax{secure}")
        await send(message)

    return send_on
