"""The whole corpus on one page: measured while one looks, filtered, brushed, and opened where it differs most."""

from __future__ import annotations

import io
import zipfile

import numpy as np
import pandas as pd
import pytest
from playwright.sync_api import expect

from iaca.checkpoints import load_checkpoint
from iaca.config import DropoutConfig
from iaca.features.feature_files import read_features
from iaca.files import file_sha256
from iaca.inference import infer
from iaca.inference.conditions import find_events, query_of
from tests.dashboard.browsing import PLAYER, choose, click_grid, downloaded, insist, place_of, rest, wait_for_address
from tests.dashboard.projects import Spec, make_features, write_features, write_project

NAMES = ("first-01", "second-02", "third-03", "third-04")
DOTS = ".st-key-corpus_scatter .scatterlayer .point"


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = write_project(tmp_path_factory.mktemp("corpus"), [Spec(NAMES[0], 200)])
    for k, name in enumerate(NAMES[1:], 1):
        how = {"visual": {"format": "float16" if name == NAMES[1] else "float32", "device": "CPU"}}
        features = make_features(Spec(name, 200), k)._replace(computed=how)
        write_features(root / "features" / f"{name}.safetensors", features)
    return root


@pytest.fixture(scope="module")
def address(root, server):
    return server(root)


def table(page):
    button = page.locator(".st-key-corpus_csv button")
    return pd.read_csv(io.BytesIO(downloaded(page, button)[1]))


def test_a_corpus_is_measured_filtered_brushed_and_opened(page, address, root):
    page.goto(f"{address}/corpus?drop_audio=true&dropout=60&of_target=arousal")
    page.get_by_text("4 of 4 subjects listed").wait_for()
    page.get_by_text("60% of the audio clips dropped").wait_for()
    mixed = page.get_by_text(f"Visual features have unlike number formats, 1 subject (such as {NAMES[1]}) in float16")
    mixed.wait_for()
    expect(page.locator(DOTS)).to_have_count(4)
    rows = table(page)
    assert list(rows["subject"]) == list(NAMES)
    model = load_checkpoint(root / "checkpoints" / "ca_iaca.safetensors")
    plain = infer(read_features(root / "features" / f"{NAMES[1]}.safetensors"), model).scores["arousal"].ccc
    assert abs(rows["ccc_gated"][1] - plain) > 1e-6  # with the dropout

    page.get_by_label("Name contains").fill("third")
    page.keyboard.press("Enter")
    page.get_by_text("2 of 4 subjects listed").wait_for()
    wait_for_address(page, "find=third")
    expect(mixed).to_have_count(0)
    page.reload()
    page.get_by_text("2 of 4 subjects listed").wait_for()
    assert list(table(page)["subject"]) == list(NAMES[2:])
    page.get_by_label("Name contains").fill("")
    page.keyboard.press("Enter")
    page.get_by_text("4 of 4 subjects listed").wait_for()

    rest(page)  # or the chart is drawn anew
    expect(page.locator(DOTS)).to_have_count(4)
    area = place_of(page.locator(".st-key-corpus_scatter .nsewdrag").first)
    lowest = max((place_of(page.locator(DOTS).nth(k)) for k in range(4)), key=lambda box: box["y"])
    page.mouse.move(area["x"] + 2, lowest["y"] - 3)
    page.mouse.down()
    page.mouse.move(area["x"] + area["width"] / 2, lowest["y"] + 5, steps=4)
    page.mouse.move(area["x"] + area["width"] - 2, area["y"] + area["height"] - 2, steps=4)
    page.mouse.up()
    page.get_by_text("1 of 4 subjects listed").wait_for()
    wait_for_address(page, "box=")
    page.get_by_role("button", name="Show all again").click()
    page.get_by_text("4 of 4 subjects listed").wait_for()

    rest(page)
    click_grid(
        page, page.get_by_test_id("stDataFrame"), 16, 52, page.get_by_role("button", name="Open at its worst moment")
    )

    page.get_by_text("gates", exact=True).click()
    page.get_by_text("relationship", exact=True).click()
    page.get_by_text("Do the stage-2 weights of CA+IACA follow").wait_for()
    page.get_by_text("subjects", exact=True).click()

    def hover():
        page.mouse.move(0, 0)
        dot = place_of(page.locator(DOTS).first)
        page.mouse.move(dot["x"] + dot["width"] / 2, dot["y"] + dot["height"] / 2)

    rest(page)
    insist(hover, page.locator(".hoverlayer .hovertext").first)
    page.mouse.down()
    page.mouse.up()
    page.wait_for_selector(f"{PLAYER}[data-revision]")
    wait_for_address(page, "frame=")
    expect(page.locator(".st-key-drop_audio input")).to_be_checked()


def hits(page):
    rows = pd.read_csv(io.BytesIO(downloaded(page, page.locator(".st-key-event_hits_csv button"))[1]))
    return list(zip(rows["subject"], rows["first_frame"], rows["last_frame"], strict=True))


