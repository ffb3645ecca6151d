"""A server of the dashboard and a browser that looks at it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from dashboard.sections.fault import FAULT
from tests.dashboard.serving import CHROMIUM, FLAGS, PATIENCE_S, serve

FAULTS = f"[class*='st-key-{FAULT}']"
"""What the last net shows."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Path], str]]:
    """Starts a server on a data root and gives its address; all stop with the module."""
    with ExitStack() as running:
        yield lambda root: running.enter_context(serve(root, tmp_path_factory.mktemp("home")))[0]


@pytest.fixture(scope="module")
def playwright() -> Iterator:
    """Playwright, where there is a Chromium for it."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: install chromium to run the browser tests")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_S * 1000)
    with sync_playwright() as running:
        yield running


@pytest.fixture(scope="module")
def chromium(playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator:
    """A browser with its own profile."""
    context = playwright.chromium.launch_persistent_context(
        str(tmp_path_factory.mktemp("profile")),
        executable_path=CHROMIUM,
        headless=True,
        args=list(FLAGS),
        viewport={"width": 1280, "height": 1000},
    )
    context.set_default_timeout(PATIENCE_S * 1000)
    yield context
    context.close()


@pytest.fixture
def page(chromium) -> Iterator:
    """A fresh page; an error of its scripts fails the test, and so does one that only the last net has caught."""
    page = chromium.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    faults = 0 if page.is_closed() else page.locator(FAULTS).count()
    page.close()
    assert errors == []
    assert not faults
