"""What a browser may fetch: files and tables that were registered under an identifier; nothing else is reachable."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from iaca.errors import InputError
from iaca.files import file_state

ROUTE = "/iaca/media"
"""Where registered files are served. Not /media: Streamlit keeps that prefix for itself and refuses such routes."""

TABLES = "/iaca/table"
SOUNDS = "/iaca/sound"

TABLE_BYTES = 256 * 2**20
"""Tables that are kept for browsers that have not fetched them yet; the oldest go first."""

IMMUTABLE = {"Cache-Control": "private, max-age=86400, immutable"}
"""An identifier names one content for ever."""

_files: dict[str, Path] = {}
_sounds: dict[str, Callable[[], Path]] = {}
_tables: OrderedDict[str, bytes] = OrderedDict()
_lock = threading.Lock()


def register(path: Path) -> str:
    """Make one file reachable.

    Args:
        path: An existing file.

    Returns:
        Its address below the server's root. A changed file gets a new one, so no browser shows a stale copy.

    Raises:
        OSError: The file cannot be read.
    """
    file = path.resolve(strict=True)
    identifier = file_state(file).digest[:32]
    with _lock:
        _files[identifier] = file
    return f"{ROUTE}/{identifier}"


async def serve(request: Request) -> FileResponse:
    """Answer `ROUTE/{identifier}`: the file (206 for a Range), or 404 for anything that was not registered."""
    with _lock:
        file = _files.get(request.path_params["identifier"])
    if file is None or not file.is_file():
        raise HTTPException(status_code=404, detail="No such recording")
    return FileResponse(file, headers={"Cache-Control": "private, max-age=3600"})


def register_table(content: bytes) -> str:
    """Make a table reachable for some time, by its content: a browser that has it asks for it no more.

    Args:
        content: Numbers as the browser's typed arrays hold them.

    Returns:
        Its address below the server's root.
    """
    identifier = hashlib.sha256(content).hexdigest()[:32]
    with _lock:
        _tables[identifier] = content
        _tables.move_to_end(identifier)
        kept = sum(map(len, _tables.values()))
        while kept > TABLE_BYTES and len(_tables) > 1:
            kept -= len(_tables.popitem(last=False)[1])
    return f"{TABLES}/{identifier}"


def register_sound(path: Path, summarise: Callable[[], Path]) -> str:
    """Make the summary of a file's sound reachable; it is made when a browser first asks for it.

    Args:
        path: The video.
        summarise: Writes the summary, where it is not there yet, and says where it lies.

    Returns:
        Its address below the server's root.
    """
    identifier = register(path).removeprefix(f"{ROUTE}/")
    with _lock:
        _sounds[identifier] = summarise
    return f"{SOUNDS}/{identifier}"


async def serve_table(request: Request) -> Response:
    """Answer `TABLES/{identifier}`: the numbers, or 404."""
    with _lock:
        content = _tables.get(request.path_params["identifier"])
    if content is None:
        raise HTTPException(status_code=404, detail="No such table")
    return Response(content, media_type="application/octet-stream", headers=IMMUTABLE)


async def serve_sound(request: Request) -> Response:
    """Answer `SOUNDS/{identifier}`: the summary of a sound; 404 if it is unknown, 204 for a video without sound."""
    with _lock:
        summarise = _sounds.get(request.path_params["identifier"])
    if summarise is None:
        raise HTTPException(status_code=404, detail="No such sound")
    try:
        file = await run_in_threadpool(summarise)
    except (InputError, OSError) as error:
        raise HTTPException(status_code=422, detail=str(error)) from error
    return FileResponse(file, headers=IMMUTABLE) if file.stat().st_size else Response(status_code=204)
