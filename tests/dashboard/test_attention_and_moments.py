"""What opens over the rows: the attention of the window at the cursor, and a list of where to look."""

from __future__ import annotations

import io
import re
import time

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import expect
from scipy.stats import spearmanr

from iaca.checkpoints import load_checkpoint
from iaca.config import AUDIO, VISUAL
from iaca.features.feature_files import read_features
from iaca.inference import add_influence, infer
from iaca.inference.attention_maps import window_maps
from iaca.inference.moments import Reading, find_moments, single_modality
from tests.dashboard.browsing import PLAYER, downloaded, open_player, rest, sample, settle, state, wait_for_address
from tests.dashboard.projects import Spec, write_model, write_project
from tests.dashboard.serving import PATIENCE_S

SPECS = [Spec("strong-01", 600), Spec("strong-02", 400)]
FRAME = 320
LEFT_AND_TOP = """(canvas) => ['left', 'top', 'side', 'rows', 'columns'].map((name) => Number(canvas.dataset[name]))"""
PIXELS = """(canvas) => {
  const names = ['left', 'top', 'side', 'rows', 'columns'];
  const [left, top, side, rows, columns] = names.map((name) => Number(canvas.dataset[name]));
  const scale = canvas.width / canvas.getBoundingClientRect().width;
  const context = canvas.getContext('2d');
  return [...Array(rows * columns).keys()].map((k) => {
    const x = left + ((k % columns) + 0.5) * side / columns, y = top + (Math.floor(k / columns) + 0.5) * side / rows;
    const [red, green, blue] = context.getImageData(Math.round(x * scale), Math.round(y * scale), 1, 1).data;
    return 0.299 * red + 0.587 * green + 0.114 * blue;
  });
}"""

COLOURS = """(all, part) => all.map((element) => {
  const style = getComputedStyle(part ? element.querySelector(part) : element);
  return [element.dataset.kind, part ? style.backgroundColor : style.color];
})"""


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    root = write_project(tmp_path_factory.mktemp("below"), SPECS)
    for name, iaca in (("jca", False), ("jca_iaca", True)):
        write_model(root / "checkpoints" / f"{name}.safetensors", iaca=iaca, seed=4, fusion="jca")
    return root


@pytest.fixture(scope="module")
def address(server, project):
    return server(project)


def features_of(project, name="strong-01"):
    return read_features(project / "features" / f"{name}.safetensors")


def model(project, name):
    return load_checkpoint(project / "checkpoints" / f"{name}.safetensors")


def readings(project, name="strong-01"):
    features, found = features_of(project, name), []
    for checkpoint in (model(project, "ca"), model(project, "ca_iaca")):
        changes = [single_modality(checkpoint.config, modality) for modality in (AUDIO, VISUAL)]
        sides = [infer(features, checkpoint, change.dropouts, gates=change.gates) for change in changes]
        trace = add_influence(infer(features, checkpoint), features, checkpoint)
        found.append(Reading(checkpoint.title, checkpoint.config.iaca, trace, *sides))
    return found


def maps_on(page):
    return page.get_by_test_id("attention-map")


def drawn_map(page, place):
    """A map, once it is drawn."""
    expect(maps_on(page).nth(place)).to_have_attribute("data-side", re.compile(r"\d+"))
    return maps_on(page).nth(place)


def wait_for_pts(page, second):
    page.wait_for_function(f"Math.abs(Number(document.querySelector('{PLAYER}').dataset.pts) - {second}) < 0.021")
    settle(page)


def test_nothing_of_it_is_on_the_first_screen(address, page):
    open_player(page, address, "strong-01")
    assert maps_on(page).count() == page.get_by_test_id("moments").count() == 0
    assert page.locator("[data-testid=player-marks] button").count() == 0


