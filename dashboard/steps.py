"""Steps of the live controls, answered past the script: of each tab the newest step alone is computed.

The page stays the owner of what is chosen. A step only draws ahead what its run is going to show once the hand lets go.
While a hand rests, and nobody else moves a control, what it is likely to ask for next is computed ahead.
"""

from __future__ import annotations

import asyncio
import hmac
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard.admission import visit_cookie
from dashboard.routes import AS_IT_IS
from dashboard.state import visit
from dashboard.turns import PAGES, Superseded
from iaca.errors import BAD_INPUT, InputError
from iaca.headers import parse_json

ROUTE = "/iaca/step"
"""Where steps arrive."""

MOST_BYTES = 4096
"""Of a request: nine values by their names take less than 400."""

MOST_TABS = 16
"""Of a visit: a tab beyond them draws with the page, without steps."""

QUIET_S = 0.06
"""How long no step may have come before the page runs: the browser sends the next one once it has an answer."""

PATIENCE_S = 2.0
"""How long a run of the page waits for steps at most."""

LOOK_S = 0.005

REST_S = 0.25
"""How long a hand rests before the next step is computed ahead: one that moves on must not wait for it."""

ALONE_S = 5.0
"""For how long nobody else may have asked for a step: what is computed ahead must not keep others waiting."""

SECRET = secrets.token_bytes(32)

Answer = Callable[[dict[str, str]], bytes]
"""Values by the names of their controls -> what the player is sent. A `StepError` refuses them."""

Prepare = Callable[[dict[str, str], dict[str, str], Callable[[], bool]], None]
"""Values of before (none at first), those of now, and whether it is still wanted: computes what may be asked next."""


class StepError(InputError):
    """A step that cannot be taken: the message names the value and what was expected."""


class Desk:
    """Where the steps of one tab arrive.

    Attributes:
        identifier: Part of its address: a secret, and another one for another view.
        answer: Computes a step.
        prepare: Computes what may be asked for next.
        controls: Keys of the live controls.
        before: The values of theirs that `values` replaced.
        values: Those that were last shown.
        newest: Number of the newest step.
        turn: Held by the step that is computed.
        under_way: Steps that have come and are not answered.
        last_s: When one was last answered.
    """

    def __init__(self, identifier: str, answer: Answer, prepare: Prepare | None = None) -> None:
        self.identifier, self.answer, self.prepare = identifier, answer, prepare
        self.controls: tuple[str, ...] = ()
        self.before: dict[str, str] = {}
        self.values: dict[str, str] = {}
        self.newest = self.under_way = 0
        self.turn = asyncio.Lock()
        self.last_s = -float("inf")

    def note(self, values: dict[str, str]) -> None:
        """These values are shown now."""
        shown = {key: values[key] for key in self.controls}
        if shown != self.values:
            self.before, self.values = self.values, shown

    def is_quiet(self) -> bool:
        """Whether no step is under way, and none is about to follow."""
        return not self.under_way and time.monotonic() - self.last_s >= QUIET_S


_desks: dict[str, OrderedDict[str, Desk]] = {}
"""Key of a visit -> its sessions of Streamlit, one for each tab -> where their steps arrive."""

_lock = threading.Lock()
_pool = ThreadPoolExecutor(64, "steps")
"""Threads of their own: steps that wait for their turn must not keep files from being sent."""


def register(view: str, answer: Answer, prepare: Prepare | None = None, values: dict[str, str] | None = None) -> str:
    """Let the tab for which this script runs take steps.

    Args:
        view: What is looked at, without what the steps change: another view has another address, and what is asked
            at an old one is refused.
        answer: Computes a step; it is called in other threads.
        prepare: Computes ahead; likewise.
        values: What this run shows.

    Returns:
        The address below the server's root, for this visit alone.
    """
    key, context = visit.current(), get_script_run_ctx(suppress_warning=True)
    tab = "" if context is None else context.session_id
    identifier = hmac.digest(SECRET, repr((key, tab, view)).encode(), "sha256").hex()
    with _lock:
        desks = _desks.setdefault(key, OrderedDict())
        desk = desks.get(tab)
        if desk is None or desk.identifier != identifier:
            desks[tab] = desk = Desk(identifier, answer)
        desk.answer, desk.prepare = answer, prepare
        desks.move_to_end(tab)
        while len(desks) > MOST_TABS:
            desks.popitem(last=False)
    if values is not None:
        desk.controls = tuple(values)
        desk.note(values)
        _look_ahead(key, desk)
    return f"{ROUTE}/{identifier}"


