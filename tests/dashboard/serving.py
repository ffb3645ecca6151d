"""The dashboard as a server, for browsers that look at it."""

from __future__ import annotations

import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = (
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--mute-audio",
)  # fmt: skip
PATIENCE_S = 180


LOWEST_PORT, HIGHEST_PORT, WORKERS = 20_000, 32_000, 16
"""Ports that no system gives to whoever asks for any; each process of the tests takes others of them."""


def free_port() -> int:
    """A port that nothing listens on, and that nobody else takes before the server does."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % WORKERS
    while True:
        port = random.SystemRandom().randrange(LOWEST_PORT + worker, HIGHEST_PORT, WORKERS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


@contextmanager
def serve(
    root: Path,
    home: Path,
    checkpoints: Path | None = None,
    *,
    server: Sequence[str] = (),
    page: Sequence[str] = (),
    port: int | None = None,
    project: Path = PROJECT,
) -> Iterator[tuple[str, subprocess.Popen]]:
    """`streamlit run dashboard/app.py` on the data below `root`, with an empty HOME; yields address and process.

    A file `plugin.py` in `root` is a plugin of the server. `server` are more options of Streamlit, `page` of the page;
    `project` is another clone whose page is served.
    """
    port = port or free_port()
    environment = os.environ | {
        "PYTHONPATH": os.pathsep.join([str(project), str(root)]),
        "IACA_PLUGINS": "plugin" if (root / "plugin.py").is_file() else "",
        "HOME": str(home),
        "IACA_DEMO": str(root),
        "IACA_CACHE": str(home / "cache"),
        "IACA_NOTES": str(home / "notes.sqlite3"),
        "IACA_CHECKPOINTS": str(checkpoints or root / "checkpoints"),
    }
    command = [sys.executable, "-m", "streamlit", "run", "dashboard/app.py"]
    options = ["--server.port", str(port), "--server.address", "127.0.0.1", "--server.headless", "true"]
    options += [*server, "--", *page]
    log = home / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command + options, cwd=project, env=environment, stdout=output, stderr=subprocess.STDOUT
        )
    try:
        address = f"http://127.0.0.1:{port}"
        wait_until_up(address, process, log)
        yield address, process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait_until_up(address: str, server: subprocess.Popen, log: Path) -> None:
    """Wait for the server's first answer; its log is told where it ends instead."""
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
