"""Rows as the user arranges them, models side by side, sound, and keys."""

from __future__ import annotations

import time

import pytest
from playwright.sync_api import expect

from tests.dashboard.browsing import PLAYER, choose, open_player, open_sidebar, reload, rest, sample, settle
from tests.dashboard.projects import Spec, write_project
from tests.dashboard.serving import PATIENCE_S


@pytest.fixture(scope="module")
def address(tmp_path_factory, server):
    return server(write_project(tmp_path_factory.mktemp("rows"), [Spec("steady", 150), Spec("long", 1200)]))


@pytest.fixture(autouse=True)
def untouched(page):
    """No test sees how another one arranged the rows."""
    yield
    page.evaluate("localStorage.removeItem('iaca-rows')")


def titles(page):
    return page.locator(".iaca-row-title").all_inner_texts()


def heights(page):
    return [round(box.bounding_box()["height"]) for box in page.locator(".iaca-row-legend").all()]


def ink(page, title, x_share=(0, 1), canvas=".iaca-curves", least=60):
    """Share of a row's pixels that are drawn on, at least so opaque."""
    return page.evaluate(
        """([title, [from, to], selector, least]) => {
          const box = [...document.querySelectorAll('.iaca-row-legend')].find((one) => one.innerText.includes(title));
          const canvas = document.querySelector(selector);
          const ratio = window.devicePixelRatio;
          const [left, right] = [from, to].map((share) => 84 + share * (canvas.width / ratio - 92));
          const pixels = canvas.getContext('2d').getImageData(
            left * ratio, box.offsetTop * ratio, (right - left) * ratio, box.offsetHeight * ratio).data;
          let drawn = 0;
          for (let i = 3; i < pixels.length; i += 4) drawn += pixels[i] > least;
          return drawn / (pixels.length / 4);
        }""",
        [title, x_share, canvas, least],
    )


def wait_for_ink(page, title, more):
    """Wait until more than this share of a row's pixels is drawn on."""
    until = time.monotonic() + PATIENCE_S
    while ink(page, title) <= more and time.monotonic() < until:
        page.wait_for_timeout(50)
    assert ink(page, title) > more


def choose_models(page, choice):
    page.get_by_role("combobox", name="Models").select_option(choice)


def open_menu(page):
    page.locator(".iaca-view summary").click()


def test_rows_are_hidden_moved_and_resized_by_keyboard_and_stay_so(page, address):
    open_player(page, address, "steady")
    before, high = titles(page), heights(page)
    grip = page.get_by_role("button", name="Move or resize the row Attention score (contribution)")
    grip.focus()
    page.keyboard.press("ArrowDown")
    assert titles(page)[:2] == [before[1], before[0]]
    page.keyboard.press("+")
    assert heights(page)[1] == high[0] + 16
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.get_by_role("button", name="Move or resize the row Arousal").focus()
    page.keyboard.press("Delete")
    arranged = [before[1], before[0], *(title for title in before[2:] if title != "Arousal")]
    assert titles(page) == arranged
    reload(page)
    assert titles(page) == arranged
    assert heights(page)[1] == high[0] + 16
    open_menu(page)
    page.get_by_role("button", name="Reset rows").click()
    assert (titles(page), heights(page)) == (before, high)


def test_rows_are_moved_and_resized_by_pointer(page, address):
    open_player(page, address, "steady")
    before, high = titles(page), heights(page)
    edge = page.locator(".iaca-divider").first
    edge.scroll_into_view_if_needed()
    box = edge.bounding_box()
    page.mouse.move(box["x"] + 300, box["y"] + 4)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 64, steps=4)
    page.mouse.up()
    assert heights(page) == [high[0] + 60, *high[1:]]
    page.locator(".iaca-rows").hover()
    grip = page.locator(".iaca-grip").first.bounding_box()
    target = page.locator(".iaca-grip").nth(2).bounding_box()
    page.mouse.move(grip["x"] + 4, grip["y"] + 6)
    page.mouse.down()
    page.mouse.move(grip["x"] + 4, target["y"] + 6, steps=5)
    page.mouse.up()
    assert titles(page) == [*before[1:3], before[0], *before[3:]]


