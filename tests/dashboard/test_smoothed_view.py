"""Curves smoothed for the eye: labelled, in the address, and without a word in scores."""

from __future__ import annotations

import pytest

from tests.dashboard.browsing import open_player, open_sidebar
from tests.dashboard.projects import Spec, write_project


@pytest.fixture(scope="module")
def address(tmp_path_factory, server):
    return server(write_project(tmp_path_factory.mktemp("smooth"), [Spec("someone", 200)]))


def titles(page):
    return page.locator(".iaca-row-title").all_inner_texts()


def numbers(page):
    """Scores of the range and of the whole recording, and values at the cursor."""
    return [page.get_by_test_id(f"player-{name}").inner_text() for name in ("range-scores", "ccc", "readout")]


def test_the_toggle_labels_rows_and_stands_in_the_address_while_scores_stay(page, address):
    open_player(page, address, "someone", range="20-150", frame="60")
    before, plain = numbers(page), titles(page)
    assert all(before)
    assert not any("smoothed" in title for title in plain)
    open_sidebar(page)
    page.get_by_text("Smooth curves (display only, half a second)").click()
    page.locator(".iaca-row-title", has_text="(smoothed)").first.wait_for()
    page.wait_for_url("**smooth=true**")
    assert titles(page) == [f"{title} (smoothed)" for title in plain]
    assert numbers(page) == before


def test_a_link_opens_the_smoothed_view(page, address):
    open_player(page, address, "someone", smooth="true")
    assert all("(smoothed)" in title for title in titles(page))
