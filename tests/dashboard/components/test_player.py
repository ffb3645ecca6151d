"""The player in a real browser: picture, frame number and cursor are one."""

from __future__ import annotations

import itertools
import random
import urllib.error
import urllib.request

import pytest

from tests.dashboard.browsing import (
    PLAYER,
    check_undisturbed,
    open_player,
    play_watched,
    record,
    sample,
    settle,
    slide,
    state,
    wait_for_page,
)
from tests.dashboard.projects import Spec, frame_times, write_project
from tests.dashboard.serving import PATIENCE_S

SPECS = (
    Spec("steady", 300),
    Spec("audio-first", 200, audio_leads_s=0.3),
    Spec("variable", 200, variable=True),
    Spec("labels-longer", 60, extra_labels=2),
    Spec("copied", 100, ending="avi"),
    Spec("resized", 24, ending="webm"),
    Spec("resized-uneven", 24, variable=True, ending="webm"),
)
TIMES = {spec.name: frame_times(spec) for spec in SPECS}


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    return write_project(tmp_path_factory.mktemp("project"), list(SPECS))


@pytest.fixture(scope="module")
def address(project, server):
    return server(project)


def assert_agreement(shown, times):
    """Picture, claimed frame, its time and the cursor are those of one frame."""
    assert shown["picture"] == shown["frame"]
    assert shown["pts"] == pytest.approx(times[shown["frame"]], abs=1e-6)
    assert shown["cursor_s"] == pytest.approx(shown["pts"], abs=1.01 * shown["pixel_s"])


@pytest.mark.parametrize(("subject", "seeks"), [("steady", 50), ("audio-first", 50), ("variable", 50), ("copied", 10)])
def test_random_seeks_land_on_the_frame_that_was_asked_for(page, address, subject, seeks):
    open_player(page, address, subject)
    rng = random.Random(subject)
    scrub = page.get_by_test_id("player-scrub")
    for _ in range(seeks):
        target = rng.randrange(len(TIMES[subject]))
        scrub.evaluate("(bar, k) => { bar.value = k; bar.dispatchEvent(new Event('input')); }", target)
        settle(page)
        shown = sample(page)
        assert shown["frame"] == target
        assert_agreement(shown, TIMES[subject])


@pytest.mark.parametrize("subject", ["resized", "resized-uneven"])
def test_every_frame_of_a_recording_that_changes_its_size_is_reached_both_ways(page, address, subject):
    open_player(page, address, subject)
    page.get_by_test_id("player").focus()
    last = len(TIMES[subject]) - 1
    steps = [("Home", 0)]
    steps += [("ArrowRight", k) for k in range(1, last + 1)]
    steps += [("ArrowLeft", k) for k in range(last - 1, -1, -1)]
    for key, target in steps:
        page.keyboard.press(key)
        page.wait_for_selector(f"{PLAYER}[data-frame='{target}'][data-seeking='false']")
        assert_agreement(sample(page), TIMES[subject])


@pytest.mark.parametrize("subject", ["steady", "audio-first", "variable"])
def test_every_sample_of_a_playback_agrees_and_time_never_runs_backwards(page, address, subject):
    open_player(page, address, subject)
    page.get_by_role("button", name="Play", exact=True).click()
    samples = record(page, 5.0)
    for shown in samples:
        assert_agreement(shown, TIMES[subject])
    frames = [shown["frame"] for shown in samples]
    assert all(b >= a for a, b in itertools.pairwise(frames))
    assert len(set(frames)) > 20


def test_a_burst_of_seeks_ends_on_the_newest(page, address):
    open_player(page, address, "steady")
    page.get_by_test_id("player-scrub").evaluate(
        "(bar) => { for (let k = 5; k < 290; k += 7) { bar.value = k; bar.dispatchEvent(new Event('input')); } }"
    )
    settle(page)
    shown = sample(page)
    assert shown["frame"] == 285
    assert_agreement(shown, TIMES["steady"])


def test_frames_after_the_last_picture_keep_it_and_say_so(page, address):
    open_player(page, address, "labels-longer")
    assert state(page, "frames") == "62"
    page.keyboard.press("End")
    settle(page)
    shown = sample(page)
    assert (shown["frame"], shown["picture"]) == (61, 59)
    assert "after the last picture" in page.get_by_test_id("player-flags").inner_text()