def test_an_arrangement_that_somebody_else_wrote_is_passed_over(page, address):
    open_player(page, address, "steady")
    before = titles(page)
    for text in ("{", '"x"', '{"order": 3, "hidden": [], "heights": {"valence": "tall"}, "layout": 7}', "null"):
        page.evaluate("(text) => localStorage.setItem('iaca-rows', text)", text)
        reload(page)
        assert titles(page) == before


def test_side_by_side_both_panels_have_the_cursor_at_the_frame_and_one_model_each(page, address):
    open_player(page, address, "steady", frame="60")
    choose_models(page, "Side by side")
    page.locator(PLAYER).focus()
    assert page.locator(".iaca-panel-title").all_inner_texts() == ["CA", "CA+IACA"]
    page.keyboard.press("ArrowRight")
    settle(page)
    assert sample(page)["frame"] == 61
    lines = [line.bounding_box()["x"] for line in page.locator(".iaca-cursor").all()]
    panels = [title.bounding_box()["x"] for title in page.locator(".iaca-panel-title").all()]
    assert lines[1] - lines[0] == pytest.approx(panels[1] - panels[0], abs=1)
    assert ink(page, "Stage-2 gate", (0.55, 1)) > 0.9
    # CA has no gates: the difference, which is about both, stands once and there.
    assert titles(page).count("CA+IACA − CA") == 1
    assert 0 < ink(page, "CA+IACA − CA", (0, 0.45)) < 0.5
    assert page.locator(".iaca-none").count() == 0
    # A drag on the right panel moves to the same moment of both.
    plot = page.get_by_test_id("player-plot").bounding_box()
    page.mouse.click(panels[1] + 100, plot["y"] + 60)
    settle(page)
    lines = [line.bounding_box()["x"] for line in page.locator(".iaca-cursor").all()]
    assert lines[1] == pytest.approx(panels[1] + 100, abs=3)
    assert lines[0] == pytest.approx(panels[0] + 100, abs=3)


def test_spans_that_would_hide_the_curves_stay_in_their_lane_until_one_zooms_in(page, address):
    row = {"title": "CA+IACA − CA", "canvas": ".iaca-bands", "least": 0}
    open_player(page, address, "long")
    known = ink(page, **row)
    open_player(page, address, "long", drop_audio="true")
    assert ink(page, **row) == known
    assert "Zoom in" in page.locator("[data-lane='audio dropped']").get_attribute("title")
    page.locator(PLAYER).focus()
    for _ in range(4):
        page.keyboard.press("+")
    page.wait_for_function("!document.querySelector('[data-lane=\"audio dropped\"]').title.includes('Zoom in')")
    assert ink(page, **row) > known + 0.1


def test_one_model_alone_against_the_truth(page, address):
    open_player(page, address, "steady")
    choose_models(page, "CA only")
    legend = page.get_by_test_id("player-legend").inner_text()
    assert "CA+IACA" not in legend
    assert "truth" in legend
    assert "CA+IACA" not in page.get_by_test_id("player-readout").inner_text()
    choose_models(page, "Overlaid")
    assert "CA+IACA − CA" in page.get_by_test_id("player-legend").inner_text()


def test_sound_rows_are_drawn_from_the_sound_of_the_video_once_asked_for(page, address):
    asked = []
    page.on("request", lambda request: asked.append(request.url) if "/iaca/sound/" in request.url else None)
    open_player(page, address, "steady")
    assert not asked
    open_menu(page)
    with page.expect_response(lambda answer: "/iaca/sound/" in answer.url) as answer:
        page.get_by_role("checkbox", name="Sound", exact=True).check()
    assert answer.value.status == 200
    page.get_by_role("checkbox", name="Mel spectrogram").check()
    # A steady tone: its envelope fills most of the row, and the mel bands above it are quiet.
    wait_for_ink(page, "Sound", 0.6)
    wait_for_ink(page, "Mel spectrogram", 0.9)
    assert len(asked) == 1


