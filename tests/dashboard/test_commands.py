"""Commands of the player: by key, by button and in the palette."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.dashboard.browsing import PLAYER, open_player, sample, settle
from tests.dashboard.projects import Spec, write_project


@pytest.fixture(scope="module")
def address(tmp_path_factory, server):
    return server(write_project(tmp_path_factory.mktemp("commands"), [Spec("steady", 150)]))


@pytest.fixture(autouse=True)
def untouched(page):
    """No test sees how another one arranged the rows."""
    yield
    page.evaluate("localStorage.removeItem('iaca-rows')")


def open_focused(page, address, **parameters):
    """Open the page with the focus on the player, wherever the tour has put it."""
    open_player(page, address, "steady", **parameters)
    page.locator(PLAYER).focus()


def open_palette(page):
    page.keyboard.press("Control+k")
    palette = page.get_by_test_id("player-palette")
    palette.wait_for()
    return palette


def test_a_command_is_found_by_its_words_and_done_and_the_focus_comes_back(page, address):
    open_focused(page, address)
    page.locator("[data-action=home]").focus()
    palette = open_palette(page)
    field = palette.get_by_role("combobox", name="Find a command")
    field.fill("frame last")
    assert palette.get_by_role("option").all_inner_texts()[0].startswith("Last frame")
    page.keyboard.press("Enter")
    page.wait_for_selector(f'{PLAYER}[data-frame="149"]')
    assert palette.is_hidden()
    assert page.evaluate("document.activeElement.dataset.action") == "home"


def test_in_the_palette_arrows_choose_escape_closes_and_keys_of_the_player_rest(page, address):
    open_focused(page, address)
    palette = open_palette(page)
    page.keyboard.type("one frame")
    chosen = palette.locator("[aria-selected=true]")
    assert chosen.inner_text().startswith("One frame back")
    page.keyboard.press("ArrowDown")
    assert chosen.inner_text().startswith("One frame forward")
    named = palette.get_by_role("combobox").get_attribute("aria-activedescendant")
    assert chosen.get_attribute("id") == named
    page.keyboard.press("Escape")
    assert palette.is_hidden()
    settle(page)
    assert sample(page)["frame"] == 0


def test_what_cannot_be_done_now_says_so_and_does_nothing(page, address):
    open_focused(page, address, frame="10")
    palette = open_palette(page)
    page.keyboard.type("clear range")
    assert palette.get_by_role("option").first.get_attribute("aria-disabled") == "true"
    page.keyboard.press("Enter")
    assert palette.is_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("[")
    page.get_by_test_id("player-range").wait_for()
    open_palette(page)
    page.keyboard.type("clear range")
    page.keyboard.press("Enter")
    page.get_by_test_id("player-range").wait_for(state="hidden")


def test_the_palette_reaches_rows_and_the_page_around_the_player(page, address):
    open_focused(page, address)
    open_palette(page)
    page.keyboard.type("hide valence")
    page.keyboard.press("Enter")
    page.locator(".iaca-row-title", has_text="Valence").wait_for(state="detached")
    open_palette(page)
    page.keyboard.type("drop audio")
    page.keyboard.press("Enter")
    page.locator("[data-lane='audio dropped']").wait_for(state="attached")
    for role, name in (("combobox", "Fusion"), ("button", "Help for Fusion")):
        control = page.get_by_role(role, name=name, exact=True, include_hidden=True)
        assert not control.evaluate("(one) => { one.focus(); return document.activeElement === one; }"), name
    open_palette(page)
    page.keyboard.type("choose the models")
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.getAttribute('aria-label') === 'Fusion'")
    page.get_by_role("combobox", name="Fusion").wait_for()


def test_keys_tooltips_and_the_palette_agree(page, address):
    open_focused(page, address)
    page.keyboard.press("?")
    lines = page.get_by_test_id("player-help").locator("tr:has(kbd):has(td)").all()
    listed = {line.locator("td").inner_text(): "+".join(line.locator("kbd").all_inner_texts()) for line in lines}
    page.keyboard.press("Escape")
    tooltips = [button.get_attribute("title") for button in page.locator(f"{PLAYER} button[data-action]").all()]
    for title, key in (text[:-1].split(" (") for text in tooltips if text.endswith(")")):
        assert listed[title] == key
    palette = open_palette(page)
    for option in palette.get_by_role("option").filter(has=page.locator("kbd")).all():
        title, key = option.locator("span").inner_text(), option.locator("kbd").inner_text()
        assert listed[title] == key


def test_a_slider_keeps_the_keys_that_move_it_and_no_others(page, address):
    open_focused(page, address, frame="20")
    page.get_by_test_id("player-scrub").focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(f'{PLAYER}[data-frame="21"]')
    page.keyboard.press("[")
    page.get_by_test_id("player-range").wait_for()
    assert page.get_by_test_id("player-range").get_attribute("data-first") == "21"


def test_rows_and_range_are_changed_back_and_again(page, address):
    open_focused(page, address)
    titles = page.locator(".iaca-row-title")
    before = titles.all_inner_texts()
    page.get_by_role("button", name="Hide the row Valence").click()
    page.keyboard.press("[")  # the whole recording from here on
    page.get_by_test_id("player-range").wait_for()
    page.get_by_role("combobox", name="Models").select_option("CA only")
    assert len(titles.all_inner_texts()) < len(before) - 1
    page.keyboard.press("Control+z")
    page.wait_for_selector(f"{PLAYER}[data-layout=overlay]")
    page.keyboard.press("Control+z")
    page.get_by_test_id("player-range").wait_for(state="hidden")
    assert titles.all_inner_texts() == [title for title in before if title != "Valence"]
    page.locator(".iaca-view summary").click()
    menu = page.locator(".iaca-view")
    menu.get_by_role("button", name="Undo").click()
    page.wait_for_function(f"document.querySelectorAll('.iaca-row-title').length === {len(before)}")
    assert titles.all_inner_texts() == before
    assert menu.get_by_role("button", name="Undo").get_attribute("aria-disabled") == "true"
    for chord in ("Control+Shift+z", "Control+y"):
        page.keyboard.press(chord)
    page.get_by_test_id("player-range").wait_for()
    assert titles.all_inner_texts() == [title for title in before if title != "Valence"]
    page.keyboard.press("Control+z")
    page.keyboard.press("Control+z")
    page.wait_for_function("!location.search.includes('rows') && !location.search.includes('range')")


def test_the_video_fills_the_screen_and_keys_and_cursor_go_on(page, address):
    open_focused(page, address, frame="10")
    page.keyboard.press("[")
    page.get_by_test_id("player-range").wait_for()
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement?.matches('.iaca-screen')")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(f'{PLAYER}[data-frame="11"]')
    settle(page)
    assert sample(page)["picture"] == 11
    page.keyboard.press("Space")
    page.wait_for_function(f"Number(document.querySelector('{PLAYER}').dataset.frame) > 15")
    page.keyboard.press("Space")
    page.keyboard.press("Escape")
    page.wait_for_function("document.fullscreenElement === null")
    assert page.get_by_test_id("player-range").is_visible()
    page.locator(".iaca-screen").hover()
    page.get_by_role("button", name="Full-screen video, and back").click()
    page.wait_for_function("document.activeElement?.matches('.iaca-screen')")
    page.keyboard.press("f")
    page.wait_for_function("document.fullscreenElement === null")


def test_what_if_is_changed_back_and_again(page, address):
    open_focused(page, address)
    lane, toggle = page.locator("[data-lane='audio dropped']"), page.get_by_role("switch", name="Drop audio")
    toggle.press("Space")
    # The player draws ahead of the page, which owns what is chosen.
    page.locator("[data-action=undo]:not([aria-disabled=true])").wait_for(state="attached")
    page.evaluate(f"document.querySelector('{PLAYER}').focus()")
    page.keyboard.press("Control+z")
    lane.wait_for(state="detached")
    page.wait_for_function("!location.search.includes('drop_audio')")
    expect(toggle).not_to_be_checked()
    page.keyboard.press("Control+y")
    lane.wait_for(state="attached")
    expect(toggle).to_be_checked()
    # In the order in which things were changed.
    page.keyboard.press("[")
    page.get_by_test_id("player-range").wait_for()
    page.keyboard.press("Control+z")
    page.get_by_test_id("player-range").wait_for(state="hidden")
    expect(toggle).to_be_checked()
    page.keyboard.press("Control+z")
    lane.wait_for(state="detached")
