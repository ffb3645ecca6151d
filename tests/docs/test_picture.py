"""The README's picture is made by a command, of the page as it is."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from PIL import Image

from docs.picture import MOST_BYTES
from tests.dashboard.projects import Spec, write_project
from tests.dashboard.serving import CHROMIUM, PROJECT

pytestmark = pytest.mark.browser


def run(root, *arguments):
    environment = os.environ | {
        "IACA_DATA": str(root),
        "IACA_FEATURES": str(root / "features"),
        "IACA_CHECKPOINTS": str(root / "checkpoints"),
        "IACA_CACHE": str(root / "cache"),
    }
    command = [sys.executable, "-m", "docs.picture", *arguments]
    return subprocess.run(command, capture_output=True, text=True, cwd=PROJECT, env=environment, check=False)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: install chromium to run the browser tests")
def test_the_picture_shows_the_page_and_stays_small(tmp_path):
    root = write_project(tmp_path / "data", [Spec("someone", 120)])
    done = run(root, "--out", str(tmp_path / "page.png"), "--view", "subject=someone&frame=60", "--width", "1280")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "page.png").stat().st_size <= MOST_BYTES
    with Image.open(tmp_path / "page.png") as picture:
        assert picture.size == (1280, 900)
        colours = {colour for _, colour in picture.convert("RGB").getcolors(1 << 20)}
    # The cursor is the one thing that is red; a palette may darken it.
    assert max(red - max(green, blue) for red, green, blue in colours) > 60


def test_what_stands_in_the_way_is_told_in_a_sentence(tmp_path):
    root = write_project(tmp_path / "data", [Spec("someone", 60)])
    done = run(root, "--out", str(tmp_path / "page.gif"), "--view", "subject=someone")
    assert done.returncode == 1
    assert "error: " in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "page.gif").exists()
