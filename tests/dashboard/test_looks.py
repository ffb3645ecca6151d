"""The page as a user sees it: light and dark, wide and narrow, and with damaged files."""

from __future__ import annotations

import itertools

import pytest

from tests.dashboard.browsing import PLAYER, open_player
from tests.dashboard.projects import Spec, write_project

SHADES = """() => {
  const style = (selector) => getComputedStyle(document.querySelector(selector));
  const ink = document.querySelector('[data-testid=player-plot] .iaca-y-tick');
  return {
    page: style('[data-testid=stApp]').backgroundColor,
    text: style('.iaca-row-title').color,
    axis: getComputedStyle(ink).color,
  };
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory, server):
    root = write_project(tmp_path_factory.mktemp("looks"), [Spec("good", 80), Spec("bad", 80)])
    checkpoint = root / "checkpoints" / "ca.safetensors"
    checkpoint.write_bytes(checkpoint.read_bytes()[:-64])
    (root / "batch1" / "bad.mp4").write_bytes(b"this is no video")
    return server(root)


def brightness(colour):
    numbers = [float(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3]]
    return sum(numbers) / 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_and_axes_stand_out_in_both_themes_and_follow_a_change(page, address, scheme):
    other = "dark" if scheme == "light" else "light"
    page.emulate_media(color_scheme=scheme)
    open_player(page, address, "good")
    for expected in (scheme, other):
        page.emulate_media(color_scheme=expected)
        is_dark = "true" if expected == "dark" else "false"
        page.wait_for_function(f"document.querySelector('{PLAYER}').classList.contains('iaca-dark') === {is_dark}")
        shades = page.evaluate(SHADES)
        dark = expected == "dark"
        assert (brightness(shades["page"]) < 80) == dark
        assert abs(brightness(shades["text"]) - brightness(shades["page"])) > 120
        assert abs(brightness(shades["axis"]) - brightness(shades["page"])) > 100


@pytest.mark.parametrize("width", [1280, 1680])
def test_nothing_overlaps_or_leaves_the_window(page, address, width):
    page.set_viewport_size({"width": width, "height": 1000})
    open_player(page, address, "good")
    boxes = {
        name: page.get_by_test_id(f"player-{name}").bounding_box()
        for name in ("video", "plane", "readout", "plot", "legend", "scrub")
    }
    for name, box in boxes.items():
        assert box["width"] > 60, name
        assert box["x"] + box["width"] <= width, name
    assert boxes["video"]["x"] + boxes["video"]["width"] <= boxes["plane"]["x"] + 1
    assert boxes["plane"]["x"] + boxes["plane"]["width"] <= boxes["readout"]["x"] + 1
    assert boxes["plot"]["x"] + boxes["plot"]["width"] <= boxes["legend"]["x"] + 1
    legends = [box.bounding_box() for box in page.get_by_test_id("player-legend").locator("> div").all()]
    for above, below in itertools.pairwise(legends):
        assert above["y"] + above["height"] <= below["y"] + 1


@pytest.mark.parametrize(("width", "height"), [(1280, 800), (1920, 1080)])
def test_the_page_begins_below_its_bar_and_the_picture_stays_in_sight_down_to_the_last_row(
    page, address, width, height
):
    page.set_viewport_size({"width": width, "height": height})
    open_player(page, address, "good")
    assert page.get_by_test_id("stMainBlockContainer").locator("p").first.bounding_box()["y"] < 60
    rows = page.get_by_test_id("player-legend").locator("> div")
    rows.nth(rows.count() - 1).scroll_into_view_if_needed()
    picture, last = page.get_by_test_id("player-canvas").bounding_box(), rows.last.bounding_box()
    controls = page.get_by_role("group", name="Playback").bounding_box()
    assert picture["y"] >= 0
    assert picture["y"] + picture["height"] <= controls["y"]
    assert controls["y"] + controls["height"] <= last["y"]
    assert last["y"] + last["height"] <= height + 1
    first = rows.first.bounding_box()
    below = height - controls["y"] - controls["height"]
    assert last["y"] + last["height"] - first["y"] <= below, "not all rows are seen at once below the picture"


def test_rows_take_the_room_that_a_higher_window_gives_and_no_more(page, address):
    page.set_viewport_size({"width": 1280, "height": 800})
    open_player(page, address, "good")
    plot = page.get_by_test_id("player-plot")
    low = plot.bounding_box()["height"]
    for height in (1000, 1300):
        page.set_viewport_size({"width": 1280, "height": height})
        page.wait_for_function(f"document.querySelector('[data-testid=player-plot]').offsetHeight > {low}")
        high = plot.bounding_box()["height"]
    page.set_viewport_size({"width": 1280, "height": 1500})
    page.wait_for_timeout(500)
    assert plot.bounding_box()["height"] == high


def test_the_plane_is_drawn_anew_for_another_height_of_the_window(page, address):
    page.set_viewport_size({"width": 1280, "height": 800})
    open_player(page, address, "good")
    low = page.get_by_test_id("player-plane").bounding_box()["height"]
    page.set_viewport_size({"width": 1280, "height": 1100})
    page.wait_for_function(
        """() => {
          const plane = document.querySelector('[data-testid=player-plane]');
          return plane.width === Math.round(plane.clientWidth * devicePixelRatio);
        }"""
    )
    assert page.get_by_test_id("player-plane").bounding_box()["height"] > low + 50


def test_damaged_files_are_told_in_a_sentence_and_the_rest_works(page, address):
    page.goto(f"{address}/?subject=bad")
    page.wait_for_selector(f'{PLAYER}[data-subject="bad"][data-revision]')
    page.locator("[data-testid=stAlert]").wait_for()
    text = page.locator("body").inner_text()
    assert "ca.safetensors" in text
    assert "bad.mp4" in text
    assert "Traceback" not in text
    assert "There is no video for this subject" in text
    assert page.locator("[data-testid=stException]").count() == 0
    page.get_by_test_id("player-scrub").evaluate("(bar) => { bar.value = 40; bar.dispatchEvent(new Event('input')); }")
    assert page.get_attribute(PLAYER, "data-frame") == "40"
    assert page.get_by_test_id("player-legend").locator("> div").count() == 6
