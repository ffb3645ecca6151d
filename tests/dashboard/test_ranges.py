"""A range of frames: brushed, scored, repeated, and kept in the address with the exact frame."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest
from playwright.sync_api import expect

from iaca.checkpoints import load_checkpoint
from iaca.config import DropoutConfig
from iaca.features.feature_files import read_features
from iaca.inference import infer
from iaca.metrics import ccc, rmse
from tests.dashboard.browsing import PLAYER, choose, open_player, rest, sample, settle, state
from tests.dashboard.projects import Spec, write_project


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    names = ("mute-1", "mute-2")
    root = write_project(
        tmp_path_factory.mktemp("ranges"), [Spec("steady", 250), Spec("short", 60), *(Spec(one, 120) for one in names)]
    )
    for name in names:
        (root / "batch1" / f"{name}.mp4").unlink()
    return root


@pytest.fixture(scope="module")
def address(project, server):
    return server(project)


def place(page, second):
    """Where a second lies on the rows, as a viewer reads it off the time axis."""
    ticks = page.locator(".iaca-x-tick")
    (first, x0), (last, x1) = (
        (float(tick.inner_text()), (box := tick.bounding_box())["x"] + box["width"] / 2)
        for tick in (ticks.first, ticks.last)
    )
    return x0 + (second - first) * (x1 - x0) / (last - first)


def brush(page, start_s, end_s):
    rest(page)  # what it draws moves the rows
    rows = page.get_by_test_id("player-plot").bounding_box()
    y = rows["y"] + 40
    page.keyboard.down("Shift")
    page.mouse.move(place(page, start_s), y)
    page.mouse.down()
    page.mouse.move(place(page, end_s), y, steps=5)
    page.mouse.up()
    page.keyboard.up("Shift")
    page.wait_for_selector("[data-testid=player-range]:not([hidden])")


TELL = """
() => {
  window.told = [];
  document.addEventListener('iaca-place', (event) => window.told.push(event.detail));
}
"""


def limits(page):
    panel = page.get_by_test_id("player-range")
    return int(panel.get_attribute("data-first")), int(panel.get_attribute("data-last"))


def test_other_components_are_told_where_the_player_stands_and_can_ask_later(page, address):
    open_player(page, address, "steady")
    page.evaluate(TELL)
    page.keyboard.press("Shift+ArrowRight")
    settle(page)
    place = page.evaluate("told.at(-1)")
    assert (place["subject"], place["frame"], place["range"]) == ("steady", 25, None)
    assert place["second"] == pytest.approx(1.0)
    assert "valence" in [key for key, _ in place["rows"]]
    assert page.evaluate("iacaPlace") == place
    before = len(page.evaluate("told"))
    page.wait_for_timeout(700)
    assert len(page.evaluate("told")) == before


def test_a_range_is_told_once_it_is_brushed_and_not_before(page, address):
    open_player(page, address, "steady")
    page.evaluate(TELL)
    brush(page, 2.0, 5.0)
    settle(page)
    ranges = {tuple(place["range"]) for place in page.evaluate("told") if place["range"]}
    assert ranges == {limits(page)}
    page.keyboard.press("Escape")
    page.wait_for_function("told.at(-1).range === null")


def test_a_brushed_range_is_scored_as_the_metrics_do_it_over_annotated_frames(page, address, project):
    open_player(page, address, "steady", drop_audio="true", dropout="60")
    brush(page, 2.0, 7.5)
    first, last = limits(page)
    assert abs(first - 50) <= 2
    assert abs(last - 187) <= 2
    features = read_features(project / "features" / "steady.safetensors")
    inside = np.zeros(250, bool)
    inside[first : last + 1] = True
    valid = int((inside & np.isfinite(features.valence)).sum())
    assert 0 < valid < last - first + 1
    panel = page.get_by_test_id("player-range")
    assert f"{valid} of {last - first + 1} annotated" in panel.inner_text()
    dropout = [DropoutConfig(share=0.6)]
    shown = page.get_by_test_id("player-range-scores").locator("tbody tr")
    for i, name in enumerate(("ca", "ca_iaca")):
        frames = infer(features, load_checkpoint(project / "checkpoints" / f"{name}.safetensors"), dropout).frames
        expected = [
            measure(frames[f"{target}_truth"], frames[target], inside)
            for measure in (ccc, rmse)
            for target in ("valence", "arousal")
        ]
        cells = shown.nth(i).locator("td").evaluate_all("(cells) => cells.map((cell) => Number(cell.dataset.value))")
        np.testing.assert_allclose(cells, expected, atol=1e-5)
    stage2 = page.locator("[data-testid=player-range-gates] td[data-row=stage2_1]")
    names = [f"valence_stage2_{name}" for name in ("audio", "joint", "visual")]
    means = json.loads(stage2.get_attribute("data-means"))
    np.testing.assert_allclose(means, frames.loc[inside, names].mean(), atol=1e-5)


CLEAR_OF_TRANSPORT = """
() => document.querySelector('[data-testid=stMain]').scrollTop === 0
  && document.querySelector('.iaca-range').getBoundingClientRect().top
     >= document.querySelector('.iaca-transport').getBoundingClientRect().bottom
