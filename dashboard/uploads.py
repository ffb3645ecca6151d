"""Uploads on their way to the disk: Streamlit, which keeps files in memory, is handed a note of where they lie.

Whoever reads an uploader of Streamlit asks `take` or `content` for the file. What nobody takes goes with the visit.
"""

from __future__ import annotations

import asyncio
import logging
import re
import secrets
import shutil
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dashboard.admission import visit_cookie
from dashboard.state import visit
from dashboard.state.visit_folders import folder_of
from dashboard.upload_room import Quota, expect, release
from iaca.errors import InputError

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks
    from streamlit.runtime.uploaded_file_manager import UploadedFile

PATH = re.compile(r"/_stcore/upload_file/([^/]+)/([^/]+)$")
"""Where Streamlit takes uploads: the session and the file."""

NOTE = b"iaca-upload "
"""What Streamlit keeps in place of a file; its secret follows."""

MIB = 2**20
PATIENCE_S = 60.0
"""How long an upload may bring nothing."""

BLOCK = MIB
SMALL = 2**25
"""The most that is read into memory, as of a label file."""


class UploadError(InputError):
    """An upload that cannot be used: the message says why and what to do."""


class Upload(NamedTuple):
    """A file that has arrived."""

    path: Path
    session: str
    file: str


_log = logging.getLogger(__name__)
_arrived: dict[str, Upload] = {}
_lock = threading.Lock()


def take(uploaded: UploadedFile) -> Path:
    """The file behind an uploader of Streamlit, which forgets it: whoever takes it moves or deletes it.

    Raises:
        UploadError: It is no longer there.
        OSError: It cannot be kept.
    """
    from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    context = get_script_run_ctx()
    upload = _find(uploaded)
    if upload is not None:
        path = upload.path
        with _lock:
            _arrived.pop(_secret(uploaded), None)
    else:  # it came by another way than the server
        path = _new_file(visit.current())
        path.write_bytes(uploaded.getbuffer())
    if context is not None and isinstance(context.uploaded_file_mgr, MemoryUploadedFileManager):
        context.uploaded_file_mgr.remove_file(session_id=context.session_id, file_id=uploaded.file_id)
    if not path.is_file():
        raise UploadError(f"{uploaded.name} is no longer on the server; upload it again")
    return path


def content(uploaded: UploadedFile) -> bytes:
    """What is in a small file behind an uploader of Streamlit, such as labels; it stays there.

    Raises:
        UploadError: It is too large, or no longer there.
    """
    upload = _find(uploaded)
    if upload is None:
        return uploaded.getvalue()
    try:
        if upload.path.stat().st_size > SMALL:
            raise UploadError(f"{uploaded.name} is larger than {SMALL // MIB} MB; expected a label file")
        return upload.path.read_bytes()
    except OSError as error:
        raise UploadError(f"{uploaded.name} is no longer on the server; upload it again") from error


def forget(key: str) -> None:
    """Delete everything that belongs to a visit."""
    folder = folder_of(key)
    with _lock:
        for secret in [secret for secret, upload in _arrived.items() if folder in upload.path.parents]:
            del _arrived[secret]
    shutil.rmtree(folder, ignore_errors=True)


