"""Export: what a user downloads is what the page shows."""

from __future__ import annotations

import io
import re
import time

import av
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from playwright.sync_api import expect

from dashboard.export.film import PAD_PX, PICTURE_PX
from tests.dashboard.browsing import PLAYER, downloaded, open_player, place_of, rest, settle
from tests.dashboard.projects import CELL, CODE_BITS, HEIGHT, WIDTH, Spec, frame_times, write_project
from tests.dashboard.serving import CHROMIUM, FLAGS, PATIENCE_S

FRAMES = 220
SPECS = [Spec("strong-01", FRAMES, variable=True), Spec("long-02", 900)]

LEGEND = """() => {
  const boxes = [...document.querySelectorAll('[data-testid=player-legend] .iaca-row-legend[data-row]')];
  const parts = (box, item) => [box.dataset.row, item.childNodes[1].data.trim(), item.lastChild.textContent];
  return boxes.flatMap((box) => [...box.querySelectorAll('li')].map((item) => parts(box, item)));
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory, server):
    return server(write_project(tmp_path_factory.mktemp("exports"), SPECS))


def open_exports(page):
    page.get_by_role("button", name="Export", exact=True).click()
    page.get_by_role("button", name="CSV").wait_for()


def download(page, label):
    return downloaded(page, page.get_by_role("button", name=label, exact=True))


def seek(page, frame):
    page.get_by_test_id("player-scrub").evaluate(
        "(bar, frame) => { bar.value = frame; bar.dispatchEvent(new Event('input')); }", frame
    )
    settle(page)


COLUMNS = {
    ("valence", "truth"): "truth_valence",
    ("arousal", "CA"): "ca_arousal",
    ("valence", "CA+IACA"): "ca_iaca_valence",
    ("valence", "CA+IACA, no dropout"): "ca_iaca_valence_baseline",
    ("attention", "audio, CA"): "ca_audio_attention_score",
    ("attention", "visual, CA+IACA"): "ca_iaca_visual_attention_score",
    ("difference", "valence"): "ca_iaca_valence_minus_ca",
    ("stage1_audio", "cross-attended"): "ca_iaca_stage1_audio_cross",
    ("stage2", "joint"): "ca_iaca_stage2_joint",
}
"""Row and name in the legend -> column of the file."""


def test_curves_of_the_csv_are_those_on_the_screen_and_parquet_says_what_they_are(page, address):
    open_player(page, address, "strong-01", drop_audio="true")
    open_exports(page)
    name, content = download(page, "CSV")
    assert name == "strong-01_ca-vs-ca_iaca_audio-dropped-40pct-scattered.csv"
    table = pd.read_csv(io.BytesIO(content))
    assert table["frame"].tolist() == list(range(FRAMES))
    other = pd.read_parquet(io.BytesIO(download(page, "Parquet")[1]))
    np.testing.assert_allclose(other.select_dtypes("number"), table.select_dtypes("number"), rtol=1e-6)
    assert set(other.attrs["columns"]) == set(table.columns)
    assert other.attrs["corpus"] == "synthetic"
    assert "seconds" in other.attrs["columns"]["pts_s"]
    page.keyboard.press("Escape")
    compared = set()
    for frame in (0, 37, 118, FRAMES - 1):
        seek(page, frame)
        assert float(page.get_attribute(PLAYER, "data-pts")) == pytest.approx(table["pts_s"][frame])
        for row, curve, text in page.evaluate(LEGEND):
            key = next((one for one in COLUMNS if row.startswith(one[0]) and curve == one[1]), None)
            if key is None:
                continue
            compared.add(key)
            value = table[COLUMNS[key]][frame]
            if np.isnan(value):
                assert text == "–", (frame, key)
            else:
                assert float(text.replace("−", "-")) == pytest.approx(value, abs=0.005_01), (frame, key)
    assert compared == set(COLUMNS)


@pytest.mark.parametrize("height", [600, 720])
def test_the_exports_end_inside_the_window(page, address, height):
    page.set_viewport_size({"width": 1280, "height": height})
    open_player(page, address, "strong-01", range="40-90")
    open_exports(page)
    page.get_by_role("button", name="Make MP4").wait_for()
    rest(page)
    body = page.get_by_test_id("stPopoverBody")
    box = place_of(body)
    assert box["y"] >= 0
    assert box["y"] + box["height"] <= height
    body.evaluate("(one) => one.scrollTo(0, one.scrollHeight)")
    assert place_of(page.get_by_role("button", name="Make GIF"))["y"] < height


def test_a_brushed_range_is_what_is_taken(page, address):
    open_player(page, address, "strong-01", range="40-90")
    open_exports(page)
    page.get_by_text("frames 40–90").wait_for()
    name, content = download(page, "CSV")
    assert name == "strong-01_ca-vs-ca_iaca_40-90.csv"
    assert pd.read_csv(io.BytesIO(content))["frame"].tolist() == list(range(40, 91))
    name, content = download(page, "PDF")
    assert name == "strong-01_ca-vs-ca_iaca_40-90.pdf"
    assert b"/FontFile2" in content
    svg = download(page, "SVG")[1].decode()
    texts = re.findall(r"<text[^>]*>([^<]+)</text>", svg)
    shown = [box[1] for box in page.evaluate(LEGEND)]
    assert "strong-01 · synthetic corpus · gates and scores of valence" in texts
    assert {"Valence", "Stage-2 gate · CA+IACA", *shown} <= set(texts)
    page.get_by_text("whole recording").click()
    until = time.monotonic() + PATIENCE_S
    while "40-90" in name and time.monotonic() < until:  # until the page has run for what was chosen
        name, content = download(page, "CSV")
    assert len(pd.read_csv(io.BytesIO(content))) == FRAMES


def test_a_film_is_made_beside_the_page_and_shows_the_range(page, address):
    open_player(page, address, "strong-01", range="40-70")
    open_exports(page)
    page.get_by_text("frames 40–70").wait_for()
    page.get_by_role("button", name="Make MP4").click()
    page.get_by_role("button", name="MP4", exact=True).wait_for()
    name, content = download(page, "MP4")
    assert name == "strong-01_ca-vs-ca_iaca_40-70.mp4"
    with av.open(io.BytesIO(content)) as film:
        assert len(film.streams.audio) == 1
        images = [frame.to_ndarray(format="rgb24") for frame in film.decode(video=0)]
    assert len(images) == 31
    scale = min(PICTURE_PX[0] / WIDTH, PICTURE_PX[1] / HEIGHT)
    for k, image in enumerate(images):
        bits = [
            image[PAD_PX + round(scale * CELL / 2), PAD_PX + round(scale * (bit + 0.5) * CELL)]
            for bit in range(CODE_BITS)
        ]
        assert sum(1 << bit for bit, colour in enumerate(bits) if colour.mean() > 128) == 40 + k


def test_the_figure_is_the_same_in_a_window_of_any_height(page, address):
    figures = []
    for height in (700, 1300):
        page.set_viewport_size({"width": 1280, "height": height})
        open_player(page, address, "strong-01")
        open_exports(page)
        figures.append(download(page, "SVG"))
    assert figures[0] == figures[1]


def test_a_gif_is_made_of_the_film_and_a_long_range_is_refused(page, address):
    open_player(page, address, "strong-01", range="40-70")
    open_exports(page)
    page.get_by_text("frames 40–70").wait_for()
    page.get_by_role("button", name="Make GIF").click()
    page.get_by_role("button", name="GIF", exact=True).wait_for()
    name, content = download(page, "GIF")
    assert name == "strong-01_ca-vs-ca_iaca_40-70.gif"
    with Image.open(io.BytesIO(content)) as gif:
        seconds = gif.n_frames * gif.info["duration"] / 1000
    times = frame_times(SPECS[0])
    assert seconds == pytest.approx(times[70] - times[40], abs=0.15)
    open_player(page, address, "long-02")
    open_exports(page)
    expect(page.get_by_role("button", name="Make GIF")).to_be_disabled()
    expect(page.get_by_role("button", name="Make MP4")).to_be_enabled()


def test_a_film_can_be_cancelled_and_leaves_nothing(page, address):
    open_player(page, address, "long-02")
    open_exports(page)
    page.get_by_role("button", name="Make MP4").click()
    page.get_by_text(re.compile(r"MP4: \d+ of 900 frames · [\d,.]+ per second · \d+ (s|min) left")).wait_for()
    page.locator(".st-key-take_stop_mp4").get_by_role("button").click()
    page.get_by_role("button", name="Make MP4").wait_for()
    expect(page.get_by_role("button", name="MP4", exact=True)).to_have_count(0)


def test_a_copied_link_shows_the_same_in_another_browser(page, address, chromium, playwright):
    chromium.grant_permissions(["clipboard-read", "clipboard-write"])
    open_player(page, address, "long-02", range="100-200", drop_audio="true", dropout="60")
    seek(page, 123)
    page.locator(".iaca-view summary").click()
    page.get_by_role("combobox", name="Models").select_option("Side by side")
    page.locator("input[type=checkbox][value=arousal]").uncheck()
    page.keyboard.press("Escape")
    open_exports(page)
    page.get_by_test_id("copy-link").click()
    page.get_by_text("Copied.").wait_for()
    link = page.evaluate("navigator.clipboard.readText()")
    shown = page.evaluate(LEGEND)
    another = playwright.chromium.launch(executable_path=CHROMIUM, args=list(FLAGS))
    other = another.new_page(viewport={"width": 1280, "height": 1000})
    other.set_default_timeout(PATIENCE_S * 1000)
    other.goto(link)
    other.wait_for_selector(f'{PLAYER}[data-subject="long-02"][data-frame="123"]')
    rest(other)
    settle(other)
    other.wait_for_function("document.querySelectorAll('[data-testid=player-legend] li').length > 0")
    assert other.evaluate(LEGEND) == shown
    assert "range=100-200" in other.url
    assert other.locator(".iaca-panel-title").all_inner_texts() == ["CA", "CA+IACA"]
    assert {row for row, *_ in shown} >= {"attention", "valence"}
    assert "arousal" not in {row for row, *_ in shown}
    another.close()


def test_escape_closes_what_is_open_before_it_clears_the_range(page, address):
    open_player(page, address, "long-02", range="100-200")
    open_exports(page)
    page.keyboard.press("Escape")
    page.get_by_test_id("stPopoverBody").wait_for(state="detached")
    assert page.get_by_test_id("player-range").is_visible()
    page.locator(".iaca-view summary").click()
    page.locator("input[type=checkbox][value=arousal]").uncheck()
    page.keyboard.press("Escape")
    page.wait_for_selector(".iaca-view:not([open])")
    assert page.get_by_test_id("player-range").is_visible()
    page.keyboard.press("Escape")
    page.get_by_test_id("player-range").wait_for(state="hidden")
