"""The page as a user sees it: light and dark, wide and narrow, and with damaged files."""

from __future__ import annotations

import itertools

import pytest

from tests.dashboard.browsing import PLAYER, open_player, rest, text_of
from tests.dashboard.projects import Spec, write_project
from tests.dashboard.serving import PATIENCE_S

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


SIZES = [(1280, 720), (1440, 900), (1920, 1080), (2560, 1440)]
PARTS = {
    "player": PLAYER,
    "video": "[data-testid=player-video]",
    "plane": "[data-testid=player-plane]",
    "readout": "[data-testid=player-readout]",
    "scores": "[data-testid=player-ccc]",
    "transport": ".iaca-transport",
    "scrub bar": "[data-testid=player-scrub]",
    "lanes": "[data-testid=player-episodes]",
    "rows": "[data-testid=player-plot]",
    "time axis": ".iaca-x-axes .iaca-x-tick",
    "dropout": ".st-key-dropout_bar",
}


def parts(page):
    """The boxes of what has to be seen at once, rows by their titles, once all have stayed in their places."""
    boxes = {}
    for _ in range(PATIENCE_S):
        last, boxes = boxes, measured(page)
        if boxes == last:
            break
        page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return boxes


def measured(page):
    return page.evaluate(
        """(parts) => {
          const box = (element) => {
            const { x, y, width, height } = element.getBoundingClientRect();
            return { x, y, width, height };
          };
          const boxes = Object.entries(parts).map(([name, selector]) => [name, box(document.querySelector(selector))]);
          const rows = [...document.querySelectorAll('.iaca-row-legend')];
          boxes.push(...rows.map((row) => [row.querySelector('.iaca-row-title').innerText, box(row)]));
          return Object.fromEntries(boxes);
        }""",
        PARTS,
    )


def ends(box):
    """Its right and lower ends."""
    return box["x"] + box["width"], box["y"] + box["height"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_all_that_matters_is_seen_at_once_when_the_page_opens(page, address, scheme):
    page.emulate_media(color_scheme=scheme)
    for width, height in SIZES:
        page.set_viewport_size({"width": width, "height": height})
        open_player(page, address, "good")
        boxes = parts(page)
        for name, box in boxes.items():
            assert box["x"] >= 0, (width, name)
            assert box["y"] >= 0, (width, name)
            assert ends(box)[0] <= width, (width, name)
            assert ends(box)[1] <= height, (width, name)
        assert boxes["video"]["height"] >= 0.2 * boxes["player"]["height"], width
        for name in ("Valence", "Arousal"):
            assert boxes[name]["height"] >= 45, (width, name)


def test_on_a_small_screen_the_video_valence_and_arousal_are_seen_at_once(page, address):
    page.set_viewport_size({"width": 1024, "height": 768})
    open_player(page, address, "good")
    boxes = parts(page)
    for name in ("video", "Valence", "Arousal"):
        assert boxes[name]["y"] >= 0
        assert ends(boxes[name])[1] <= 768


@pytest.mark.parametrize("width", [1024, 1280, 1920])
def test_what_is_seen_stands_left_of_the_rows_and_nothing_overlaps(page, address, width):
    page.set_viewport_size({"width": width, "height": 900})
    open_player(page, address, "good")
    boxes = parts(page)
    for name in ("video", "plane", "readout", "scores"):
        assert ends(boxes[name])[0] <= boxes["rows"]["x"]
    for above, below in itertools.pairwise(("video", "plane", "readout", "scores")):
        assert ends(boxes[above])[1] <= boxes[below]["y"] + 1
    for above, below in itertools.pairwise(("transport", "scrub bar", "lanes", "rows")):
        assert ends(boxes[above])[1] <= boxes[below]["y"] + 1
    heads = [head.bounding_box() for head in page.locator(".iaca-row-head").all()]
    rows = [row.bounding_box() for row in page.locator(".iaca-row-legend").all()]
    for head, row in zip(heads, rows, strict=True):
        assert ends(head)[1] <= row["y"] + 1
    for row, head in itertools.pairwise(itertools.chain(*zip(heads, rows, strict=True))):
        assert ends(row)[1] <= head["y"] + 1


def test_a_narrow_window_stacks_the_video_above_the_rows(page, address):
    page.set_viewport_size({"width": 800, "height": 900})
    open_player(page, address, "good")
    boxes = parts(page)
    assert ends(boxes["video"])[1] <= boxes["transport"]["y"] + 1
    for beside in ("plane", "readout"):
        assert abs(boxes[beside]["y"] - boxes["video"]["y"]) <= 8, beside
    assert boxes["rows"]["width"] > 700
    for name, box in boxes.items():
        assert ends(box)[0] <= 800, name


def test_the_picture_and_the_transport_stay_in_sight_down_to_the_last_row(page, address):
    page.set_viewport_size({"width": 1280, "height": 560})
    open_player(page, address, "good")
    page.mouse.move(900, 400)
    page.mouse.wheel(0, 3000)
    page.wait_for_function(f"document.querySelector('{PLAYER}').getBoundingClientRect().y < 0")
    boxes = parts(page)
    assert boxes["video"]["y"] >= 0
    assert boxes["transport"]["y"] >= 0
    assert boxes["player"]["y"] < 0


def test_rows_grow_with_the_window(page, address):
    page.set_viewport_size({"width": 1280, "height": 720})
    open_player(page, address, "good")
    for height in (900, 1100, 1400):
        low = parts(page)
        page.set_viewport_size({"width": 1280, "height": height})
        page.wait_for_function(
            f"document.querySelector('[data-testid=player-plot]').offsetHeight > {low['rows']['height'] + 100}"
        )
        high = parts(page)
        assert high["Valence"]["height"] > low["Valence"]["height"] + 15
        below = page.locator(".st-key-dock").bounding_box()
        assert height - 5 < ends(below)[1] <= height
        assert below["y"] - 40 < ends(high["rows"])[1] <= below["y"]


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
    rest(page)
    text = text_of(page)
    assert "ca.safetensors" in text
    assert "bad.mp4" in text
    assert "Traceback" not in text
    assert "There is no video for this subject" in text
    assert page.locator("[data-testid=stException]").count() == 0
    page.get_by_test_id("player-scrub").evaluate("(bar) => { bar.value = 40; bar.dispatchEvent(new Event('input')); }")
    assert page.get_attribute(PLAYER, "data-frame") == "40"
    assert page.get_by_test_id("player-legend").locator("> div").count() == 6
