"""Which files a browser may fetch: each is registered under an identifier, and nothing else is reachable."""

from __future__ import annotations

import hashlib
import threading
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse

ROUTE = "/iaca/media"
"""Where registered files are served. Not /media: Streamlit keeps that prefix for itself and refuses such routes."""

_files: dict[str, Path] = {}
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
    status = file.stat()
    name = f"{file}\0{status.st_size}\0{status.st_mtime_ns}"
    identifier = hashlib.sha256(name.encode()).hexdigest()[:32]
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
