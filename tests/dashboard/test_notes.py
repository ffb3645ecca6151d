"""Notes and saved views, as somebody writes them on the page, in two tabs."""

from __future__ import annotations

import csv
import io
import json
import zipfile

import pytest
from playwright.sync_api import expect

from tests.dashboard.browsing import PLAYER, downloaded, open_player, rest, settle, wait_for_address
from tests.dashboard.projects import Spec, write_project

TEXT = "=smile? <img src=x onerror=window.ran=1> **b**"


@pytest.fixture(scope="module")
def address(tmp_path_factory, server):
    return server(write_project(tmp_path_factory.mktemp("notes"), [Spec("steady", 150)]))


def add(page, text):
    rest(page)
    page.get_by_role("textbox", name="New note").fill(text)
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_text("Added").wait_for()


def test_notes_and_views_are_written_seen_in_another_tab_shared_and_restored(page, address, chromium, tmp_path):
    open_player(page, address, "steady", beside="notes", frame="60", dropout="70", drop_audio="true")
    add(page, TEXT)
    listed = page.get_by_test_id("notes").locator("li .text")
    expect(listed).to_have_text([TEXT])
    tick = page.locator("[data-testid=player-marks] button")
    expect(tick).to_have_attribute("title", f"{TEXT} (2.40 s)")
    assert page.locator("[data-lane=notes] span").get_attribute("title").startswith(TEXT)
    page.locator(PLAYER).focus()
    page.keyboard.press("[")
    for _ in range(50):
        page.keyboard.press("ArrowRight")
    page.keyboard.press("]")
    settle(page)
    add(page, "a span")
    expect(listed).to_have_count(2)
    page.get_by_role("textbox", name="Name of the view").fill(TEXT)
    page.get_by_role("button", name="Save view").click()
    link = page.get_by_role("link", name="=smile")
    link.wait_for()

    other = chromium.new_page()
    try:
        open_player(other, address, "steady", beside="notes")
        expect(other.get_by_test_id("notes").locator("li .text")).to_have_text([TEXT, "a span"])
        other.get_by_test_id("notes").locator(".seek").first.click()
        other.wait_for_function(f"document.querySelector('{PLAYER}').dataset.frame === '60'")
        other.get_by_role("button", name="Edit the note at 0:02.4", exact=True).click()
        text = other.get_by_role("textbox", name="Text of the note")
        text.fill("changed")
        other.get_by_role(
            "button", name="Export", exact=True
        ).click()  # a run of the page takes nothing from who writes
        other.get_by_role("button", name="Make MP4").wait_for()
        other.keyboard.press("Escape")
        other.get_by_test_id("stPopoverBody").wait_for(state="detached")
        rest(other)
        expect(text).to_have_value("changed")
        other.get_by_role("button", name="Save", exact=True).click()
        expect(other.get_by_test_id("notes").locator("li .text").first).to_have_text("changed")
    finally:
        other.close()
    # This tab has not seen the change yet, and does not undo it.
    page.get_by_role("button", name="Edit the note at 0:02.4", exact=True).click()
    page.get_by_role("textbox", name="Text of the note").fill("lost")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("changed or deleted in another tab").wait_for()
    expect(listed.first).to_have_text("changed")

    with page.expect_download() as download:
        page.get_by_role("button", name="All notes and views as a file").click()
    content = json.loads(download.value.path().read_text())
    assert [(note["text"], note["end_s"]) for note in content["notes"]] == [("changed", None), ("a span", 4.4)]
    page.get_by_role("button", name="Delete the note at 0:02.4", exact=True).click()
    expect(listed).to_have_text(["a span"])
    (tmp_path / "shared.json").write_text(json.dumps(content))
    page.locator("[data-testid=notes] input[type=file]").set_input_files(tmp_path / "shared.json")
    page.get_by_text("Added: 1 notes and 0 views. Already there: 2.").wait_for()

    page.goto(f"{address}/?subject=steady&beside=notes")
    page.wait_for_selector(f"{PLAYER}[data-revision]")
    rest(page)
    link.click()
    wait_for_address(page, "dropout=70")
    page.wait_for_selector(f"{PLAYER}[data-revision][data-frame='110']")
    wait_for_address(page, "range=60-110")
    expect(page.get_by_role("switch", name="Drop audio")).to_be_checked()
    assert page.evaluate("window.ran") is None

    page.wait_for_selector(f"{PLAYER}[data-revision]")
    page.get_by_role("button", name="Export", exact=True).click()
    page.get_by_text("Many moments as one zip").click()
    page.get_by_role("button", name="Make ZIP of 2 moments").click()
    button = page.locator(".st-key-take_zip_zip button")
    button.wait_for(timeout=180_000)
    name, made = downloaded(page, button)
    assert name == "moments_steady_ca-vs-ca_iaca_audio-dropped-70pct-scattered.zip"
    with zipfile.ZipFile(io.BytesIO(made)) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read("manifest.csv").decode())))
        assert {"manifest.csv", *(row["file"] for row in rows)} == set(archive.namelist())
    assert [(row["moment"], row["about"]) for row in rows] == [("note", "a span"), ("note", "changed")]
    assert rows[0]["what_if"] == "70% of the audio clips dropped"
    assert (float(rows[0]["start_s"]), float(rows[0]["end_s"])) == (2.4, 4.4)
