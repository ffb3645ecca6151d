"""The part of the recording that is shown: its window on the scrub bar, its buttons, what is read at the pointer."""

from __future__ import annotations

import pytest

from tests.dashboard.browsing import PLAYER, open_player, sample, settle
from tests.dashboard.projects import Spec, write_project

SHOWN = "[data-testid=player-plot]"


@pytest.fixture(scope="module")
def address(tmp_path_factory, server):
    return server(write_project(tmp_path_factory.mktemp("zoom"), [Spec("steady", 250)]))


def shown(page):
    """First and last second of what the rows show."""
    plot = page.locator(SHOWN)
    return float(plot.get_attribute("data-start")), float(plot.get_attribute("data-end"))


def wait_shown(page, condition):
    page.wait_for_function(
        f"(() => {{ const {{ start, end }} = document.querySelector('{SHOWN}').dataset; return {condition}; }})()"
    )


def zoom(page, presses=4):
    """Zoom in around the cursor by keys."""
    page.evaluate(f"document.querySelector('{PLAYER}').focus({{ preventScroll: true }})")
    before = shown(page)
    for _ in range(presses):
        page.keyboard.press("+")
    factor = 1.4**-presses * 1.01
    wait_shown(page, f"end - start < {factor * (before[1] - before[0])}")
    return shown(page)


def part(page, name):
    return page.get_by_role("slider", name=name, exact=True)


def drag(page, locator, pixels):
    box = locator.bounding_box()
    x, y = box["x"] + 3, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + pixels, y, steps=4)
    page.mouse.up()


def test_the_window_stands_on_the_scrub_bar_where_the_rows_look(page, address):
    open_player(page, address, "steady", frame="125")
    assert part(page, "What is shown").count() == 0
    start, end = zoom(page)
    bar, body = page.get_by_test_id("player-overview").bounding_box(), part(page, "What is shown").bounding_box()
    whole = 249 / 25
    assert (body["x"] - bar["x"]) / bar["width"] == pytest.approx(start / whole, abs=0.01)
    assert body["width"] / bar["width"] == pytest.approx((end - start) / whole, abs=0.01)
    assert part(page, "What is shown").get_attribute("aria-valuetext") == f"{start:.1f} to {end:.1f} of 10.0 seconds"
    assert float(part(page, "Start of what is shown").get_attribute("aria-valuenow")) == pytest.approx(start, abs=0.01)
    page.get_by_role("button", name="Show the whole recording").click()
    part(page, "What is shown").wait_for(state="hidden")
    assert shown(page) == pytest.approx((0, whole))


def test_the_window_is_moved_and_resized_by_pointer_and_the_cursor_stays(page, address):
    open_player(page, address, "steady", frame="125")
    start, end = zoom(page)
    second = 9.96 / page.get_by_test_id("player-overview").bounding_box()["width"]
    drag(page, part(page, "What is shown"), -100)
    wait_shown(page, f"start < {start} - 0.5")
    moved = shown(page)
    assert moved == pytest.approx((start - 100 * second, end - 100 * second), abs=0.05)
    drag(page, part(page, "End of what is shown"), 50)
    wait_shown(page, f"end > {moved[1]} + 0.3")
    assert shown(page)[0] == moved[0]
    assert sample(page)["frame"] == 125
    # A click that does not move anything moves the cursor there, as on the bar.
    box = part(page, "What is shown").bounding_box()
    bar = page.get_by_test_id("player-overview").bounding_box()
    page.mouse.click(box["x"] + 10, box["y"] + 10)
    settle(page)
    assert sample(page)["frame"] == pytest.approx(249 * (box["x"] + 10 - bar["x"]) / bar["width"], abs=1)


def test_the_window_is_moved_and_resized_by_keyboard(page, address):
    open_player(page, address, "steady", frame="125")
    start, end = zoom(page)
    part(page, "What is shown").focus()
    page.keyboard.press("End")
    wait_shown(page, "end > 9.95")
    assert shown(page)[1] - shown(page)[0] == pytest.approx(end - start)
    page.keyboard.press("Home")
    wait_shown(page, "start < 0.01")
    page.keyboard.press("Tab")
    page.keyboard.press("ArrowRight")
    wait_shown(page, f"end > {1.04 * (end - start)}")
    assert sample(page)["frame"] == 125
    page.keyboard.press("0")
    part(page, "What is shown").wait_for(state="hidden")
    assert page.evaluate(f"document.activeElement === document.querySelector('{PLAYER}')")