class UploadsToDisk:
    """Wraps the server.

    Args:
        app: The server.
        quota: What uploads may take.
        largest: Bytes of the largest file.
    """

    def __init__(self, app: ASGIApp, quota: Quota, largest: int) -> None:
        self.app, self.quota, self.largest = app, quota, largest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Keep the file of an upload, and hand on a note in its place; hand on everything else."""
        place = PATH.search(scope["path"]) if scope["type"] == "http" else None
        if place is None or scope["method"] not in ("PUT", "DELETE"):
            await self.app(scope, receive, send)
            return
        session, file = place.groups()
        if scope["method"] == "DELETE":
            await self.app(scope, receive, _then(send, lambda: _drop(session, file)))
            return
        request = Request(scope, receive)
        key = visit.key_of_session(session)
        if key is None:  # Streamlit says so
            await self.app(scope, receive, send)
            return
        secret = secrets.token_urlsafe(32)
        refusal = await self._refusal(request, session, key, secret)
        about = {"visit": key[: visit.SHORT], "asked": "upload"}
        if refusal is not None:
            _log.warning("an upload is refused: %s", refusal[0], extra=about)
            await PlainTextResponse(*refusal)(scope, receive, send)
            return
        path = None
        try:
            path = await run_in_threadpool(_new_file, key)
            headers = await _write_part(request, path)
        except (OSError, ValueError) as error:
            if path is not None:
                path.unlink(missing_ok=True)
            told = ("It cannot be kept.", 507) if isinstance(error, OSError) else ("This is no upload.", 400)
            if isinstance(error, TimeoutError):
                told = "No more of it came.", 408
            _log.warning("an upload failed: %s", error, extra=about)
            await PlainTextResponse(*told)(scope, receive, send)
            return
        except BaseException:
            if path is not None:
                path.unlink(missing_ok=True)
            raise
        finally:
            release(secret)
        _log.info("an upload of %s bytes", request.headers["content-length"], extra=about)
        with _lock:
            _arrived[secret] = Upload(path, session, file)
        noted, note = _note(request, headers, secret)
        await self.app(noted, note, _then(send, otherwise=lambda: _drop(session, file)))

    async def _refusal(self, request: Request, session: str, key: str, secret: str) -> tuple[str, int] | None:
        """Why an upload is not read at all; None: there is room, and it is kept for it."""
        if key != visit.key_of(visit_cookie(request.headers) or visit.without_cookie(session)):
            return "This page is open in another browser.", 403
        length = request.headers.get("content-length", "")
        # In chunks, a body is as long as it likes, whatever it says beside.
        if not length.isdecimal() or "transfer-encoding" in request.headers:
            return "An upload must say how large it is.", 411
        if int(length) > self.largest + BLOCK:
            return f"A file may have {self.largest // MIB:,} MB.", 413
        try:
            left = await run_in_threadpool(expect, secret, key, int(length), self.quota)
        except OSError:
            return "It cannot be kept.", 507
        if left is not None:
            return f"There is room for {left // MIB:,} MB; remove a video under Your video.", 413
        return None


def _new_file(key: str) -> Path:
    folder = folder_of(key) / "arrived"
    folder.mkdir(parents=True, exist_ok=True)
    return folder / secrets.token_hex(8)


async def _write_part(request: Request, path: Path) -> list[tuple[bytes, bytes]]:
    """Write the one file of a multipart body.

    Returns:
        The headers of its part.

    Raises:
        ValueError: The body is none, or holds more than one part.
        OSError: It cannot be written.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise ValueError("no multipart body")
    headers: list[tuple[bytes, bytes]] = []
    name, value, parts, ended = bytearray(), bytearray(), [], []

    def end_header() -> None:
        headers.append((bytes(name), bytes(value)))
        name.clear()
        value.clear()

    with path.open("wb") as file:

        def write(data: bytes, start: int, end: int) -> None:
            file.write(memoryview(data)[start:end])

        callbacks: MultipartCallbacks = {
            "on_part_begin": lambda: parts.append(True),
            "on_header_field": lambda data, start, end: name.extend(data[start:end]),
            "on_header_value": lambda data, start, end: value.extend(data[start:end]),
            "on_header_end": end_header,
            "on_part_data": write,
            "on_end": lambda: ended.append(True),
        }
        parser = MultipartParser(options[b"boundary"], callbacks)
        async for block in _blocks(request):
            await run_in_threadpool(parser.write, block)
            if len(parts) > 1:
                raise ValueError("more than one part")
    if not ended:
        raise ValueError("the body ends early")
    return headers


async def _blocks(request: Request) -> AsyncIterator[bytes]:
    """The body in large blocks, so that few threads are asked.

    Raises:
        TimeoutError: Nothing came for a while; meanwhile others are refused the room that is kept for the rest.
    """
    gathered, chunks = bytearray(), request.stream()
    while True:
        async with asyncio.timeout(PATIENCE_S):
            chunk = await anext(chunks, None)
        if chunk is None:
            break
        gathered += chunk
        if len(gathered) >= BLOCK:
            yield bytes(gathered)
            gathered.clear()
    if gathered:
        yield bytes(gathered)


def _note(request: Request, headers: list[tuple[bytes, bytes]], secret: str) -> tuple[Scope, Receive]:
    """A request like the one that came, with a note in place of the file."""
    boundary = parse_options_header(request.headers["content-type"])[1][b"boundary"]
    lines = [b"--" + boundary, *(name + b": " + value for name, value in headers), b""]
    lines += [NOTE + secret.encode(), b"--" + boundary + b"--", b""]
    body = b"\r\n".join(lines)
    kept = [(name, value) for name, value in request.scope["headers"] if name != b"content-length"]
    scope = dict(request.scope) | {"headers": [*kept, (b"content-length", str(len(body)).encode())]}
    left = [body]

    async def receive() -> Message:
        if left:
            return {"type": "http.request", "body": left.pop(), "more_body": False}
        return await request.receive()

    return scope, receive


def _then(send: Send, agreed: Callable[[], None] | None = None, otherwise: Callable[[], None] | None = None) -> Send:
    """Sends on, and does something once the server has agreed or refused."""

    async def send_on(message: Message) -> None:
        if message["type"] == "http.response.start":
            after = agreed if message["status"] < 300 else otherwise
            if after is not None:
                after()
        await send(message)

    return send_on


def _drop(session: str, file: str) -> None:
    with _lock:
        found = [secret for secret, one in _arrived.items() if (one.session, one.file) == (session, file)]
        paths = [_arrived.pop(secret).path for secret in found]
    for path in paths:
        path.unlink(missing_ok=True)


def _secret(uploaded: UploadedFile) -> str:
    return bytes(uploaded.getbuffer()[len(NOTE) :]).decode("ascii", "replace") if _is_note(uploaded) else ""


def _is_note(uploaded: UploadedFile) -> bool:
    return uploaded.size < 100 and bytes(uploaded.getbuffer()).startswith(NOTE)


def _find(uploaded: UploadedFile) -> Upload | None:
    """The file behind a note; None where the file itself was kept. A note of another session finds nothing."""
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    context = get_script_run_ctx()
    with _lock:
        upload = _arrived.get(_secret(uploaded))
    return upload if upload is not None and context is not None and upload.session == context.session_id else None


visit.on_end(forget)
