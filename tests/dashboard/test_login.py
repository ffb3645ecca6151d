"""A page with a login: nothing is shown or answered before, and to nobody who is not on its list."""

from __future__ import annotations

import os
import re
import subprocess
import sys

import pytest
from playwright.sync_api import expect

from tests.dashboard.browsing import PLAYER, open_sidebar
from tests.dashboard.identity_provider import identity_provider
from tests.dashboard.projects import Spec, write_project
from tests.dashboard.serving import CHROMIUM, FLAGS, PATIENCE_S, PROJECT, free_port, serve
from tests.dashboard.test_admission import ask

ALLOWED = ("--login", "--allow-email", "anna@example.org", "--allow-email", "@lab.example")


@pytest.fixture(scope="module")
def provider():
    with identity_provider() as provider:
        yield provider


@pytest.fixture(scope="module")
def address(tmp_path_factory, provider):
    root = write_project(tmp_path_factory.mktemp("login"), [Spec("steady", 100)])
    home, port = tmp_path_factory.mktemp("home"), free_port()
    (home / ".streamlit").mkdir()
    (home / ".streamlit/secrets.toml").write_text(provider.secrets(f"http://127.0.0.1:{port}"))
    with serve(root, home, page=ALLOWED, port=port) as (address, _):
        yield address


@pytest.fixture
def browser(playwright):
    """A browser of somebody who has never been here."""
    running = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(FLAGS))
    context = running.new_context()
    context.set_default_timeout(PATIENCE_S * 1000)
    yield context
    running.close()


def log_in(context, address, provider, **user):
    """Log in on the page as somebody; the requests for what belongs to a visit."""
    provider.user = user
    page = context.new_page()
    asked = []
    page.on("request", lambda one: asked.append(one.url) if re.search("/iaca/(media|table)/", one.url) else None)
    page.goto(f"{address}/?subject=steady")
    page.get_by_role("button", name="Log in").click()
    return page, asked


def cookies(context):
    return {"Cookie": "; ".join(f"{one['name']}={one['value']}" for one in context.cookies())}


def test_nothing_is_shown_or_answered_before_somebody_has_logged_in(browser, address):
    page = browser.new_page()
    page.goto(f"{address}/?subject=steady")
    page.get_by_role("button", name="Log in").wait_for()
    assert page.locator(PLAYER).count() == 0
    assert "steady" not in page.locator(".stApp").inner_text()
    assert "Robustness" not in page.locator(".stApp").inner_text()
    for path in ("/iaca/media/" + "a" * 64, "/iaca/table/" + "a" * 64, "/iaca/sound/" + "a" * 64):
        assert ask(address, path, **cookies(browser)).status == 401
    assert ask(address, "/_stcore/upload_file/x/y", **cookies(browser)).status == 401
    assert ask(address, "/_stcore/health").status == 200


@pytest.mark.parametrize("email", ["anna@example.org", "Somebody@Lab.Example"])
def test_who_is_on_the_list_sees_the_page_until_they_log_out(browser, address, provider, email):
    page, asked = log_in(browser, address, provider, email=email, email_verified=True)
    page.wait_for_selector(f"{PLAYER}[data-revision]")
    page.wait_for_function("document.querySelector('[data-testid=player-video]').readyState > 0")
    media = next(url for url in asked if "/iaca/media/" in url).removeprefix(address)
    assert ask(address, media, **cookies(browser)).status == 200
    assert ask(address, media).status == 401
    other = browser.new_page()  # the same visit
    other.goto(f"{address}/?subject=steady")
    other.wait_for_selector(f"{PLAYER}[data-revision]")
    before = cookies(browser)
    open_sidebar(page)
    expect(page.get_by_test_id("stSidebar")).to_contain_text(email)
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("button", name="Log in").wait_for()
    assert ask(address, media, **before).status == 401
    # Streamlit goes on to know who the other tab is; the page does not.
    other.get_by_role("button", name="Export", exact=True).click()
    other.get_by_role("button", name="Log in").wait_for()
    assert ask(address, media, **before).status == 401


@pytest.mark.parametrize(
    "user",
    [
        {"email": "berta@example.org", "email_verified": True},
        {"email": "anna@example.org", "email_verified": False},
        {"email": "x@sub.lab.example", "email_verified": True},
        {"name": "somebody without an address"},
        {"email": "**anna**@example.org<img src=x>", "email_verified": True},
    ],
)
def test_who_is_not_on_the_list_is_told_and_sees_nothing(browser, address, provider, user):
    page, asked = log_in(browser, address, provider, **user)
    told = page.get_by_text("is not on the list of this page")
    told.wait_for()
    who = page.locator(".st-key-login").get_by_test_id("stText").inner_text()
    assert who == user.get("email", "an account without an e-mail address")
    assert ("has not been verified" in told.inner_text()) == (user.get("email_verified") is False)
    assert page.locator(PLAYER).count() == 0
    assert not asked
    assert ask(address, "/iaca/media/" + "a" * 64, **cookies(browser)).status == 401
    page.get_by_role("button", name="Log out").click()
    page.get_by_role("button", name="Log in").wait_for()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--login"], "--login is given without --allow-email; expected the addresses"),
        (["--allow-email", "anna@example.org"], "--allow-email is given without --login"),
        (["--login", "--allow-email", "anna@example.org"], "--login needs a section [auth] in .streamlit/secrets.toml"),
    ],
)
def test_a_login_that_cannot_work_is_refused_before_the_start(tmp_path, options, reason):
    environment = os.environ | {"PYTHONPATH": str(PROJECT), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", "iaca", "dashboard", "--no-browser", "--port", str(free_port()), *options],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=PATIENCE_S,
    )  # fmt: skip
    assert done.returncode == 2
    assert f"error: {reason}" in done.stderr
    assert "Traceback" not in done.stderr