def test_after_a_choice_by_pointer_the_keys_belong_to_the_player_again(page, address):
    open_player(page, address, "steady")
    expected = 0
    page.get_by_role("switch", name="Drop audio").locator("xpath=ancestor::label").click()
    for label, option, done in (
        ("Pattern", "block", "document.location.search.includes('pattern=block')"),
        ("Subject", "long", f"document.querySelector('{PLAYER}')?.matches('[data-subject=long][data-revision]')"),
    ):
        choose(page, label, option)
        page.wait_for_function("document.activeElement.getAttribute('role') !== 'combobox'")
        page.wait_for_function(done)
        rest(page)
        settle(page)
        expected = sample(page)["frame"] + 1
        page.keyboard.press("ArrowRight")
        page.wait_for_selector(f'{PLAYER}[data-frame="{expected}"]')
    speed = page.get_by_role("combobox", name="Speed")
    speed.click()
    speed.select_option("2×")
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(f'{PLAYER}[data-frame="{expected + 1}"]')


def test_the_list_of_keys_is_opened_by_its_key_and_gives_the_focus_back(page, address):
    open_player(page, address, "steady")
    page.locator(PLAYER).focus()
    page.keyboard.press("?")
    help_ = page.get_by_test_id("player-help")
    assert help_.is_visible()
    listed = help_.locator("kbd").all_inner_texts()
    for key in ("Space", "←", "→", "Home", "End", "[", "]", ",", ".", "Esc", "+", "0", "M", "?"):
        assert key in listed
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Escape")
    assert help_.is_hidden()
    assert sample(page)["frame"] == 0
    page.keyboard.press("ArrowRight")
    settle(page)
    assert sample(page)["frame"] == 1


def test_every_control_of_the_player_is_reached_by_tab_has_a_name_and_shows_its_focus(page, address):
    open_player(page, address, "steady")
    page.locator(".iaca-transport [data-action=home]").focus()
    seen = []
    for _ in range(40):
        found = page.evaluate(
            """() => {
              const one = document.activeElement;
              if (!one.closest('.iaca-player')) return null;
              const name = one.getAttribute('aria-label') ?? one.innerText ?? one.title;
              return [name.trim(), getComputedStyle(one).outlineStyle];
            }"""
        )
        if found is None:
            break
        seen.append(found)
        page.keyboard.press("Tab")
    names = [name for name, _ in seen]
    for name in (
        "First frame",
        "Play",
        "Speed",
        "Mute",
        "Start the range here",
        "Models",
        "Rows",
        "Keyboard shortcuts",
        "Frame",
    ):
        assert name in names
    assert sum("Move or resize" in name for name in names) == 7
    assert all(names)
    # The first was focused by a script: browsers show that as they like.
    assert all(outline != "none" for _, outline in seen[1:])


def test_influence_is_a_row_a_lane_with_a_threshold_and_moments(page, address):
    relation = page.locator("[data-lane='CA: relation']")
    open_player(page, address, "steady")
    assert not any(title.startswith("Influence") for title in titles(page))
    assert relation.count() == 0
    open_player(page, address, "steady", influence="Valence", influence_from="0.02", beside="moments")
    assert [title for title in titles(page) if "Influence" in title] == [
        "Influence on valence · CA",
        "Influence on valence · CA+IACA",
    ]
    assert ink(page, "Influence on valence · CA") > 0.02
    before = relation.evaluate("(lane) => [lane.title, Number(lane.dataset.spans)]")
    assert "counting from 0.02" in before[0]
    assert before[1] > 0
    found = page.locator("[data-testid=moments] [data-kind=dominance], [data-testid=moments] [data-kind=conflict]")
    found.first.wait_for()
    open_sidebar(page)
    page.get_by_role("slider", name="Influence that counts").press("ArrowRight")
    page.wait_for_function("document.querySelector('[data-lane=\"CA: relation\"]').title.includes('from 0.03')")
    page.wait_for_function("document.location.search.includes('influence_from=0.03')")
    page.get_by_role("slider", name="Influence that counts").press("End")
    page.wait_for_function("document.querySelector('[data-lane=\"CA: relation\"]').dataset.spans === '0'")
    expect(found).to_have_count(0)  # the list follows the player
