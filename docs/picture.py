"""The README's picture of the page in use: `python -m docs.picture --out docs/page.png`.

Starts the dashboard, opens it in Chromium, waits until everything is painted, and takes the picture.
"""

from __future__ import annotations

import argparse
import io
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from PIL import Image

from iaca.errors import InputError
from iaca.files import write_whole

PROJECT = Path(__file__).resolve().parent.parent
MOST_BYTES = 250_000
PATIENCE_S = 300
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FORMATS = {".png": "PNG", ".webp": "WEBP"}


class PictureError(InputError):
    """A picture that cannot be made: the message says what is missing."""


@contextmanager
def running_dashboard() -> Iterator[str]:
    """The dashboard on a free port, with the environment's data and models; yields its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", "dashboard/app.py", "--server.port", str(port)]
    options = ["--server.address", "127.0.0.1", "--server.headless", "true"]
    environment = os.environ | {"PYTHONPATH": str(PROJECT)}
    with tempfile.TemporaryFile() as log:
        server = subprocess.Popen(command + options, cwd=PROJECT, env=environment, stdout=log, stderr=log)
        try:
            address = f"http://127.0.0.1:{port}"
            _wait_until_up(address, server)
            yield address
        finally:
            server.terminate()
            server.wait()


def _wait_until_up(address: str, server: subprocess.Popen) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until and server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/_stcore/health", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    raise PictureError("the dashboard did not start; `streamlit run dashboard/app.py` says why")


def take_picture(address: str, *, width: int, height: int, dark: bool, browser: str) -> bytes:
    """The page at an address as PNG, once its picture, curves and scores are painted.

    Args:
        address: With the subject, frame and whatever else is asked for.
        width: Of the window, px.
        height: Of the window, px.
        dark: In the dark theme.
        browser: Chromium's program.

    Raises:
        PictureError: Playwright is not installed, or the page did not come up.
    """
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError as error:
        raise PictureError("Playwright is not installed; `pip install -r requirements-dev.txt` installs it") from error
    with sync_playwright() as playwright:
        window = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox", "--mute-audio"])
        try:
            page = window.new_page(
                viewport={"width": width, "height": height}, color_scheme="dark" if dark else "light"
            )
            page.set_default_timeout(PATIENCE_S * 1000)
            page.goto(address)
            page.wait_for_selector("[data-testid=player][data-revision][data-seeking=false]")
            # Scores come last; by then Streamlit no longer says that it is running.
            page.wait_for_selector("[data-testid=player-ccc] tbody tr")
            page.wait_for_selector("[data-testid=stStatusWidget]", state="detached")
            page.evaluate("document.fonts.ready")
            page.mouse.move(0, 0)
            return page.screenshot(animations="disabled")
        except Error as error:
            raise PictureError(f"the page at {address} did not come up: {error.message.splitlines()[0]}") from error
        finally:
            window.close()


def packed(picture: bytes, ending: str) -> bytes:
    """A picture small enough for a repository.

    Args:
        picture: PNG.
        ending: .png, which keeps 256 colours, or .webp.

    Raises:
        PictureError: There is no such format, or the picture stays above `MOST_BYTES`.
    """
    if ending not in FORMATS:
        raise PictureError(f"{ending!r} is not a format of the picture; expected {' or '.join(FORMATS)}")
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    buffer = io.BytesIO()
    if ending == ".png":
        image.quantize(256, dither=Image.Dither.NONE).save(buffer, "PNG", optimize=True)
    else:
        image.save(buffer, "WEBP", quality=88, method=6)
    if buffer.tell() > MOST_BYTES:
        raise PictureError(f"the picture has {buffer.tell():,} bytes; expected at most {MOST_BYTES:,}: make it smaller")
    return buffer.getvalue()


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m docs.picture", description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True, help="a .png or .webp file")
    parser.add_argument("--view", default="subject=weak-face-09&frame=400", help="what stands behind ? in the address")
    parser.add_argument("--width", type=int, default=1440, help="of the window, px")
    parser.add_argument("--height", type=int, default=900, help="of the window, px")
    parser.add_argument("--dark", action="store_true", help="in the dark theme")
    chosen = parser.parse_args(arguments)
    try:
        browser = next(filter(None, map(shutil.which, BROWSERS)), None)
        if browser is None:
            raise PictureError(f"there is no Chromium on this machine; expected one of {', '.join(BROWSERS)}")
        with running_dashboard() as address:
            picture = take_picture(
                f"{address}/?{chosen.view}", width=chosen.width, height=chosen.height, dark=chosen.dark, browser=browser
            )
        write_whole(chosen.out, packed(picture, chosen.out.suffix.lower()))
    except (PictureError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"{chosen.out}: {chosen.out.stat().st_size:,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
