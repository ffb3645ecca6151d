"""Uploads keep to their room, whatever a browser says and however slowly it sends."""

from __future__ import annotations

import asyncio

import pytest
from starlette.responses import Response

from dashboard import upload_room, uploads
from dashboard.admission import COOKIE
from dashboard.state import visit

COOKIES = {"a": "a" * 43, "b": "b" * 43}
BEGIN = b'--B\r\nContent-Disposition: form-data; name="file"; filename="x.mp4"\r\n\r\n'
END = b"\r\n--B--\r\n"
QUOTA = upload_room.Quota(visit=10_000_000, all=100_000_000)


@pytest.fixture
def server(tmp_path, monkeypatch):
    """The middleware before a server that agrees to everything; two visits of a tab each are open."""
    monkeypatch.setattr(upload_room, "home", lambda: tmp_path / "visits" / "mine")
    monkeypatch.setattr(upload_room, "cache_folder", lambda: tmp_path / "cache")
    for module in (uploads, upload_room):
        monkeypatch.setattr(module, "folder_of", lambda key: tmp_path / "visits" / "mine" / key)
    (tmp_path / "visits" / "mine").mkdir(parents=True)
    monkeypatch.setattr(visit, "_seen", {visit.key_of(cookie): {f"tab-{who}": 0.0} for who, cookie in COOKIES.items()})
    monkeypatch.setattr(uploads, "_arrived", {})
    return uploads.UploadsToDisk(Response(status_code=204), QUOTA, 50_000_000)


async def put(server, chunks, *, tab="a", cookie=None, stalls=False, **more):
    """Status of an upload of these chunks; with `stalls`, nothing follows them."""
    headers = {"content-type": "multipart/form-data; boundary=B", "cookie": f"{COOKIE}={COOKIES[cookie or tab]}"}
    headers |= {"content-length": str(sum(map(len, chunks)))} | {name.replace("_", "-"): v for name, v in more.items()}
    scope = {
        "type": "http", "method": "PUT", "path": f"/_stcore/upload_file/tab-{tab}/f", "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
    }  # fmt: skip
    waiting, told = list(chunks), []

    async def receive():
        if not waiting and stalls:
            await asyncio.Event().wait()
        return {"type": "http.request", "body": waiting.pop(0), "more_body": bool(waiting) or stalls}

    async def send(message):
        told.append(message)

    await server(scope, receive, send)
    return told[0]["status"]


def file(size):
    return [BEGIN + bytes(size) + END]


def test_a_body_in_chunks_is_not_believed_how_long_it_is(server, tmp_path):
    chunks = [BEGIN, *30 * [bytes(10**6)], END]
    assert asyncio.run(put(server, chunks, content_length="10", transfer_encoding="chunked")) == 411
    assert not list(tmp_path.rglob("arrived/*"))


def test_a_page_takes_uploads_of_its_own_browser_alone(server):
    assert asyncio.run(put(server, file(9))) == 204
    assert asyncio.run(put(server, file(9), cookie="b")) == 403


def test_an_upload_that_stalls_keeps_room_from_nobody_else_and_is_given_up(server, tmp_path, monkeypatch):
    monkeypatch.setattr(uploads, "PATIENCE_S", 0.3)

    async def meanwhile():
        slow = asyncio.create_task(put(server, [BEGIN], stalls=True, content_length="9000000"))
        while not upload_room._expected:
            await asyncio.sleep(0.001)
        return await put(server, file(5_000_000), tab="b"), await slow

    assert asyncio.run(meanwhile()) == (204, 408)
    assert not upload_room._expected
    assert not list((tmp_path / "visits" / "mine" / visit.key_of(COOKIES["a"])).rglob("arrived/*"))
    assert asyncio.run(put(server, file(9_000_000))) == 204


def test_several_at_a_time_share_the_room(server):
    async def together():
        return await asyncio.gather(*(put(server, file(4_000_000)) for _ in range(8)))

    assert sorted(asyncio.run(together())) == [204] * 2 + [413] * 6


def test_small_files_take_what_they_take_on_the_disk(server, tmp_path):
    folder = tmp_path / "visits" / "mine" / visit.key_of(COOKIES["a"]) / "arrived"
    folder.mkdir(parents=True)
    for number in range(100):
        (folder / str(number)).write_bytes(b"a")
    assert upload_room.room(visit.key_of(COOKIES["a"]), QUOTA) == QUOTA.visit - 100 * 4096
