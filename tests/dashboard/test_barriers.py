"""axe-core finds no serious barrier in the pages, light and dark."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.dashboard.browsing import open_player
from tests.dashboard.projects import Spec, write_project

OFF = [".st-key-dropout", ".st-key-pattern", ".st-key-seed"]
"""Streamlit's controls that are off until audio is dropped: WCAG asks no contrast of them, but axe cannot tell."""


@pytest.fixture(scope="module")
def address(tmp_path_factory, server):
    return server(write_project(tmp_path_factory.mktemp("barriers"), [Spec("someone", 120)]))


def serious(page):
    """What axe calls serious or critical: rule, element and reason."""
    found = Axe().run(page, context={"exclude": [[one] for one in OFF]}, options={"resultTypes": ["violations"]})
    return [
        (rule["id"], node["html"][:120], node["failureSummary"])
        for rule in found.response["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_player_with_a_range_the_downloads_and_the_tour_have_no_barrier(page, address, scheme):
    page.emulate_media(color_scheme=scheme)
    open_player(page, address, "someone", range="20-60", tour="1")
    page.get_by_test_id("tour").wait_for()
    assert serious(page) == []
    page.get_by_test_id("tour").get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Take it with you").click()
    page.get_by_role("button", name="Make MP4").wait_for()
    assert serious(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_about_the_models_has_no_barrier(page, address, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{address}/about")
    page.get_by_text("means nothing").wait_for()
    page.get_by_test_id("stStatusWidget").wait_for(state="detached")
    page.wait_for_function("[...document.querySelectorAll('style')].some((s) => /katex-display/.test(s.textContent))")
    page.wait_for_timeout(2000)  # captions fade in
    assert serious(page) == []
