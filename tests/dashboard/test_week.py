"""A user's week with what ships: one view for a colleague, after a restart, from other pages, and in what leaves."""

from __future__ import annotations

import io

import pandas as pd
import pytest

from iaca.checkpoints import load_checkpoint
from iaca.config import DropoutConfig
from iaca.features.feature_files import read_features
from iaca.inference import infer
from iaca.study.first_view import read_first_view
from tests.dashboard.browsing import PLAYER, downloaded, rest
from tests.dashboard.conftest import FAULTS
from tests.dashboard.serving import CHROMIUM, FLAGS, PATIENCE_S, PROJECT, serve

SUBJECT = "weak-voice-03"
DROPOUT = DropoutConfig(share=0.4)
SCORES = """() => [...document.querySelectorAll('[data-testid=player-ccc] tbody tr')].map(
  (row) => [...row.querySelectorAll('th, td')].map((cell) => cell.innerText.split('\\n')[0].trim()))"""


def expected(dropouts):
    """The lines of the table of scores, from the package."""
    features = read_features(PROJECT / "demo" / "features" / f"{SUBJECT}.safetensors")
    lines = []
    for name in ("ca", "ca_iaca"):
        checkpoint = load_checkpoint(name)
        scores = infer(features, checkpoint, dropouts).scores
        lines.append([checkpoint.title, *(f"{scores[t].ccc:.3f}".replace("-", "−") for t in ("valence", "arousal"))])
    return lines


def wait_for_scores(page, lines):
    """Wait until the table shows these scores; changes beside them do not count."""
    page.wait_for_function(
        f"""(lines) => {{
          const shown = ({SCORES})().map((row) => [row[0], ...row.slice(1).map((text) => text.split(/\\s/)[0])]);
          return lines.every((line) => shown.some((row) => line.every((text, k) => row[k] === text)));
        }}""",
        arg=lines,
    )


def has_no_faults(page):
    return page.locator(FAULTS).count() == 0 and page.get_by_test_id("stException").count() == 0


@pytest.fixture
def browser(playwright):
    browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(FLAGS))
    yield browser
    browser.close()


def somebody(browser):
    """A page of a person of their own."""
    context = browser.new_context(viewport={"width": 1280, "height": 720}, accept_downloads=True)
    context.set_default_timeout(PATIENCE_S * 1000)
    return context.new_page()


@pytest.mark.slow
def test_a_week_with_the_page(browser, tmp_path):
    plain, dropped = expected(()), expected((DROPOUT,))
    assert plain != dropped
    user = somebody(browser)
    with serve(PROJECT / "demo", tmp_path, PROJECT / "checkpoints") as (address, _):
        # Monday: the page as it opens, then a subject of one's own choice, and a first what-if.
        user.goto(address)
        first = read_first_view(PROJECT / "demo" / "results")
        assert first is not None
        user.wait_for_selector(f"{PLAYER}[data-subject='{first.subject}'][data-revision]")
        user.goto(f"{address}/?subject={SUBJECT}")
        wait_for_scores(user, plain)
        user.get_by_role("switch", name="Drop audio").locator("xpath=ancestor::label").click()
        wait_for_scores(user, dropped)
        user.wait_for_function("document.location.search.includes('drop_audio')")

        # Tuesday: a colleague opens the link, and undoes the what-if without the user noticing.
        colleague = somebody(browser)
        colleague.goto(user.url)
        wait_for_scores(colleague, dropped)
        colleague.get_by_role("switch", name="Drop audio").locator("xpath=ancestor::label").click()
        wait_for_scores(colleague, plain)
        wait_for_scores(user, dropped)

        # Wednesday: other pages and back; choices outlast them.
        for title, sign in (("Results", "stMain"), ("About the models", "stMain"), ("Robustness", "stMain")):
            user.get_by_role("link", name=title).click()
            user.get_by_test_id(sign).wait_for()
            rest(user)
            assert has_no_faults(user)
        user.get_by_test_id("stTopNav").get_by_role("link", name="Compare").click()
        wait_for_scores(user, dropped)
        port = int(address.rsplit(":", 1)[1])

    # Thursday: the server was restarted over night; the tab is reloaded.
    with serve(PROJECT / "demo", tmp_path, PROJECT / "checkpoints", port=port) as (address, _):
        user.reload()
        wait_for_scores(user, dropped)

        # Friday: what leaves is what is seen.
        user.get_by_role("button", name="Export", exact=True).click()
        _, content = downloaded(user, user.get_by_role("button", name="CSV", exact=True))
        table = pd.read_csv(io.BytesIO(content))
        features = read_features(PROJECT / "demo" / "features" / f"{SUBJECT}.safetensors")
        trace = infer(features, load_checkpoint("ca_iaca"), (DROPOUT,))
        assert table["ca_iaca_valence"].to_numpy() == pytest.approx(trace.frames["valence"].to_numpy(), abs=1e-5)
        for page in (user, colleague):
            assert has_no_faults(page)
    log = (tmp_path / "server.log").read_text()
    assert "Traceback" not in log, log
