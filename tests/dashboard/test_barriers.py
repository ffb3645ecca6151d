"""axe-core finds no serious barrier in the pages, light and dark."""

from __future__ import annotations

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.dashboard.browsing import PLAYER, open_player, rest
from tests.dashboard.projects import Spec, write_project

OFF = [".st-key-dropout", ".st-key-pattern", ".st-key-seed"]
"""Streamlit's controls that are off until audio is dropped: WCAG asks no contrast of them, but axe cannot tell."""


PICTURE = '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9" fill="red"/></svg>'


@pytest.fixture(scope="module")
def address(tmp_path_factory, server):
    root = write_project(tmp_path_factory.mktemp("barriers"), [Spec("someone", 120)])
    write_results(root / "results")
    return server(root)


def write_results(folder):
    """What a study of two models leaves, with its figure."""
    about = {"regime": "extensions", "group": "all", "parameters": 9, "sd": 0.0, "low": 0.1, "high": 0.9, "seeds": 2}
    change = {
        "base": "CA",
        "draw": "validation",
        "ablation": False,
        "value": 0.1,
        "seeds_better": 2,
        "verdict": "helps",
    }
    gate = {"modality": "audio", "kind": "voice corrupted", "gate": "stage 2: less audio", "value": 0.75}
    tables = {name: [] for name in ("scores", "subjects", "differences", "gates")}
    for variant, model in (("ca", "CA"), ("ca_iaca", "CA+IACA")):
        for target in ("valence", "arousal"):
            row = {"variant": variant, "model": model, "title": model, "target": target, "ccc": 0.5} | about
            tables["scores"].append(row | {"subjects": 2})
            tables["subjects"].append(row | {"subject": "someone", "frames": 120, "reason": ""})
            tables["differences"].append(row | change | {"verdict": "helps"})
            tables["gates"].append(row | gate | {"subjects": 2})
    (folder / "figures").mkdir(parents=True)
    (folder / "figures" / "attention.svg").write_text(PICTURE, encoding="utf-8")
    (folder / "report.md").write_text("# Report\n\n## What follows\n\n- **IACA** helps.\n", encoding="utf-8")
    for name, rows in tables.items():
        pd.DataFrame(rows).to_parquet(folder / f"{name}.parquet")


def serious(page):
    """What axe calls serious or critical, once nothing fades in any more: rule, element and reason."""
    rested(page)
    found = Axe().run(page, context={"exclude": [[one] for one in OFF]}, options={"resultTypes": ["violations"]})
    return [
        (rule["id"], node["html"][:120], node["failureSummary"])
        for rule in found.response["violations"]
        if rule["impact"] in ("serious", "critical")
        for node in rule["nodes"]
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_player_with_a_range_the_downloads_and_the_tour_have_no_barrier(page, address, scheme):
    page.emulate_media(color_scheme=scheme)
    open_player(page, address, "someone", range="20-60", tour="1")
    page.get_by_test_id("tour").wait_for()
    assert serious(page) == []
    page.get_by_test_id("tour").get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Export", exact=True).click()
    page.get_by_role("button", name="Make MP4").wait_for()
    assert serious(page) == []


def rested(page):
    """Wait until the page has run and nothing fades in any more."""
    rest(page)
    page.wait_for_function("document.getAnimations().every((one) => one.playState !== 'running')")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_gates_and_events_of_the_corpus_their_hits_and_notes_have_no_barrier(page, address, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{address}/corpus?view=gates")
    page.get_by_text("Do the stage-2 weights").wait_for()
    assert serious(page) == []
    page.goto(f"{address}/corpus?view=events&where=valence_stage2_visual+%3E+0&where=has_face+is+yes")
    page.get_by_role("button", name="Open on Compare").wait_for()
    assert serious(page) == []
    page.get_by_role("button", name="Open on Compare").click()
    page.get_by_role("button", name="End search").wait_for()
    page.get_by_text("Notes", exact=True).click()
    page.wait_for_selector(f"{PLAYER}[data-revision]")
    page.get_by_role("textbox", name="New note").fill("a smile")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_text("Added").wait_for()
    assert serious(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_zoomed_player_its_keys_and_its_palette_have_no_barrier(page, address, scheme):
    page.emulate_media(color_scheme=scheme)
    open_player(page, address, "someone", frame="60")
    page.evaluate("document.querySelector('.iaca-player').focus({ preventScroll: true })")
    for _ in range(3):
        page.keyboard.press("+")
    page.get_by_role("slider", name="What is shown", exact=True).press("End")
    page.locator(".iaca-away").wait_for()
    assert serious(page) == []
    page.keyboard.press("?")
    page.get_by_test_id("player-help").wait_for()
    assert serious(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.get_by_test_id("player-palette").wait_for()
    assert serious(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_about_the_models_has_no_barrier(page, address, scheme):
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{address}/about")
    page.get_by_text("means nothing").wait_for()
    page.get_by_test_id("stStatusWidget").wait_for(state="detached")
    page.wait_for_function("[...document.querySelectorAll('style')].some((s) => /katex-display/.test(s.textContent))")
    assert serious(page) == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(
    ("place", "last"),
    [
        ("results", "Report (Markdown)"),
        ("robustness", "with 80% missing"),
        ("corpus", "subjects listed"),
        ("your_video", "Or the path of a video"),
    ],
)
def test_the_other_pages_have_no_barrier(page, address, scheme, place, last):
    page.emulate_media(color_scheme=scheme)
    page.goto(f"{address}/{place}")
    page.get_by_text(last).first.wait_for()
    page.get_by_test_id("stStatusWidget").wait_for(state="detached")
    assert serious(page) == []
