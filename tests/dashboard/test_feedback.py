"""Whoever asks the page for something sees that it works on it."""

from __future__ import annotations

import runpy

import pytest
from playwright.sync_api import expect

from tests.dashboard.browsing import choose, open_early, open_player, open_sidebar, rest
from tests.dashboard.projects import Spec, write_model, write_project

SLOW = """
import time

import torch
import iaca
from iaca.types import Attended


class Slow(torch.nn.Module):
    def forward(self, audio, visual):
        time.sleep(1)
        return Attended(audio, visual, audio + visual, visual + audio, audio_residual=visual, visual_residual=audio)


iaca.register_fusion("slow", lambda config: Slow())
"""

WATCH = """() => {
  const app = document.querySelector('[data-testid=stApp]');
  const player = document.querySelector('[data-testid=player]');
  const before = player.dataset.revision;
  const listed = () => [...document.querySelectorAll('[data-testid=stSelectbox]')].map((box) =>
    box.textContent + [...box.querySelectorAll('input')].map((input) => input.value)).join();
  window.seen = [];
  const began = performance.now();
  window.fetched = () => performance.getEntriesByType('resource')
    .filter((one) => one.name.includes('/iaca/table/') && one.startTime > began).map((one) => one.startTime);
  const look = () => {
    const sign = getComputedStyle(app, '::after');
    const visible = Number(sign.opacity) === 1;
    window.seen.push([sign.content, visible, player.dataset.revision !== before, listed(), performance.now()]);
    requestAnimationFrame(look);
  };
  look();
}"""


@pytest.fixture(scope="module")
def address(tmp_path_factory, server):
    root = write_project(tmp_path_factory.mktemp("feedback"), [Spec("steady", 90)])
    (root / "plugin.py").write_text(SLOW)
    runpy.run_path(str(root / "plugin.py"))
    for iaca in (False, True):
        write_model(root / "checkpoints" / f"slow{'_iaca' * iaca}.safetensors", iaca=iaca, seed=1, fusion="slow")
    return server(root)


def test_a_model_that_takes_its_time_is_announced_until_its_curves_are_there(page, address):
    open_player(page, address, "steady")
    rest(page)
    page.evaluate(WATCH)
    open_sidebar(page)
    choose(page, "Fusion", "SLOW", exact=True)
    page.wait_for_function("seen.at(-1)[2]")
    rest(page)
    page.wait_for_function("!seen.at(-1)[1] && seen.at(-1)[3].includes('SLOW+IACA')")
    seen, fetched = page.evaluate("[seen, fetched()]")
    assert not seen[0][1]
    announced = next(i for i, (_, visible, *_) in enumerate(seen) if visible)
    painted = next(i for i, (_, _, changed, *_) in enumerate(seen) if changed)
    assert announced < painted
    assert "Working" in seen[announced][0]
    # Scores of the listed subjects come after the curves of the chosen one, which are fetched before they are painted.
    listed_ms = next(now for _, _, _, listed, now in seen if "SLOW+IACA" in listed)
    assert min(fetched) < listed_ms


def test_a_search_that_is_stopped_leads_back_to_the_shown_subject(page, address):
    open_early(page, address, "steady", fusion="SLOW", beside="moments", **{"in": "all+subjects"})
    page.locator(".st-key-moments_stop").get_by_role("button").click()
    expect(page.get_by_role("radio", name="this subject")).to_be_checked()
    page.get_by_test_id("moments").wait_for()