def test_the_map_of_both_models_is_that_of_the_window_at_the_cursor(address, project, page):
    open_player(page, address, "strong-01", beside="attention", frame=str(FRAME))
    for place, name in enumerate(("ca", "ca_iaca")):
        expected = window_maps(features_of(project), model(project, name), FRAME, "valence").maps["audio"]
        shades = np.array(drawn_map(page, place).evaluate(PIXELS)).reshape(expected.shape)
        # Lightness follows the weights; colours have 256 steps.
        assert spearmanr(expected.ravel(), shades.ravel()).statistic > 0.98
    before = maps_on(page).first.get_attribute("data-clips")
    page.locator(PLAYER).focus()
    page.keyboard.press("ArrowRight")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(maps_on(page).first).not_to_have_attribute("data-clips", before)


def test_a_click_on_a_cell_hears_one_clip_and_shows_the_other(address, project, page):
    open_player(page, address, "strong-01", beside="attention", frame=str(FRAME))
    canvas = drawn_map(page, 1)
    features = features_of(project)
    found = window_maps(features, model(project, "ca_iaca"), FRAME, "valence")
    row, column = 3, 12
    left, top, side, rows, columns = canvas.evaluate(LEFT_AND_TOP)
    place = {"x": left + (column + 0.5) * side / columns, "y": top + (row + 0.5) * side / rows}
    canvas.hover(position=place)
    value = found.maps["audio"][row, column]
    page.get_by_text(f": {value:.3f}").wait_for()
    canvas.click(position=place)
    wait_for_pts(page, features.pts_s[found.clip_frame[column]])
    end = found.clip_frame[row]
    start_s = features.pts_s[max(0, end - 31)]
    until, first_s = time.monotonic() + PATIENCE_S, np.nan
    while not abs(first_s - start_s) <= 0.05 and time.monotonic() < until:
        page.wait_for_timeout(100)
        first_s = float((page.get_by_test_id("attention").get_attribute("data-heard") or "nan").split("-")[0])
    assert first_s == pytest.approx(start_s, abs=0.05)


def test_the_maps_leave_as_cells_and_as_a_figure(address, project, page):
    open_player(page, address, "strong-01", beside="attention", frame=str(FRAME))
    maps_on(page).nth(1).wait_for()

    def download(label):
        return downloaded(page, page.locator(f".stDownloadButton:visible button:has-text('{label}')"))

    name, content = download("CSV")
    assert name == f"strong-01_ca-vs-ca_iaca_audio-attention-{FRAME}.csv"
    table = pd.read_csv(io.BytesIO(content))
    for title, file in (("CA", "ca"), ("CA+IACA", "ca_iaca")):
        found = window_maps(features_of(project), model(project, file), FRAME, "valence")
        own = table[table.model == title]
        values = own.pivot(index="row", columns="column", values="value").to_numpy()
        np.testing.assert_allclose(values, found.maps["audio"], rtol=1e-5)
        last = found.clip_frame[-1]
        assert own.column_clip_end_s.iloc[-1] == pytest.approx(features_of(project).pts_s[last], abs=0.051)
    svg = download("SVG")[1].decode()
    for text in (">CA+IACA<", ">audio clip, end (s)<", "attention of the audio feature"):
        assert text in svg, text


def test_the_keyboard_reaches_a_cell(address, page):
    open_player(page, address, "strong-01", beside="attention", frame=str(FRAME))
    drawn_map(page, 0).focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.get_by_text("CA · audio clip").wait_for()


def test_the_map_of_features_of_jca_is_said_to_be_clustered(address, page):
    open_player(page, address, "strong-01", beside="attention", fusion="JCA")
    maps_on(page).nth(1).wait_for()
    page.get_by_text("by average-linkage clustering").wait_for()
    expect(maps_on(page).first).to_have_attribute("data-columns", "64")


def test_moments_are_listed_as_they_rank_and_ticked_in_the_same_colours(address, project, page):
    open_player(page, address, "strong-01", beside="moments")
    buttons = page.get_by_test_id("moments").get_by_role("button")
    buttons.first.wait_for()
    expected = find_moments(readings(project))
    assert buttons.locator(".sentence").all_inner_texts() == [moment.sentence for moment in expected]
    marks = page.locator("[data-testid=player-marks] button")
    expect(marks).to_have_count(len(expected))
    colours = set(map(tuple, buttons.evaluate_all(COLOURS, ".dot")))
    assert len({colour for _, colour in colours}) == len({kind for kind, _ in colours}) == len(colours)
    assert {kind for kind, _ in colours} == {moment.kind.value for moment in expected}
    assert set(map(tuple, marks.evaluate_all(COLOURS, ""))) == colours
    buttons.nth(1).click()
    wait_for_pts(page, expected[1].peak_s)