def test_dragging_on_any_row_moves_picture_and_cursor(page, address):
    open_player(page, address, "steady")
    rows = page.get_by_test_id("player-legend").locator("> div")
    assert rows.count() == 7
    for row in range(7):
        rows.nth(row).scroll_into_view_if_needed()
        where, plot = rows.nth(row).bounding_box(), page.get_by_test_id("player-plot").bounding_box()
        y, goal = where["y"] + where["height"] / 2, plot["x"] + 250 + 37 * row
        page.mouse.move(plot["x"] + 100, y)
        page.mouse.down()
        page.mouse.move(goal, y, steps=4)
        page.mouse.up()
        settle(page)
        shown = sample(page)
        assert_agreement(shown, TIMES["steady"])
        cursor = page.get_by_test_id("player-cursor").bounding_box()
        # The cursor stands on a frame, so at most half a frame from the pointer.
        half_frame = 0.5 * 0.04 / shown["pixel_s"]
        assert cursor["x"] + 1 == pytest.approx(goal, abs=half_frame + 1)


def test_keys_step_by_frames_and_seconds_and_play(page, address):
    open_player(page, address, "steady")
    expected = 0
    for key, frame in (
        ("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("Shift+ArrowRight", 26), ("Shift+ArrowLeft", 1),
        ("End", 299), ("Home", 0),
    ):  # fmt: skip
        page.keyboard.press(key)
        settle(page)
        expected = frame
        assert sample(page)["frame"] == expected, key
        assert_agreement(sample(page), TIMES["steady"])
    page.keyboard.press("Space")
    page.wait_for_selector(f"{PLAYER}[data-playing=true]")
    page.keyboard.press("Space")
    page.wait_for_selector(f"{PLAYER}[data-playing=false]")


def test_a_marked_range_is_repeated(page, address):
    open_player(page, address, "steady")
    for _ in range(2):
        page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("[")
    page.keyboard.press("Shift+ArrowRight")
    page.keyboard.press("]")
    settle(page)
    page.keyboard.press("Space")
    # Until playback turns back, it never leaves the range.
    page.wait_for_function(
        f"""() => {{
          const frame = Number(document.querySelector('{PLAYER}').dataset.frame);
          (window.seen ??= []).push(frame);
          return frame < window.seen.at(-2);
        }}"""
    )
    frames = page.evaluate("seen")
    assert min(frames) >= 50
    assert max(frames) <= 76
    assert max(frames) > frames[-1]


def test_dropout_changes_while_playing_neither_pause_nor_remount_nor_turn_back(page, address):
    open_player(page, address, "steady", drop_audio="true")
    play_watched(page, "0.5")
    for i in range(20):
        slide(page, "Audio dropout (%)", "ArrowRight" if i % 4 < 3 else "ArrowLeft")
    samples = check_undisturbed(page, 300)
    assert len({shown["frame"] for shown in samples}) > 20
    for shown in samples:
        assert_agreement(shown, TIMES["steady"])


def test_dropout_does_not_move_a_resting_cursor(page, address):
    open_player(page, address, "steady")
    page.get_by_test_id("player-scrub").evaluate("(bar) => { bar.value = 123; bar.dispatchEvent(new Event('input')); }")
    settle(page)
    before = int(state(page, "revision"))
    page.get_by_text("Drop audio", exact=True).click()
    wait_for_page(page, before)
    shown = sample(page)
    assert shown["frame"] == 123
    assert_agreement(shown, TIMES["steady"])


def test_only_registered_media_can_be_fetched_and_ranges_are_answered(page, address):
    open_player(page, address, "steady")
    source = page.get_by_test_id("player-video").evaluate("(video) => video.src")
    answer = page.request.get(source, headers={"Range": "bytes=10-29"})  # with the cookies of the page
    assert answer.status == 206
    assert answer.headers["content-range"].startswith("bytes 10-29/")
    assert len(answer.body()) == 20
    assert status_of(source) == 404  # without them
    rng = random.Random(1)
    folder = source.rsplit("/", 1)[0]
    for stranger in ("".join(rng.choices("0123456789abcdef", k=32)) for _ in range(50)):
        assert page.request.get(f"{folder}/{stranger}").status == 404
    for trick in ("../app.py", "..%2f..%2fapp.py", "%2fetc%2fpasswd", "steady.mp4"):
        assert status_of(f"{folder}/{trick}") in (400, 404), trick


def status_of(url):
    """HTTP status of an answer that is expected to be a refusal."""
    with pytest.raises(urllib.error.HTTPError) as refusal:
        urllib.request.urlopen(url, timeout=PATIENCE_S)
    return refusal.value.code