def test_a_cursor_out_of_sight_is_told_and_shown(page, address):
    open_player(page, address, "steady", frame="25")
    zoom(page)
    away = page.locator(".iaca-away")
    assert away.is_hidden()
    part(page, "What is shown").focus()
    page.keyboard.press("End")
    away.wait_for()
    assert away.inner_text() == "Cursor at 1.0 s is left of what is shown – show it"
    away.click()
    away.wait_for(state="hidden")
    assert shown(page)[0] <= 1 <= shown(page)[1]
    assert sample(page)["frame"] == 25


def test_the_time_axis_stays_in_sight_where_rows_do_not_fit_and_brushes_there_too(page, address):
    page.set_viewport_size({"width": 1280, "height": 480})
    open_player(page, address, "steady")
    axis = page.locator(".iaca-x-axes").bounding_box()
    assert axis["y"] + axis["height"] <= 480
    assert page.locator(SHOWN).bounding_box()["height"] > 300
    page.mouse.move(700, axis["y"] + 12)
    page.mouse.down()
    page.mouse.move(800, axis["y"] + 12, steps=4)
    page.mouse.up()
    page.get_by_test_id("player-range").wait_for()


def test_while_it_plays_pages_are_turned_until_the_user_pans(page, address):
    open_player(page, address, "steady")
    start, end = zoom(page, 6)
    page.get_by_role("combobox", name="Speed").select_option("0.5")  # so that it has not ended when the user pans
    page.locator(PLAYER).focus()
    follow = page.get_by_role("button", name="Follow the cursor while playing")
    assert follow.get_attribute("aria-pressed") == "true"
    page.keyboard.press("Space")
    wait_shown(page, f"start > {start} + 0.5")
    assert shown(page)[1] - shown(page)[0] == pytest.approx(end - start)
    part(page, "What is shown").focus()
    page.keyboard.press("End")
    page.wait_for_selector("[data-action=follow][aria-pressed=false]")
    page.locator(".iaca-away").wait_for()
    wait_shown(page, "end > 9.95")
    page.keyboard.press("Space")
    follow.click()
    wait_shown(page, "end < 9.95")
    assert follow.get_attribute("aria-pressed") == "true"
    assert page.locator(".iaca-away").is_hidden()


def test_values_at_the_pointer_are_read_without_moving_the_cursor(page, address):
    open_player(page, address, "steady", frame="40")
    values, table = page.locator(".iaca-row-head"), page.get_by_test_id("player-readout")
    at_cursor = values.all_inner_texts(), table.inner_text()
    plot, line = page.locator(SHOWN).bounding_box(), page.get_by_test_id("player-pointer")
    assert not line.is_visible()
    page.mouse.move(plot["x"] + 0.7 * plot["width"], plot["y"] + 40)
    table.get_by_text("At the pointer").wait_for()
    assert line.is_visible()
    at_pointer = values.all_inner_texts()
    assert at_pointer != at_cursor[0]
    assert sample(page)["frame"] == 40
    second = float(page.locator(".iaca-pointer-time").inner_text().removesuffix(" s"))
    # The same as at a cursor there, for every row.
    page.mouse.click(plot["x"] + 0.7 * plot["width"], plot["y"] + 40)
    settle(page)
    assert sample(page)["pts"] == pytest.approx(second, abs=0.005)
    table.get_by_text("At the cursor").wait_for()
    assert values.all_inner_texts() == at_pointer
    page.keyboard.press("Home")
    for _ in range(40):
        page.keyboard.press("ArrowRight")
    page.wait_for_selector(f'{PLAYER}[data-frame="40"]')
    page.mouse.move(plot["x"] + 0.5 * plot["width"], plot["y"] + 40)
    table.get_by_text("At the pointer").wait_for()
    page.mouse.move(plot["x"] + 0.5 * plot["width"], 20)
    table.get_by_text("At the cursor").wait_for()
    assert (values.all_inner_texts(), table.inner_text()) == at_cursor
    assert not line.is_visible()