def assert_in_sight(page, *names):
    """Each element lies in the window as a whole."""
    for name in names:
        box = page.get_by_test_id(name).first.bounding_box()
        assert box["x"] >= 0, (name, box)
        assert box["y"] >= 0, (name, box)
        assert box["x"] + box["width"] <= page.viewport_size["width"], (name, box)
        assert box["y"] + box["height"] <= page.viewport_size["height"], (name, box)


SIZES = [{"width": 1280, "height": 720}, {"width": 1440, "height": 900}]


@pytest.mark.parametrize("size", SIZES)
def test_after_a_click_on_a_moment_the_list_and_the_picture_are_both_in_sight(address, project, page, size):
    page.set_viewport_size(size)
    open_player(page, address, "strong-01", beside="moments")
    buttons = page.get_by_test_id("moments").get_by_role("button")
    buttons.first.wait_for()
    expected = find_moments(readings(project))
    for place in (2, len(expected) - 1):
        clicked = buttons.nth(place)
        clicked.click()
        wait_for_pts(page, expected[place].peak_s)
        assert sample(page)["picture"] == sample(page)["frame"]
        assert_in_sight(page, "player-canvas", "player-plane", "player-readout", "player-scrub", "player-marks")
        box = clicked.bounding_box()
        assert 0 <= box["y"] <= box["y"] + box["height"] <= size["height"]
    assert page.get_by_test_id("stMain").evaluate("(main) => main.scrollTop") == 0


@pytest.mark.parametrize("size", SIZES)
def test_after_a_click_on_a_cell_the_maps_and_the_picture_are_both_in_sight(address, project, page, size):
    page.set_viewport_size(size)
    open_player(page, address, "strong-01", beside="attention", frame=str(FRAME))
    canvas = drawn_map(page, 1)
    features = features_of(project)
    found = window_maps(features, model(project, "ca_iaca"), FRAME, "valence")
    left, top, side, rows, columns = canvas.evaluate(LEFT_AND_TOP)
    assert side >= 200
    canvas.click(position={"x": left + 12.5 * side / columns, "y": top + 3.5 * side / rows})
    wait_for_pts(page, features.pts_s[found.clip_frame[12]])
    assert sample(page)["picture"] == sample(page)["frame"]
    assert_in_sight(page, "player-canvas", "player-plane", "player-readout", "player-scrub", "attention")


@pytest.mark.parametrize(
    ("beside", "clicked"),
    [("attention", "[data-testid=attention] canvas"), ("moments", "[data-testid=moments] button")],
)
def test_what_a_run_of_the_page_does_not_change_stays_below_a_click(address, page, beside, clicked):
    open_player(page, address, "strong-01", beside=beside)
    page.locator(clicked).first.evaluate("(one) => { window.kept = one; }")
    page.get_by_role("button", name="Export", exact=True).click()
    page.get_by_role("button", name="Make MP4").wait_for()
    rest(page)
    assert page.evaluate("kept.isConnected")


def test_what_is_open_stands_in_the_address_and_outlasts_a_reload(address, page):
    open_player(page, address, "strong-01")
    dock = page.locator(".st-key-dock")
    before = dock.bounding_box()
    assert before["y"] + before["height"] <= page.viewport_size["height"]
    choice = dock.get_by_role("radio", name="Moments")
    choice.click()
    page.get_by_test_id("moments").wait_for()
    page.wait_for_url("**/*beside=Moments*")
    page.reload()
    page.get_by_test_id("moments").wait_for()
    expect(choice).to_be_checked()
    choice.click()
    page.get_by_test_id("moments").wait_for(state="detached")
    page.wait_for_function("!location.search.includes('beside')")


