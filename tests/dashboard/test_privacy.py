"""What one browser was given, no other gets: videos, sounds and curves have secret addresses that end with a visit."""

from __future__ import annotations

import re
import time

import pytest

from tests.dashboard.browsing import open_player, reload
from tests.dashboard.projects import Spec, write_project
from tests.dashboard.serving import CHROMIUM, FLAGS, PATIENCE_S, serve
from tests.dashboard.test_admission import ask

FORGOTTEN_S = 1


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    root = write_project(tmp_path_factory.mktemp("private"), [Spec("steady", 100)])
    options = ["--server.disconnectedSessionTTL", str(FORGOTTEN_S)]
    with serve(root, tmp_path_factory.mktemp("home"), server=options) as (address, _):
        yield address


@pytest.fixture(scope="module")
def browser(playwright):
    browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(FLAGS))
    yield browser
    browser.close()


@pytest.fixture
def visitor(browser):
    """Opens the player in a browser with its own cookies; says what it fetched and how to ask as that browser."""
    contexts = []

    def visit(address):
        context = browser.new_context()
        contexts.append(context)
        context.set_default_timeout(PATIENCE_S * 1000)
        page = context.new_page()
        asked = []
        page.on("request", lambda request: asked.append(request.url) if is_private(request.url) else None)
        open_player(page, address, "steady")
        cookie = "; ".join(f"{one['name']}={one['value']}" for one in context.cookies())
        return page, asked, {"Cookie": cookie}

    yield visit
    for context in contexts:
        context.close()


def is_private(url):
    return re.search("/iaca/(media|table|sound)/", url) is not None


def path_of(url):
    return "/" + url.split("/", 3)[3]


def test_an_address_of_one_browser_answers_no_other(address, visitor):
    _, first_asked, first = visitor(address)
    _, second_asked, second = visitor(address)
    assert {path_of(url).split("/")[2] for url in first_asked} == {"media", "table"}
    for url in first_asked:
        assert ask(address, path_of(url), **first).status == 200
        assert ask(address, path_of(url), **second).status == 404
        assert ask(address, path_of(url)).status == 404
    assert not set(first_asked) & set(second_asked)


def test_a_range_is_answered_and_no_proxy_may_keep_it(address, visitor):
    _, asked, cookie = visitor(address)
    media = next(path_of(url) for url in asked if "/iaca/media/" in url)
    answer = ask(address, media, Range="bytes=10-19", **cookie)
    assert answer.status == 206
    assert len(answer.content) == 10
    assert answer.headers["Cache-Control"].startswith("private")
    table = next(path_of(url) for url in asked if "/iaca/table/" in url)
    assert ask(address, table, **cookie).headers["Cache-Control"] == "private, max-age=86400, immutable"


def test_a_browser_that_comes_again_has_its_curves_in_its_cache(address, visitor):
    page, asked, _ = visitor(address)
    before = {url for url in asked if "/iaca/table/" in url}
    asked.clear()
    open_player(page.context.new_page(), address, "steady")  # a visit without tabs would soon be forgotten
    reload(page)
    assert {url for url in asked if "/iaca/table/" in url} == before


def test_what_was_registered_ends_with_the_visit(address, visitor):
    page, asked, cookie = visitor(address)
    media = next(path_of(url) for url in asked if "/iaca/media/" in url)
    other = page.context.new_page()  # of the same visit
    open_player(other, address, "steady")
    page.close()
    time.sleep(3 * FORGOTTEN_S)
    assert ask(address, media, **cookie).status == 200
    other.close()
    until = time.monotonic() + PATIENCE_S
    while ask(address, media, **cookie).status == 200 and time.monotonic() < until:
        time.sleep(0.2)
    for url in asked:
        assert ask(address, path_of(url), **cookie).status == 404
