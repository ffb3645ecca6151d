"""The page about the models, and the tour."""

from __future__ import annotations

import re

import pytest

from iaca.checkpoints import load_checkpoint
from iaca.config import DropoutConfig
from iaca.features.feature_files import read_features
from iaca.inference import infer
from tests.dashboard.browsing import PLAYER, open_player, rest
from tests.dashboard.projects import Spec, write_project


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_project(tmp_path_factory.mktemp("about"), [Spec("first-01", 120), Spec("second-02", 120)])


@pytest.fixture(scope="module")
def address(root, server):
    return server(root)


def test_the_figure_has_the_weights_of_the_frame_that_was_left_and_a_link_shows_them_elsewhere(
    page, address, root, chromium
):
    open_player(page, address, "second-02", frame="60")
    page.wait_for_function("JSON.parse(sessionStorage.getItem('iaca-cursor') ?? '{}').frame === 60")
    page.get_by_role("link", name="About the models").click()
    page.get_by_test_id("gate-diagram").wait_for()
    time = page.get_by_test_id("diagram-time")
    page.get_by_text("60 of 120 · 2.400 s").wait_for()
    subject = read_features(root / "features" / "second-02.safetensors")
    frames = infer(subject, load_checkpoint(root / "checkpoints" / "ca_iaca.safetensors")).frames
    for frame in (60, 61, 100):
        page.get_by_test_id("diagram-frame").evaluate(
            "(bar, frame) => { bar.value = frame; bar.dispatchEvent(new Event('input')); }", frame
        )
        assert time.inner_text().startswith(f"{frame} of 120")
        for wire in ("stage1_audio_cross", "stage1_visual_self", "stage2_audio", "stage2_joint"):
            shown = page.locator(f"[data-value={wire}]").text_content()
            assert float(shown) == pytest.approx(frames[f"valence_{wire}"][frame], abs=0.0051)
    page.wait_for_function("['second-02', '100', 'ca_iaca.safetensors'].every((one) => location.search.includes(one))")
    other = chromium.new_page()
    other.goto(page.url)
    other.get_by_text("100 of 120 · 4.000 s").wait_for()
    other.get_by_text("on second-02, without dropout").wait_for()
    other.close()


def test_the_page_says_what_is_chosen_what_deviates_and_that_the_corpus_is_synthetic(page, address):
    page.goto(f"{address}/about")
    page.get_by_text("The demo data").wait_for()
    page.get_by_text("means nothing").wait_for()
    text = page.locator("[data-testid=stMain]").text_content()
    for words in (
        "Choice:",
        "Deviates:",
        "Shapley values of two players",
        "demo corpus is synthetic",
        "Attention score (received)",
        "5-8",
    ):
        assert words in text
    figure = page.get_by_test_id("gate-diagram").text_content()
    assert set(re.findall(r"eqs? ([\d, to]+\d|\d)", figure)) == {"1 to 4", "5, 6", "7", "8", "9"}
    equations = page.locator(".katex-html").count()
    assert equations >= 9


def test_the_tour_points_at_what_is_there_is_remembered_and_can_be_taken_again(page, address):
    open_player(page, address, "first-01")
    assert page.get_by_test_id("tour").count() == 0  # a driven browser is not bothered
    open_player(page, address, "first-01", tour="1")
    card = page.get_by_test_id("tour")
    titles = []
    for _ in range(6):
        card.wait_for()
        titles.append(card.locator("strong").inner_text())
        frame = page.locator(".iaca-guide-frame").bounding_box()
        assert frame["width"] > 30
        assert frame["height"] > 15
        box = card.bounding_box()
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 1280
        assert box["y"] >= 0
        assert box["y"] + box["height"] <= 1000
        for corner in ((4, 12), (box["width"] - 4, 12), (4, box["height"] - 12)):
            at = {"x": box["x"] + corner[0], "y": box["y"] + corner[1]}
            assert page.evaluate(
                "({x, y}) => document.elementFromPoint(x, y).closest('[data-testid=tour]') !== null", at
            )
        card.get_by_role("button").last.click()
    assert len(set(titles)) == 6
    card.wait_for(state="detached")
    assert page.evaluate("localStorage.getItem('iaca-tour')") == "1"
    page.get_by_role("link", name="About the models").click()
    page.get_by_role("button", name="Take the tour").click()
    page.get_by_text("One subject at a time").wait_for()
    page.keyboard.press("Escape")
    card.wait_for(state="detached")
    page.wait_for_selector(PLAYER)


def test_the_tour_begins_at_its_first_step_from_another_page_and_its_frame_follows(page, address):
    page.goto(f"{address}/about")
    page.get_by_role("button", name="Take the tour").click()
    card = page.get_by_test_id("tour")
    card.wait_for()
    assert card.inner_text().splitlines()[0] == "One subject at a time"
    assert "1 of 6" in card.inner_text()
    page.wait_for_selector(f"{PLAYER}[data-revision]")
    rest(page)
    for target in ("[data-testid=stMain] [data-testid=stSelectbox]", ".iaca-screen"):
        page.wait_for_function(
            """(target) => {
              const [box, frame] = [target, '.iaca-guide-frame'].map((one) =>
                document.querySelector(one).getBoundingClientRect());
              const off = (end, by) => Math.abs(frame[end] - box[end] - by) <= 1;
              return off('left', -4) && off('top', -4) && off('right', 4) && off('bottom', 4);
            }""",
            arg=target,
        )
        card.get_by_role("button", name="Next").click()


def test_the_tour_says_what_the_gates_really_do_without_audio(page, address, root):
    open_player(page, address, "first-01", tour="1")
    card = page.get_by_test_id("tour")
    for _ in range(4):
        card.get_by_role("button", name="Next").click()
    card.get_by_text("What if the voice is lost?").wait_for()
    assert "→" not in card.inner_text()
    page.get_by_text("Drop audio", exact=True).click()
    card.get_by_text("Mean gate weights of CA+IACA for valence").wait_for()
    subject = read_features(root / "features" / "first-01.safetensors")
    model = load_checkpoint(root / "checkpoints" / "ca_iaca.safetensors")
    before, after = infer(subject, model).frames, infer(subject, model, [DropoutConfig(share=0.4)]).frames
    dropped = after["audio_dropped"]
    assert 0 < dropped.sum() < len(dropped)
    for gate, what in (("stage1_audio_cross", "cross-attended audio"), ("stage2_visual", "visual")):
        was, now = (frames.loc[dropped, f"valence_{gate}"].mean() for frames in (before, after))
        assert f"{what} {was:.2f} → {now:.2f}" in card.inner_text()