"""


def test_rows_stay_under_the_pointer_that_brushes_them_then_leave_room_for_the_panel(page, address):
    page.set_viewport_size({"width": 1280, "height": 800})
    open_player(page, address, "steady")
    before = page.get_by_test_id("player-plot").bounding_box()
    page.keyboard.down("Shift")
    page.mouse.move(place(page, 2.0), before["y"] + 40)
    page.mouse.down()
    page.mouse.move(place(page, 5.0), before["y"] + 40, steps=5)
    page.get_by_test_id("player-range").wait_for()
    assert page.get_by_test_id("player-plot").bounding_box()["y"] == pytest.approx(before["y"], abs=2)
    page.mouse.up()
    page.keyboard.up("Shift")
    first, last = limits(page)
    assert abs(first - 50) <= 2
    assert abs(last - 125) <= 2
    page.wait_for_function(CLEAR_OF_TRANSPORT)


def test_a_range_outlasts_a_visit_to_another_page_also_for_what_if(page, address):
    open_player(page, address, "steady", drop_audio="true", pattern="brushed+range")
    brush(page, 2.0, 5.0)
    page.locator("[data-lane='audio dropped']").wait_for()
    kept = limits(page)
    page.get_by_role("link", name="About the models").click()
    page.get_by_test_id("gate-diagram").wait_for()
    page.get_by_test_id("stTopNav").get_by_role("link", name="Compare").click()
    page.wait_for_selector(f"{PLAYER}[data-revision]")
    rest(page)
    page.locator("[data-lane='audio dropped']").wait_for()
    assert limits(page) == kept
    page.wait_for_function(f"location.search.includes('range={kept[0]}-{kept[1]}')")


def test_the_address_keeps_frame_and_range_and_restores_them_elsewhere(page, address, chromium):
    open_player(page, address, "steady")
    for key in ("Shift+ArrowRight", "[", "Shift+ArrowRight", "Shift+ArrowRight", "]", "ArrowLeft"):
        page.keyboard.press(key)
    page.wait_for_function("location.search.includes('frame=74') && location.search.includes('range=25-75')")
    other = chromium.new_page()
    other.goto(page.url)
    other.wait_for_selector(f"{PLAYER}[data-frame='74'][data-revision]")
    assert limits(other) == (25, 75)
    other.close()
    page.get_by_role("button", name="Clear range").click()
    page.wait_for_function("!location.search.includes('range')")
    assert page.get_by_test_id("player-range").is_hidden()


def test_a_range_that_is_cleared_stays_cleared_for_what_if_whatever_the_link_said(page, address):
    open_player(page, address, "steady", drop_audio="true", pattern="brushed+range", range="25-75")
    dropped, scores = page.locator("[data-lane='audio dropped']"), page.get_by_text("no dropout")
    dropped.wait_for()
    for _ in range(2):
        page.get_by_role("button", name="Clear range").click()
        page.get_by_text("No range is brushed").wait_for()
        dropped.wait_for(state="detached")
        expect(scores).to_have_count(0)
        brush(page, 6.0, 8.0)
        dropped.wait_for()


def test_a_range_of_a_subject_without_video_is_there_or_gone_for_rows_and_what_if_alike(page, address):
    page.goto(f"{address}/?subject=mute-1&drop_audio=true&pattern=brushed+range&range=25-75")
    dropped, panel = page.locator("[data-lane='audio dropped']"), page.get_by_test_id("player-range")
    for subject, has_range in (("mute-1", True), ("mute-2", False), ("mute-1", True)):
        if state(page, "subject") != subject:
            choose(page, "Subject", re.compile(f"^{subject}"))
        page.wait_for_selector(f"{PLAYER}[data-subject={subject}][data-revision]")
        rest(page)
        panel.wait_for(state="visible" if has_range else "hidden")
        dropped.wait_for(state="attached" if has_range else "detached")


@pytest.mark.parametrize(("frame", "span"), [("ten", "5"), ("-1", "9-3"), ("60", "0-60"), ("1e1", "<b>-2")])
def test_an_address_that_cannot_be_is_told_and_the_page_begins_at_the_start(page, address, frame, span):
    page.goto(f"{address}/?subject=short&frame={frame}&range={span}")
    page.wait_for_selector(f"{PLAYER}[data-subject=short][data-revision]")
    warning = expect(page.locator("[data-testid=stAlert]"))
    warning.to_contain_text(f"Frame {frame} in this link does not exist")
    warning.to_contain_text(f"Range {span} in this link does not exist")
    assert state(page, "frame") == "0"
    assert page.get_by_test_id("player-range").is_hidden()


def test_a_page_runs_again_when_a_range_was_brushed_and_never_while_it_plays(page, address):
    open_player(page, address, "steady")
    page.evaluate(
        """() => {
          window.runs = 0;
          const app = document.querySelector('[data-testid=stApp]');
          new MutationObserver(() => { if (app.dataset.testScriptState === 'running') window.runs++; })
            .observe(app, { attributes: true, attributeFilter: ['data-test-script-state'] });
        }"""
    )
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function(f"Number(document.querySelector('{PLAYER}').dataset.frame) > 30")
    page.get_by_role("button", name="Pause", exact=True).click()
    page.wait_for_function("location.search.includes('frame=')")
    assert page.evaluate("runs") == 0
    brush(page, 3.0, 5.0)
    page.wait_for_function("runs === 1")


def test_zoom_by_wheel_and_keys_keeps_the_moment_under_the_pointer(page, address):
    open_player(page, address, "steady", frame="100")
    whole = float(page.locator(".iaca-x-tick").last.inner_text())
    x = place(page, 4.0)
    rows = page.get_by_test_id("player-plot").bounding_box()
    page.mouse.move(x, rows["y"] + 40)
    page.keyboard.down("Control")
    page.mouse.wheel(0, -500)
    page.keyboard.up("Control")
    page.wait_for_function(f"Number([...document.querySelectorAll('.iaca-x-tick')].at(-1).textContent) < {whole}")
    assert place(page, 4.0) == pytest.approx(x, abs=2)
    shown = sample(page)
    assert shown["cursor_s"] == pytest.approx(shown["pts"], abs=1.5 * shown["pixel_s"])
    page.keyboard.press("0")
    page.wait_for_function(f"Number([...document.querySelectorAll('.iaca-x-tick')].at(-1).textContent) === {whole}")


def test_a_seek_out_of_a_zoomed_view_takes_the_view_along(page, address):
    open_player(page, address, "steady")
    for _ in range(4):
        page.keyboard.press("+")
    page.keyboard.press("End")
    settle(page)
    page.wait_for_function(
        """() => {
          const [cursor, plot] = ['cursor', 'plot'].map((name) =>
            document.querySelector(`[data-testid=player-${name}]`).getBoundingClientRect());
          return plot.left < cursor.left && cursor.left < plot.right;
        }"""
    )
    expect(page.get_by_test_id("player-cursor")).to_be_visible()
