"""One step below the player: the attention of the window at the cursor, and a list of where to look."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import expect
from scipy.stats import spearmanr

from iaca.checkpoints import load_checkpoint
from iaca.config import AUDIO, VISUAL
from iaca.features.feature_files import read_features
from iaca.inference import infer
from iaca.inference.attention_maps import window_maps
from iaca.inference.moments import Reading, find_moments, single_modality
from tests.dashboard.browsing import PLAYER, open_player, settle, state
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
        trace = infer(features, checkpoint)
        found.append(Reading(checkpoint.title, checkpoint.config.iaca, trace, *sides))
    return found


def maps_on(page):
    return page.get_by_test_id("attention-map")


def wait_for_pts(page, second):
    page.wait_for_function(f"Math.abs(Number(document.querySelector('{PLAYER}').dataset.pts) - {second}) < 0.021")
    settle(page)


def test_nothing_of_it_is_on_the_first_screen(address, page):
    open_player(page, address, "strong-01")
    assert maps_on(page).count() == page.get_by_test_id("moments").count() == 0
    assert page.locator("[data-testid=player-marks] button").count() == 0


def test_the_map_of_both_models_is_that_of_the_window_at_the_cursor(address, project, page):
    open_player(page, address, "strong-01", attention="true", frame=str(FRAME))
    maps_on(page).nth(1).wait_for()
    for place, name in enumerate(("ca", "ca_iaca")):
        expected = window_maps(features_of(project), model(project, name), FRAME, "valence").maps["audio"]
        shades = np.array(maps_on(page).nth(place).evaluate(PIXELS)).reshape(expected.shape)
        # Lightness follows the weights; colours have 256 steps.
        assert spearmanr(expected.ravel(), shades.ravel()).statistic > 0.98
    before = maps_on(page).first.get_attribute("data-clips")
    page.locator(PLAYER).focus()
    page.keyboard.press("ArrowRight")
    for _ in range(3):
        page.keyboard.press("ArrowRight")
    expect(maps_on(page).first).not_to_have_attribute("data-clips", before, timeout=PATIENCE_S * 1000)


def test_a_click_on_a_cell_hears_one_clip_and_shows_the_other(address, project, page):
    open_player(page, address, "strong-01", attention="true", frame=str(FRAME))
    canvas = maps_on(page).nth(1)
    canvas.wait_for()
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
    heard = page.get_by_test_id("attention")
    page.wait_for_timeout(500)
    assert float(heard.get_attribute("data-heard").split("-")[0]) == pytest.approx(start_s, abs=0.05)


def test_the_maps_leave_as_cells_and_as_a_figure(address, project, page):
    open_player(page, address, "strong-01", attention="true", frame=str(FRAME))
    maps_on(page).nth(1).wait_for()

    def download(label):
        with page.expect_download() as coming:
            page.locator(f".stDownloadButton:visible button:has-text('{label}')").click()
        return coming.value.suggested_filename, coming.value.path().read_bytes()

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
    open_player(page, address, "strong-01", attention="true", frame=str(FRAME))
    maps_on(page).first.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowRight")
    page.get_by_text("CA · audio clip").wait_for()


def test_the_map_of_features_of_jca_is_said_to_be_clustered(address, page):
    open_player(page, address, "strong-01", attention="true", fusion="JCA")
    maps_on(page).nth(1).wait_for()
    page.get_by_text("by average-linkage clustering").wait_for()
    assert maps_on(page).first.get_attribute("data-columns") == "64"


def test_moments_are_listed_as_they_rank_and_ticked_in_the_same_colours(address, project, page):
    open_player(page, address, "strong-01", moments="true")
    buttons = page.get_by_test_id("moments").get_by_role("button")
    buttons.first.wait_for()
    expected = find_moments(readings(project))
    assert [b.split("\n")[-2] for b in buttons.all_inner_texts()] == [moment.sentence for moment in expected]
    marks = page.locator("[data-testid=player-marks] button")
    assert marks.count() == len(expected)
    colours = set(map(tuple, buttons.evaluate_all(COLOURS, ".dot")))
    assert len({colour for _, colour in colours}) == len({kind for kind, _ in colours}) == len(colours)
    assert {kind for kind, _ in colours} == {moment.kind.value for moment in expected}
    assert set(map(tuple, marks.evaluate_all(COLOURS, ""))) == colours
    buttons.nth(1).click()
    wait_for_pts(page, expected[1].peak_s)


def test_a_click_on_a_moment_brings_the_picture_into_sight(address, page):
    page.set_viewport_size({"width": 1280, "height": 420})
    open_player(page, address, "strong-01", moments="true")
    expect(page.get_by_role("radio", name="this subject")).to_be_checked()
    picture = page.get_by_test_id("player-canvas")
    last = page.get_by_test_id("moments").get_by_role("button").last
    last.scroll_into_view_if_needed()
    assert picture.bounding_box()["y"] < -picture.bounding_box()["height"]
    last.click()
    page.wait_for_function("document.querySelector('[data-testid=player-canvas]').getBoundingClientRect().top > 0")
    assert picture.bounding_box()["y"] + picture.bounding_box()["height"] < 420


def test_kinds_that_are_not_chosen_are_neither_listed_nor_ticked(address, page):
    open_player(page, address, "strong-01", moments="true")
    buttons = page.get_by_test_id("moments").get_by_role("button")
    buttons.first.wait_for()
    before = buttons.count()
    page.get_by_role("button", name="largest error", exact=True).click()
    page.wait_for_function(
        "(before) => document.querySelectorAll('[data-testid=player-marks] button').length < before", arg=before
    )
    page.get_by_test_id("moments").locator("button[data-kind='largest error']").first.wait_for(state="detached")
    kinds = set(buttons.evaluate_all("(all) => all.map((button) => button.dataset.kind)"))
    assert "largest error" not in kinds
    assert kinds
    assert page.locator("[data-testid=player-marks] [data-kind='largest error']").count() == 0


def test_a_moment_of_another_subject_leads_to_it(address, page):
    open_player(page, address, "strong-01", moments="true")
    page.get_by_role("radio", name="all subjects").click()
    other = page.get_by_test_id("moments").locator("button[data-subject=strong-02]").first
    other.wait_for()
    second = float(other.get_attribute("data-second"))
    other.click()
    page.wait_for_selector(f'{PLAYER}[data-subject="strong-02"]')
    wait_for_pts(page, second)
    assert "subject=strong-02" in page.url
    assert state(page, "frame") != "0"