def give_way() -> None:
    """Let the steps of this tab be answered before its page runs, which is going to show the same."""
    key, context = visit.current(), get_script_run_ctx(suppress_warning=True)
    with _lock:
        desks = _desks.get(key)
        desk = None if context is None or desks is None else desks.get(context.session_id)
    until = time.monotonic() + PATIENCE_S
    while desk is not None and not desk.is_quiet() and time.monotonic() < until:
        time.sleep(LOOK_S)


def forget(key: str) -> None:
    """Let a visit take no more steps."""
    with _lock:
        _desks.pop(key, None)


async def serve(request: Request) -> Response:
    """Answer `ROUTE/{identifier}`: what the player draws, or in one sentence why not.

    400 is a malformed request, 404 a view that this visit does not have (any more), 409 a step that a newer one of the
    same tab has overtaken, 422 one for which the page has a notice.
    """
    key = visit.key_of(visit_cookie(request.headers))
    desk = _find(key, request.path_params["identifier"])
    if desk is None:
        return PlainTextResponse("This view is not open in this browser.", 404)
    desk.under_way += 1
    try:
        values = await _values(request)
        desk.newest = number = desk.newest + 1
        async with desk.turn:
            if number != desk.newest:
                raise Superseded
            content = await asyncio.get_running_loop().run_in_executor(_pool, _computed, key, desk, number, values)
    except Superseded:
        return PlainTextResponse("A newer step has overtaken this one.", 409)
    except StepError as error:
        return PlainTextResponse(f"{error}.", 400)
    except BAD_INPUT:
        return PlainTextResponse("The models cannot answer this; the page says why.", 422)
    except ClientDisconnect:
        return PlainTextResponse("The request ended early.", 400)
    finally:
        desk.under_way -= 1
        desk.last_s = time.monotonic()
    return Response(content, media_type="application/octet-stream", headers=AS_IT_IS | {"Cache-Control": "no-store"})


async def _values(request: Request) -> dict[str, str]:
    """The values of a request.

    Raises:
        StepError: It holds none.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MOST_BYTES:
            raise StepError(f"The request is larger than {MOST_BYTES:,} bytes; expected values by their names")
    try:
        values = parse_json(body.decode())
    except ValueError as error:
        raise StepError("The request is no JSON; expected values by their names") from error
    if not isinstance(values, dict) or not all(isinstance(value, str) for value in values.values()):
        raise StepError("The request is no JSON object of texts; expected values by their names")
    return values


def _computed(key: str, desk: Desk, number: int, values: dict[str, str]) -> bytes:
    """The answer to a step, once it is the visit's turn.

    Raises:
        Superseded: A newer step came while this one waited; it takes over its place in the line.
    """

    def waiting(ahead: int) -> None:
        if number != desk.newest:
            raise Superseded

    with visit.served(key), PAGES.turn(key, waiting, key=desk.identifier):
        content = desk.answer(values)
    desk.note(values)
    _look_ahead(key, desk)
    return content


def _look_ahead(key: str, desk: Desk) -> None:
    """Have computed what this tab may ask for next, unless it or anybody else asks for something before."""
    number, prepare = desk.newest, desk.prepare
    if prepare is None or not _is_alone(desk):
        return

    def is_wanted() -> bool:
        return number == desk.newest and _is_alone(desk)

    def work() -> None:
        time.sleep(REST_S)
        # Whatever fails here fails again, and is told, when it is asked for.
        with visit.served(key), suppress(*BAD_INPUT):
            if is_wanted():
                prepare(desk.before, desk.values, is_wanted)

    _pool.submit(work)


def _is_alone(desk: Desk) -> bool:
    """Whether no other tab has asked for a step lately."""
    with _lock:
        others = [one for desks in _desks.values() for one in desks.values() if one is not desk]
    return all(not one.under_way and time.monotonic() - one.last_s > ALONE_S for one in others)


def _find(key: str, identifier: str) -> Desk | None:
    """Where a request arrives, if its visit has such a place."""
    with _lock:
        desks = list(_desks.get(key, {}).values())
    return next((one for one in desks if hmac.compare_digest(one.identifier.encode(), identifier.encode())), None)


visit.on_end(forget)
