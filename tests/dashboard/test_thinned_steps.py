"""A step of a long recording has what the screen shows; what is read out is right, and the rest follows at rest."""

from __future__ import annotations

import json
import time

from iaca.config import DropoutConfig
from tests.dashboard.browsing import grasp, open_player
from tests.dashboard.serving import PATIENCE_S
from tests.dashboard.test_live_steps import (  # noqa: F401
    STEP,
    SUBJECT,
    address,
    drag_to,
    project,
    scored,
    traces,
    wait_for_scores,
)


def read_out(page):
    """Valence and arousal of both models where it is read out."""
    rows = page.locator(".iaca-facts tbody tr").all_inner_texts()[1:3]
    return [cell.replace("−", "-") for row in rows for cell in row.split("\t")[1:]]


def test_of_a_thinned_step_what_is_known_is_read_out_and_the_rest_once_the_hand_rests(page, address, traces):  # noqa: F811
    open_player(page, address, SUBJECT, drop_audio="true")
    whole = []

    def narrow(route):
        values = route.request.post_data_json
        if "seen" not in values:
            whole.append(route)
            return
        view, *read = values["seen"].split()
        assert view == f"0-249/{page.evaluate(WIDTH)}"
        values["seen"] = " ".join([view.split("/")[0] + "/5", *read])
        route.continue_(post_data=json.dumps(values))

    page.route(f"**{STEP}*", narrow)
    with page.expect_response(f"**{STEP}*") as answer:
        drag_to(page, grasp(page, "dropout"), 70)
    thinned = json.loads(answer.value.body().partition(b"\n")[0])["thinned"]
    assert thinned["view"] == [0, 249, 5]
    expected = traces(DropoutConfig(share=0.7))
    wait_for_scores(page, scored(expected))

    def values_at(frame):
        return [f"{trace.columns[name][frame]:.2f}" for trace in expected for name in ("valence", "arousal")]

    assert read_out(page) == values_at(0)
    for frame in (30, 200):
        page.get_by_test_id("player-scrub").evaluate(
            "(bar, frame) => { bar.value = frame; bar.dispatchEvent(new Event('input')); }", frame
        )
        assert read_out(page) == (values_at(30) if frame == 30 else ["–"] * 4)
    until = time.monotonic() + PATIENCE_S
    while not whole and time.monotonic() < until:
        page.wait_for_timeout(50)
    whole[0].continue_()
    page.wait_for_function("!document.querySelector('.iaca-facts tbody tr:nth-child(3)').innerText.includes('–')")
    assert read_out(page) == values_at(200)


WIDTH = """() => {
  const { width } = document.querySelector('.iaca-plot').getBoundingClientRect();
  return Math.floor(width - 84 - 8);
}"""
"""Pixels of the rows, without their axes."""
