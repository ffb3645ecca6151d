"""A page that has to wait for its turn says how many are ahead, and shows what was asked for last."""

from __future__ import annotations

import re

import pytest

from dashboard.sections.busy import sentence
from tests.dashboard.browsing import open_player, slide
from tests.dashboard.projects import Spec, write_project

CROWD = """
import threading
import time
from pathlib import Path

from dashboard.turns import PAGES


def ask(owner):
    while True:
        if not (Path(__file__).parent / "busy").exists():
            time.sleep(0.02)
            continue
        with PAGES.turn(owner):
            time.sleep(0.5)


for number in range(12):
    threading.Thread(target=ask, args=(f"other {number}",), daemon=True).start()
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = write_project(tmp_path_factory.mktemp("busy"), [Spec("steady", 100)])
    (root / "plugin.py").write_text(CROWD)
    return root


@pytest.fixture(scope="module")
def address(root, server):
    return server(root)


def test_the_page_says_how_many_are_ahead_and_no_more_once_it_is_served(page, root, address):
    open_player(page, address, "steady", drop_audio="true")
    top = page.locator("[data-testid=player]").bounding_box()["y"]
    (root / "busy").touch()
    slider = page.get_by_role("slider", name="Audio dropout (%)")
    slider.press("ArrowRight")
    slider.press("ArrowRight")
    busy = page.locator(".st-key-busy")
    busy.wait_for()
    assert re.fullmatch(r"The server is busy: \d+ requests? ahead", busy.inner_text())
    assert page.locator("[data-testid=player]").bounding_box()["y"] == top
    (root / "busy").unlink()
    busy.wait_for(state="detached")
    page.get_by_test_id("stStatusWidget").wait_for(state="detached")
    slide(page, "Audio dropout (%)", "ArrowRight")
    assert busy.count() == 0


def test_one_is_a_request_and_two_are_requests():
    assert sentence(1) == "The server is busy: 1 request ahead"
    assert sentence(12) == "The server is busy: 12 requests ahead"
