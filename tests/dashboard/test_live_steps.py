"""Controls that are answered while they move: the player runs ahead of the page, which owns what is chosen."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dashboard.timeline.declared import Table
from iaca.checkpoints import load_checkpoint
from iaca.config import DropoutConfig, ForcedGates, GateOverrides
from iaca.features.feature_files import read_features
from iaca.inference import infer
from tests.dashboard.browsing import (
    PLAYER,
    check_undisturbed,
    choose,
    grasp,
    open_player,
    open_sidebar,
    play_watched,
    reload,
    rest,
    slide,
    state,
    wait_for_address,
    wait_for_page,
)
from tests.dashboard.projects import Spec, write_project

STEP = "/iaca/step/"
SUBJECT = "strong-01"
AHEAD = f"{PLAYER}[data-ahead=true]"
MODELS = ("ca", "ca_iaca")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return write_project(tmp_path_factory.mktemp("live"), [Spec(SUBJECT, 250), Spec("weak-02", 120)])


@pytest.fixture(scope="module")
def address(project, server):
    return server(project)


@pytest.fixture(scope="module")
def traces(project):
    """What each model says under a change."""
    features = read_features(project / "features" / f"{SUBJECT}.safetensors")
    models = [load_checkpoint(project / "checkpoints" / f"{name}.safetensors") for name in MODELS]

    def of(*dropouts, gates=None):
        return [infer(features, model, dropouts, gates=gates or GateOverrides()) for model in models]

    return of


def scored(traces):
    """Their CCC as the table of the player has it."""
    return [f"{trace.scores[target].ccc:.3f}" for trace in traces for target in ("valence", "arousal")]


def shown_scores(page):
    rows = page.get_by_test_id("player-ccc").locator("tbody tr").all_inner_texts()
    return [cell.split()[0].replace("−", "-") for row in rows for cell in row.split("\t")[1:]]


def wait_for_scores(page, expected):
    """Wait until the player shows these CCC."""
    page.wait_for_function(
        """(expected) => {
          const cells = [...document.querySelectorAll('[data-testid=player-ccc] tbody td')];
          const shown = cells.map((cell) => cell.innerText.trim().split(/\\s/)[0].replace('−', '-'));
          return JSON.stringify(shown) === JSON.stringify(expected);
        }""",
        arg=expected,
    )


def columns(content):
    """Name -> values at clip ends, of the columns that travelled in an answer."""
    line, _, _ = content.partition(b"\n")
    numbers = np.frombuffer(content, np.float32, offset=len(line) + 1)
    found = {}
    for table in (Table(*one) for one in json.loads(line)["tables"]):
        if table.place.startswith("live_"):
            for name in table.columns:
                found[name], numbers = numbers[: table.length], numbers[table.length :]
    return found


def drag_to(page, grasped, share):
    """Move the thumb of a slider from 0 to 100, which began at 40."""
    x, y, width = grasped
    page.mouse.move(x + width * (share - 40) / 100, y)
    page.wait_for_function(
        f"document.querySelector('.st-key-dropout input').getAttribute('aria-valuetext') === '{share}'"
    )


def test_curves_and_scores_follow_the_hand_and_are_those_of_inference(page, address, traces):
    open_player(page, address, SUBJECT, drop_audio="true")
    answers = []
    page.on("response", lambda answer: answers.append(answer) if STEP in answer.url else None)
    before = page.url
    grasped = grasp(page, "dropout")
    for share in (55, 70, 85, 75):
        drag_to(page, grasped, share)
    expected = traces(DropoutConfig(share=0.75))
    wait_for_scores(page, scored(expected))
    assert page.url == before  # the hand is still on it, and the page waits
    assert state(page, "ahead") == "true"
    sent = columns(answers[-1].body())
    for i, trace in enumerate(expected):
        for target in ("valence", "arousal"):
            np.testing.assert_array_equal(sent[f"{i}_{target}"], trace.frames[target].to_numpy()[::4])
    np.testing.assert_array_equal(sent["1_stage2_audio"], expected[1].frames["valence_stage2_audio"].to_numpy()[::4])

    page.mouse.up()
    wait_for_address(page, "dropout=75")
    page.wait_for_selector(f"{PLAYER}[data-ahead=false]")
    assert shown_scores(page) == scored(expected)


def test_every_live_control_is_answered_before_the_page(page, address, traces):
    open_player(page, address, SUBJECT, what_if="true", temperature="0.5", face_dropout="20")
    open_sidebar(page)
    asked = []
    page.on("request", lambda one: asked.append(one.post_data_json) if STEP in one.url else None)
    slide(page, "Visual dropout (%)", "ArrowRight")
    slide(page, "Gate temperature", "ArrowRight")
    before = int(state(page, "revision"))
    page.get_by_text("Drop audio", exact=True).click()
    wait_for_page(page, before)
    before = int(state(page, "revision"))
    page.get_by_role("spinbutton", name="Seed").fill("7")
    page.keyboard.press("Enter")
    wait_for_page(page, before)
    for name, option in (("Pattern", "block"), ("Stage 1", "always self-attended"), ("Stage 2", "joint alone")):
        before = int(state(page, "revision"))
        choose(page, name, option, exact=True)
        wait_for_page(page, before)
    changed = [
        {"face_dropout": "25"}, {"temperature": "1"}, {"drop_audio": "true"}, {"seed": "7"}, {"pattern": "block"},
        {"stage1": "always self-attended"}, {"stage2": "joint alone"},
    ]  # fmt: skip
    expected, values = [], None
    assert all(values.pop("seen") for values in asked)
    for change in changed:
        values = (asked[0] if values is None else values) | change
        expected.append(values)
    assert asked == expected
    dropouts = (
        DropoutConfig(share=0.4, pattern="block", seed=7),
        DropoutConfig(modality="visual", share=0.25, seed=7),
    )
    gates = GateOverrides(temperature=1.0, forced=ForcedGates(stage1="self", stage2="joint"))
    assert shown_scores(page) == scored(traces(*dropouts, gates=gates))


HOLD = """
() => {
  const ask = window.fetch;
  window.held = [];
  window.holding = true;
  // Also what was given up is asked and answered.
  window.fetch = (address, options) => window.holding && String(address).includes('/iaca/step/')
    ? new Promise((done) => window.held.push(async () => done(await ask(address, { ...options, signal: undefined }))))
    : ask(address, options);
}
"""


def test_an_answer_that_comes_late_does_not_replace_what_the_page_shows(page, address, traces):
    open_player(page, address, SUBJECT, drop_audio="true")
    page.evaluate(HOLD)
    grasped = grasp(page, "dropout")
    drag_to(page, grasped, 90)
    page.mouse.up()
    wait_for_scores(page, scored(traces(DropoutConfig(share=0.9))))  # through the page alone
    page.evaluate("() => { window.holding = false; }")
    slide(page, "Audio dropout (%)", "ArrowLeft")
    final = scored(traces(DropoutConfig(share=0.85)))
    wait_for_scores(page, final)
    before = state(page, "revision")
    with page.expect_response(f"**{STEP}*") as answer:
        page.evaluate("() => window.held[0]()")
    assert answer.value.status == 200
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    assert shown_scores(page) == final
    assert state(page, "revision") == before


def test_a_run_of_the_page_for_an_earlier_step_does_not_replace_a_newer_one(page, address, traces):
    open_player(page, address, SUBJECT, drop_audio="true")
    grasped = grasp(page, "dropout")
    drag_to(page, grasped, 80)
    ahead = scored(traces(DropoutConfig(share=0.8)))
    wait_for_scores(page, ahead)
    # The page runs with what it knows, which is 40 %, and sends the player something new: marks.
    page.get_by_role("radio", name="Moments").evaluate("(one) => one.click()")
    page.get_by_test_id("player-marks").locator("button").first.wait_for()
    rest(page)
    assert shown_scores(page) == ahead
    assert state(page, "ahead") == "true"
    # Back where it was, the page alone is right.
    drag_to(page, grasped, 40)
    wait_for_scores(page, scored(traces(DropoutConfig(share=0.4))))
    page.wait_for_selector(f"{PLAYER}[data-ahead=false]")
    page.mouse.up()


def test_where_steps_cannot_be_had_the_page_alone_shows_them(page, address, traces):
    page.route(f"**{STEP}*", lambda route: route.abort())
    open_player(page, address, SUBJECT, drop_audio="true")
    slide(page, "Audio dropout (%)", "ArrowRight")
    assert shown_scores(page) == scored(traces(DropoutConfig(share=0.45)))
    assert page.get_by_test_id("player-message").count() == 0


def test_another_subject_takes_its_own_steps(page, address, traces):
    open_player(page, address, "weak-02", drop_audio="true")
    asked = []
    page.on("request", lambda one: asked.append(one.url) if STEP in one.url else None)
    slide(page, "Audio dropout (%)", "ArrowRight")
    open_player(page, address, SUBJECT, drop_audio="true")
    slide(page, "Audio dropout (%)", "ArrowRight")
    assert len(set(asked)) == len(asked) == 2
    assert shown_scores(page) == scored(traces(DropoutConfig(share=0.45)))


def test_a_link_a_reload_the_back_button_and_two_tabs_have_the_same_state(chromium, page, address, traces):
    open_player(page, address, SUBJECT, drop_audio="true")
    grasped = grasp(page, "dropout")
    drag_to(page, grasped, 65)
    page.wait_for_selector(AHEAD)
    page.mouse.up()
    expected = scored(traces(DropoutConfig(share=0.65)))
    wait_for_address(page, "dropout=65")
    page.wait_for_selector(f"{PLAYER}[data-ahead=false]")
    assert shown_scores(page) == expected

    other = chromium.new_page()  # of the same visit
    other.goto(page.url)
    other.wait_for_selector(f"{PLAYER}[data-revision]")
    rest(other)
    assert shown_scores(other) == expected
    slide(other, "Audio dropout (%)", "ArrowRight")
    assert shown_scores(other) == scored(traces(DropoutConfig(share=0.7)))
    assert shown_scores(page) == expected

    reload(page)
    assert shown_scores(page) == expected
    page.goto("about:blank")
    page.go_back()
    page.wait_for_selector(f"{PLAYER}[data-revision]")
    rest(page)
    assert shown_scores(page) == expected
    assert page.get_by_role("slider", name="Audio dropout (%)").input_value() == "65"
    page.go_forward()
    page.go_back()
    page.wait_for_selector(f"{PLAYER}[data-revision]")
    rest(page)
    assert shown_scores(page) == expected
    # Each tab asks at an address of its own.
    steps = []
    for tab in (page, other):
        tab.on("request", lambda one: steps.append(one.url) if STEP in one.url else None)
        slide(tab, "Audio dropout (%)", "ArrowLeft")
    assert len(set(steps)) == 2
    other.close()


def test_steps_while_it_plays_neither_pause_nor_jump(page, address):
    open_player(page, address, SUBJECT, drop_audio="true")
    play_watched(page, "0.25")
    for _ in range(4):  # off, on, off, on
        before = int(state(page, "revision"))
        page.get_by_text("Drop audio", exact=True).click()
        wait_for_page(page, before)
    grasped = grasp(page, "dropout")
    for share in (50, 60, 70):
        before = int(state(page, "revision"))
        drag_to(page, grasped, share)
        page.wait_for_function(f"Number(document.querySelector('{PLAYER}').dataset.revision) > {before}")
    assert state(page, "playing") == "true"
    page.mouse.up()
    check_undisturbed(page, 250)


@pytest.fixture
def asked(page, address):
    """The address of the steps of an open page, and the values that it sent."""
    open_player(page, address, SUBJECT, drop_audio="true")
    with page.expect_request(f"**{STEP}*") as request:
        slide(page, "Audio dropout (%)", "ArrowRight")
    return request.value.url, request.value.post_data_json


def test_the_route_answers_nobody_else(playwright, page, asked):
    url, values = asked
    assert page.request.post(url, data=values).status == 200  # with the cookies of the page
    stranger = playwright.request.new_context()
    for cookie in ({}, {"Cookie": f"iaca_visit={'s' * 43}"}):
        answer = stranger.post(url, data=values, headers=cookie)
        assert (answer.status, answer.text()) == (404, "This view is not open in this browser.")
    stranger.dispose()


@pytest.mark.parametrize(
    "change",
    [{"dropout": "101"}, {"pattern": "/etc/passwd"}, {"seed": "NaN"}, {"temperature": "0"}, {"subject": "weak-02"}],
)
def test_what_cannot_be_is_refused_in_one_sentence(page, asked, change):
    url, values = asked
    answer = page.request.post(url, data=values | change)
    assert answer.status == 400
    assert "expected" in answer.text()
    assert answer.text().count("\n") == 0
