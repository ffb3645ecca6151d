"""Opens the page that an installed `iaca dashboard` serves: `python open_page.py IACA`, in a folder outside the clone.

Chromium has to show a frame of a video and curves, and the server has to have read the settings in the package.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

PATIENCE_S = 120
PLAYER = "[data-testid=player]"
PAINTED = """(selector) => {
  const canvas = document.querySelector(selector);
  if (!canvas || !canvas.width || !canvas.height) return false;
  const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d');
  copy.drawImage(canvas, 0, 0);
  return new Set(copy.getImageData(0, 0, canvas.width, canvas.height).data).size > 16;
}"""
"""Whether a canvas holds more than one colour."""


def main() -> None:
    """Start, look, and end the server as Ctrl-C does."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    home = Path.cwd()
    environment = os.environ | {"HOME": str(home)}
    environment = {name: value for name, value in environment.items() if name != "PYTHONPATH" and name[:5] != "IACA_"}
    command = [sys.argv[1], "dashboard", "--no-browser", "--port", str(port)]
    log = home / "server.log"
    with log.open("wb") as output:
        server = subprocess.Popen(command, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        address = f"http://127.0.0.1:{port}"
        wait_until_up(f"{address}/_stcore/health", server)
        chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--mute-audio"])
            page = browser.new_page(viewport={"width": 1280, "height": 1000})
            page.set_default_timeout(PATIENCE_S * 1000)
            look(page, address)
            browser.close()
        server.send_signal(signal.SIGINT)
        if server.wait(30) != 0:
            raise RuntimeError(f"the server ended with {server.returncode}")
    except BaseException:
        print(log.read_text(errors="replace"), file=sys.stderr)
        raise
    finally:
        server.kill()
        server.wait()
    print(f"{address}: the page shows a frame and curves")


def wait_until_up(address: str, server: subprocess.Popen[bytes]) -> None:
    """Wait for the first answer."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(address, timeout=2):
                return
        except OSError:
            time.sleep(0.2)
    raise RuntimeError("the server does not answer")


def look(page: Page, address: str) -> None:
    """Everything that a wheel without its data would not show."""
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(address)
    page.wait_for_selector(f"{PLAYER}[data-revision]")
    page.wait_for_function(PAINTED, arg=f"{PLAYER} [data-testid=player-canvas]")
    page.wait_for_function(PAINTED, arg=f"{PLAYER} canvas.iaca-curves")
    page.goto(f"{address}/your_video")
    page.get_by_text("2GB").first.wait_for()  # server.maxUploadSize of the settings in the package
    page.goto(f"{address}/results")
    page.get_by_text("IACA, validation subjects").wait_for()
    assert not errors, errors


if __name__ == "__main__":
    main()
