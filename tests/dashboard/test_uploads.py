"""Uploads go to the disk and not into memory, take no more than their quota, and on a locked page stay their own."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.dashboard.browsing import rest
from tests.dashboard.projects import Spec, write_project
from tests.dashboard.serving import CHROMIUM, FLAGS, PATIENCE_S, PROJECT, serve

MIB = 2**20
CHECKPOINTS = PROJECT / "checkpoints"
"""Models whose backbones are there, so that a video is looked at."""

FORGOTTEN_S = 1


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_project(tmp_path_factory.mktemp("uploads"), [Spec("strong-01", 60)])


@pytest.fixture(scope="module")
def locked(root, tmp_path_factory):
    """A locked page that gives each visitor 5 MB; its address, and its cache."""
    home = tmp_path_factory.mktemp("home")
    options = ["--server.disconnectedSessionTTL", str(FORGOTTEN_S)]
    with serve(root, home, CHECKPOINTS, server=options, page=["--locked", "--visit-quota", str(5 / 1024)]) as (
        address,
        _,
    ):
        yield address, home / "cache"


@pytest.fixture
def visitor(playwright):
    """Opens Your video in a browser with its own cookies."""
    browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(FLAGS))

    def visit(address):
        context = browser.new_context()
        context.set_default_timeout(PATIENCE_S * 1000)
        page = context.new_page()
        page.goto(f"{address}/your_video")
        page.get_by_test_id("stFileUploader").first.wait_for()
        return page

    yield visit
    browser.close()


def bring(page, file):
    page.get_by_test_id("stFileUploader").first.locator("input[type=file]").set_input_files(file)


def sparse(path, size):
    with path.open("wb") as file:
        file.truncate(size)
    return path


def peak_mb(process):
    """The most memory that a process has held."""
    lines = Path(f"/proc/{process.pid}/status").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("VmHWM")).split()[1]) / 1024


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="needs /proc to read the memory of the server")
def test_large_uploads_are_not_kept_in_memory(root, tmp_path, visitor):
    (tmp_path / "home").mkdir()
    with serve(root, tmp_path / "home", CHECKPOINTS) as (address, process):
        page = visitor(address)
        bring(page, sparse(tmp_path / "small.mp4", 1000))
        page.get_by_text("small.mp4").first.wait_for()
        page.get_by_text("small.mp4 cannot").first.wait_for()
        before = peak_mb(process)
        for i in range(3):
            bring(page, sparse(tmp_path / f"large{i}.mp4", 300 * MIB))
            page.get_by_text(f"large{i}.mp4 cannot").first.wait_for()
        assert peak_mb(process) - before < 200
        kept = sorted(file.stat().st_size for file in (tmp_path / "home" / "cache").rglob("video.mp4"))
        assert kept == [1000, *3 * [300 * MIB]]
        assert not list((tmp_path / "home" / "cache").rglob("arrived/*"))


def test_a_visit_brings_no_more_than_its_quota(locked, tmp_path, visitor):
    address, _ = locked
    page = visitor(address)
    bring(page, sparse(tmp_path / "large.mp4", 6 * MIB))
    page.get_by_text("File must be 5.0MB or smaller").wait_for()
    page.reload()
    with page.expect_request(lambda request: request.method == "PUT") as sent:
        bring(page, sparse(tmp_path / "small.mp4", 4 * MIB))
    page.get_by_text("small.mp4 cannot").first.wait_for()

    headers = sent.value.all_headers()
    headers = {name: headers[name] for name in ("cookie", "x-xsrftoken")}
    begin = b'--B\r\nContent-Disposition: form-data; name="file"; filename="x.mp4"\r\n\r\n'
    headers["content-type"] = "multipart/form-data; boundary=B"
    path = urlsplit(sent.value.url).path

    def put(body, **more):
        connection = http.client.HTTPConnection(urlsplit(address).netloc, timeout=PATIENCE_S)
        connection.request("PUT", path, body=body, headers=headers | more)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()

    status, said = put(begin + bytes(2 * MIB) + b"\r\n--B--\r\n")
    assert (status, said) == (413, "There is room for 0 MB; remove a video under Your video.")
    assert put(iter([begin, bytes(2 * MIB), b"\r\n--B--\r\n"]))[0] == 411
    assert put(begin + b"abc\r\n--B--\r\n")[0] == 204
    assert put(begin + b"abc\r\n--B--\r\n", **{"x-xsrftoken": "another"})[0] == 403
    assert put(begin + b"abc")[0] == 400
    assert put(b"abc")[0] == 400
    assert put(begin + b"a\r\n" + begin + b"b\r\n--B--\r\n")[0] == 400


def test_what_one_visitor_brings_no_other_sees_and_it_goes_with_the_visit(locked, tmp_path, visitor):
    address, cache = locked
    first, second = visitor(address), visitor(address)
    before = {place for place, _, names in os.walk(cache) if "about.json" in names}
    bring(first, sparse(tmp_path / "private.mp4", MIB))
    first.get_by_text("private.mp4 cannot").first.wait_for()
    assert first.get_by_test_id("stTextInput").count() == 0
    second.reload()
    second.get_by_test_id("stFileUploader").first.wait_for()
    rest(second)
    assert "private.mp4" not in second.get_by_test_id("stMain").inner_text()
    again = first.context.new_page()  # the same visitor
    again.goto(f"{address}/your_video")
    again.get_by_text("private.mp4").first.wait_for()

    def kept():
        return [place for place, _, names in os.walk(cache) if "about.json" in names and place not in before]

    (mine,) = kept()
    assert json.loads((Path(mine) / "about.json").read_text())["name"] == "private.mp4"
    first.context.close()
    until = time.monotonic() + PATIENCE_S
    while kept() and time.monotonic() < until:
        time.sleep(0.2)
    assert not kept()


FOLDER = """
from dashboard.state.visit_folders import folder_of
folder_of("visit").mkdir()
print(folder_of("visit"), flush=True)
input()
"""


def test_what_a_server_left_behind_is_deleted_by_the_next_and_that_of_a_running_one_is_not(tmp_path):
    environment = os.environ | {"PYTHONPATH": str(PROJECT), "IACA_CACHE": str(tmp_path)}

    def begin():
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
        process = subprocess.Popen([sys.executable, "-c", FOLDER], env=environment, **pipes)
        return process, Path(process.stdout.readline().strip())

    killed, left = begin()
    killed.kill()
    killed.communicate()
    running, kept = begin()
    assert not left.parent.exists()
    last, _ = begin()
    assert kept.is_dir()
    for process in (running, last):
        process.communicate("\n")
