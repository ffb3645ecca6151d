"""What a browser may fetch: what the page registered for it under a secret address; nothing else is reachable."""

from __future__ import annotations

import hmac
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from dashboard.admission import visit_cookie
from dashboard.state import visit
from dashboard.state.known_files import shown_state
from dashboard.state.shown_paths import for_visitors
from iaca.errors import InputError
from iaca.files import FileState, file_state

ROUTE = "/iaca/media"
"""Where registered files are served. Not /media: Streamlit keeps that prefix for itself and refuses such routes."""

TABLES = "/iaca/table"
SOUNDS = "/iaca/sound"

TABLE_BYTES = 256 * 2**20
"""Tables that are kept for browsers that have not fetched them yet; the oldest of whoever has most go first."""

IMMUTABLE = {"Cache-Control": "private, max-age=86400, immutable"}
"""An identifier names one content for ever."""

AS_IT_IS = {"Content-Encoding": "identity"}
"""Keeps Streamlit from compressing numbers, which takes longer than it saves."""

SECRET = secrets.token_bytes(32)
"""Of this server: identifiers cannot be computed by whoever knows a file."""


class Kept(NamedTuple):
    """What one visit may fetch: identifier -> content."""

    files: dict[str, Path]
    sounds: dict[str, Callable[[], Path]]
    tables: OrderedDict[str, bytes]


_kept: dict[str, Kept] = {}
_lock = threading.Lock()


def register(path: Path) -> str:
    """Make one file reachable for the visit for which this script runs.

    Args:
        path: An existing file.

    Returns:
        Its address below the server's root. A changed file gets a new one, so no browser shows a stale copy.

    Raises:
        OSError: The file cannot be read.
    """
    file, digest = _named(shown_state(path))
    key = visit.current()
    identifier = _identifier(key, digest)
    with _lock:
        _of(key).files[identifier] = file
    return f"{ROUTE}/{identifier}"


def register_table(content: bytes) -> str:
    """Make a table reachable for some time, by its content: a browser that has it asks for it no more.

    Args:
        content: Numbers as the browser's typed arrays hold them.

    Returns:
        Its address below the server's root.
    """
    key = visit.current()
    identifier = _identifier(key, content)
    with _lock:
        tables = _of(key).tables
        tables[identifier] = content
        tables.move_to_end(identifier)
        sizes = {owner: sum(map(len, kept.tables.values())) for owner, kept in _kept.items()}
        while sum(sizes.values()) > TABLE_BYTES:
            most = max(sizes, key=sizes.__getitem__)
            if len(_kept[most].tables) == 1:
                break
            sizes[most] -= len(_kept[most].tables.popitem(last=False)[1])
    return f"{TABLES}/{identifier}"


def register_sound(path: Path, summarise: Callable[[], Path], what: str = "sound") -> str:
    """Make what is made of a file's sound reachable: its summary, or itself changed; made when a browser first asks.

    Args:
        path: The video.
        summarise: Writes it, where it is not there yet, and says where it lies.
        what: What it is: with the file, its identity.

    Returns:
        Its address below the server's root.
    """
    key = visit.current()
    identifier = _identifier(key, what.encode() + b" " + _named(shown_state(path))[1])
    with _lock:
        _of(key).sounds[identifier] = summarise
    return f"{SOUNDS}/{identifier}"


async def serve(request: Request) -> FileResponse:
    """Answer `ROUTE/{identifier}`: the file (206 for a Range), or 404 for what this visit has not registered."""
    kept, identifier = _asked(request)
    file = None if kept is None else kept.files.get(identifier)
    if file is None or not file.is_file():
        raise HTTPException(status_code=404, detail="No such recording")
    return FileResponse(file, headers={"Cache-Control": "private, max-age=3600"})


async def serve_table(request: Request) -> Response:
    """Answer `TABLES/{identifier}`: the numbers, or 404."""
    kept, identifier = _asked(request)
    content = None if kept is None else kept.tables.get(identifier)
    if content is None:
        raise HTTPException(status_code=404, detail="No such table")
    return Response(content, media_type="application/octet-stream", headers=IMMUTABLE | AS_IT_IS)


async def serve_sound(request: Request) -> Response:
    """Answer `SOUNDS/{identifier}`: the summary of a sound; 404 if it is unknown, 204 for a video without sound."""
    kept, identifier = _asked(request)
    summarise = None if kept is None else kept.sounds.get(identifier)
    if summarise is None:
        raise HTTPException(status_code=404, detail="No such sound")
    try:
        file = await run_in_threadpool(summarise)
        size = file.stat().st_size
    except (InputError, OSError) as error:
        raise HTTPException(status_code=422, detail=for_visitors(str(error))) from error
    return FileResponse(file, headers=IMMUTABLE) if size else Response(status_code=204)


def forget(key: str) -> None:
    """Let a visit fetch nothing any more."""
    with _lock:
        _kept.pop(key, None)


@lru_cache(maxsize=4096)
def _named(file: FileState) -> tuple[Path, bytes]:
    """A file under its real name, and what names its state.

    Raises:
        OSError: The file cannot be read.
    """
    real = Path(file.path).resolve(strict=True)
    return real, file_state(real).digest.encode()


def _identifier(key: str, content: bytes) -> str:
    """The same for the same content in the same visit, so that a browser's cache helps; a secret for all others."""
    return hmac.digest(hmac.digest(SECRET, key.encode(), "sha256"), content, "sha256").hex()


def _of(key: str) -> Kept:
    """What a visit keeps; call it with the lock held."""
    return _kept.setdefault(key, Kept({}, {}, OrderedDict()))


def _asked(request: Request) -> tuple[Kept | None, str]:
    """What the visit that asks has registered, and the identifier that it asks for."""
    cookie = visit_cookie(request.headers)
    with _lock:
        kept = _kept.get(visit.key_of(cookie)) if cookie else None
    return kept, request.path_params["identifier"]


visit.on_end(forget)