def test_events_are_searched_opened_and_walked_through_and_a_link_has_the_search(page, address, root):
    model = load_checkpoint(root / "checkpoints" / "ca_iaca.safetensors")
    query = query_of(["valence_stage1_audio_cross > 0.5"], 0.4)
    expected = []
    for name in NAMES:
        trace = infer(read_features(root / "features" / f"{name}.safetensors"), model)
        expected += [(name, one.first_frame, one.last_frame) for one in find_events(trace, query).events]
    assert 2 < len(expected) < 100
    page.goto(f"{address}/corpus?view=events&where=valence_stage1_audio_cross+%3E+0.5&where=face+is+sad&lasting=0.4")
    page.get_by_text("face is sad").first.wait_for()  # what is wrong with the link
    page.get_by_text(f"{len(expected)} hits").wait_for()
    assert hits(page) == expected

    page.get_by_role("button", name="Add a condition").click()
    choose(page, "Column of condition 2", "face (known episodes)")
    page.get_by_text("in 1 of 4 subjects").wait_for()  # nothing is known of the other three
    wait_for_address(page, "where=face+is+wrong")
    page.get_by_role("button", name="Remove", exact=True).nth(1).click()
    page.get_by_text(f"{len(expected)} hits").wait_for()
    page.reload()
    page.get_by_text(f"{len(expected)} hits").wait_for()
    assert hits(page) == expected

    page.get_by_role("button", name="Next hit").focus()
    page.keyboard.press("Enter")
    page.get_by_text(f"Hit 2 of {len(expected)}").wait_for()
    page.get_by_role("button", name="Open on Compare").click()
    frame_of = "document.querySelector('[data-testid=player]').dataset.frame"
    page.wait_for_selector(f"{PLAYER}[data-revision]")
    page.wait_for_function(f"{frame_of} === '{expected[1][1]}'")
    own = [one for one in expected if one[0] == expected[1][0]]
    expect(page.locator("[data-testid=player-marks] button")).to_have_count(len(own))
    assert page.locator("[data-lane=search] span").first.get_attribute("title").startswith("hit")
    others = next(k for k, one in enumerate(expected) if one[0] != expected[1][0])
    for place in range(2, others + 1):
        page.get_by_role("button", name="Next hit").click()
        page.wait_for_selector(f'{PLAYER}[data-subject="{expected[place][0]}"]')
        page.wait_for_function(f"{frame_of} === '{expected[place][1]}'")
    wait_for_address(page, "where=valence_stage1_audio_cross+%3E+0.5")
    page.get_by_role("button", name="End search").click()
    expect(page.locator("[data-lane=search]")).to_have_count(0)
    page.wait_for_function("!document.location.search.includes('where=')")


def made(page, key, ending):
    page.locator(f".st-key-{key}_make button").click()
    button = page.locator(f".st-key-{key}_{ending} button")
    button.wait_for()
    name, content = downloaded(page, button)
    return name, io.BytesIO(content)


def test_moments_curves_and_a_report_are_made_of_the_listed_subjects(page, address, root):
    page.goto(f"{address}/corpus?find=third&drop_audio=true&dropout=60&sort=name")
    page.get_by_text("2 of 4 subjects listed").wait_for()
    assert list(table(page)["subject"]) == [NAMES[3], NAMES[2]]  # the largest first
    page.get_by_role("button", name="Export", exact=True).click()
    page.get_by_role("button", name="Make Parquet of 2 subjects").wait_for()
    name, content = made(page, "corpus_zip", "zip")
    assert name == "moments_2-subjects_ca-vs-ca_iaca_audio-dropped-60pct-scattered.zip"
    with zipfile.ZipFile(content) as archive:
        rows = pd.read_csv(archive.open("manifest.csv"))
        assert list(rows["subject"]) == list(NAMES[2:])
        assert set(rows["what_if"]) == {"60% of the audio clips dropped"}
        assert set(archive.namelist()) == {*rows["file"], "manifest.csv"}
    name, content = made(page, "corpus_curves", "parquet")
    assert name == "curves_2-subjects_ca-vs-ca_iaca_audio-dropped-60pct-scattered.parquet"
    curves = pd.read_parquet(content)
    assert curves.attrs["what_if"]["dropouts"][0]["share"] == 0.6
    model = load_checkpoint(root / "checkpoints" / "ca_iaca.safetensors")
    features = read_features(root / "features" / f"{NAMES[3]}.safetensors")
    expected = infer(features, model, [DropoutConfig(modality="audio", share=0.6)]).frames["valence"]
    own = curves["valence"][(curves["subject"] == NAMES[3]) & (curves["model"] == "ca_iaca")]
    np.testing.assert_allclose(own, expected, atol=1e-5)
    report = made(page, "corpus_report", "html")[1].read().decode()
    assert "on 2 subjects" in report
    assert "<dd>60% of the audio clips dropped</dd>" in report
    assert file_sha256(model.path) in report
    assert NAMES[0] not in report