@pytest.mark.parametrize(("older", "opens"), [("attention", "attention"), ("moments", "moments")])
def test_links_of_the_first_version_open_what_they_did(address, page, older, opens):
    open_player(page, address, "strong-01", **{older: "true"})
    page.get_by_test_id(opens).wait_for()
    page.wait_for_function(f"!location.search.includes('{older}=true')")
    assert page.get_by_test_id("stAlert").count() == 0


def test_maps_over_clips_and_over_features_stand_on_one_page(address, page):
    two = {"fusion": "any two checkpoints", "checkpoint": "ca.safetensors", "second": "jca_iaca.safetensors"}
    open_player(page, address, "strong-01", beside="attention", **two)
    maps_on(page).nth(1).wait_for()
    page.get_by_text("by average-linkage clustering").wait_for()
    page.get_by_text("Each column shows").wait_for()


def test_rows_make_room_and_can_all_be_scrolled_to(address, page):
    page.set_viewport_size({"width": 1280, "height": 720})
    open_player(page, address, "strong-01", beside="moments")
    page.get_by_test_id("moments").get_by_role("button").first.wait_for()
    page.mouse.move(800, 300)
    page.mouse.wheel(0, 3000)
    page.wait_for_function(
        """() => {
          const axis = document.querySelector('.iaca-x-axes .iaca-x-tick').getBoundingClientRect();
          return axis.bottom <= document.querySelector('.st-key-dock').getBoundingClientRect().top + 1;
        }"""
    )
    assert_in_sight(page, "player-canvas", "player-plane", "player-readout")


def test_moments_in_order_of_time_are_one_list_without_a_ranking(address, project, page):
    open_player(page, address, "strong-01", beside="moments")
    moments = page.get_by_test_id("moments")
    moments.get_by_role("heading", name="Gate flip Size: the weight that changes sides, 0 to 1.").wait_for()
    expected = find_moments(readings(project))
    kinds = list(dict.fromkeys(moment.kind.value.lower() for moment in expected))
    assert [text.split("Size")[0].strip().lower() for text in moments.get_by_role("heading").all_inner_texts()] == kinds
    page.get_by_role("radio", name="by time").click()
    moments.get_by_role("heading").first.wait_for(state="detached")
    seconds = moments.locator("button").evaluate_all("(all) => all.map((button) => Number(button.dataset.second))")
    assert seconds == sorted(moment.peak_s for moment in expected)
    page.wait_for_url("**/*order=by+time*")


def test_kinds_that_are_not_chosen_are_neither_listed_nor_ticked(address, page):
    open_player(page, address, "strong-01", beside="moments")
    buttons = page.get_by_test_id("moments").get_by_role("button")
    buttons.first.wait_for()
    before = buttons.count()
    expect(page.locator("[data-testid=player-marks] button")).to_have_count(before)
    page.get_by_role("button", name="largest error", exact=True).click()
    page.wait_for_function(
        "(before) => document.querySelectorAll('[data-testid=player-marks] button').length < before", arg=before
    )
    page.get_by_test_id("moments").locator("button[data-kind='largest error']").first.wait_for(state="detached")
    kinds = set(buttons.evaluate_all("(all) => all.map((button) => button.dataset.kind)"))
    assert "largest error" not in kinds
    assert kinds
    expect(page.locator("[data-testid=player-marks] [data-kind='largest error']")).to_have_count(0)


def test_a_moment_of_another_subject_leads_to_it(address, page):
    open_player(page, address, "strong-01", beside="moments")
    page.get_by_role("radio", name="all subjects").click()
    other = page.get_by_test_id("moments").locator("button[data-subject=strong-02]").first
    other.wait_for()
    second = float(other.get_attribute("data-second"))
    other.click()
    page.wait_for_selector(f'{PLAYER}[data-subject="strong-02"]')
    wait_for_pts(page, second)
    wait_for_address(page, "subject=strong-02")
    assert state(page, "frame") != "0"
