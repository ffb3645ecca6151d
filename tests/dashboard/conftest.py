"""A server of the dashboard and a browser that looks at it."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--mute-audio",
)  # fmt: skip
PATIENCE_S = 60


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def serve(root: Path, home: Path) -> Iterator[str]:
    """`streamlit run dashboard/app.py` on the data below `root`, with an empty HOME; yields its address."""
    port = _free_port()
    environment = os.environ | {
        "PYTHONPATH": str(PROJECT),
        "HOME": str(home),
        "IACA_DATA": str(root),
        "IACA_FEATURES": str(root / "features"),
        "IACA_CHECKPOINTS": str(root / "checkpoints"),
    }
    command = [sys.executable, "-m", "streamlit", "run", "dashboard/app.py"]
    options = ["--server.port", str(port), "--server.address", "127.0.0.1", "--server.headless", "true"]
    log = home / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(
            command + options, cwd=PROJECT, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        address = f"http://127.0.0.1:{port}"
        _wait_until_up(address, server, log)
        yield address
    finally:
        server.send_signal(signal.SIGINT)
        try:
            server.wait(10)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_until_up(address: str, server: subprocess.Popen, log: Path) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        if server.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise RuntimeError(f"the dashboard did not start: {log.read_text()}")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path], str]]:
    """Starts a server on a data root and gives its address; all stop with the module."""
    running = []

    def start(root: Path) -> str:
        manager = serve(root, tmp_path_factory.mktemp("home"))
        running.append(manager)
        return manager.__enter__()

    yield start
    for manager in running:
        manager.__exit__(None, None, None)


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    """A browser with its own profile."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: install chromium to run the browser tests")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(tmp_path_factory.mktemp("profile")),
            executable_path=CHROMIUM,
            headless=True,
            args=list(FLAGS),
            viewport={"width": 1280, "height": 1000},
        )
        context.set_default_timeout(PATIENCE_S * 1000)
        yield context
        context.close()


@pytest.fixture
def page(chromium) -> Iterator:
    """A fresh page; an error of the page's scripts fails the test."""
    page = chromium.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    page.close()
    assert errors == []
