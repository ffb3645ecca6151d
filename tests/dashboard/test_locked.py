"""A page that was locked at its start: visitors can name no folder, wherever they look."""

from __future__ import annotations

import pytest

from tests.dashboard.projects import Spec, write_project
from tests.dashboard.test_page import open_page  # noqa: F401  a fixture

PAGES = ("compare", "your_video", "robustness", "results", "about")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_project(tmp_path_factory.mktemp("locked"), [Spec("strong-01", 60)])


@pytest.mark.slow
@pytest.mark.parametrize("name", PAGES)
def test_no_page_asks_for_a_folder(root, name, open_page):  # noqa: F811
    page = open_page(root, ("--locked",))
    page.switch_page(f"app_pages/{name}.py").run()
    assert not page.exception
    assert [one.label for one in (*page.text_input, *page.text_area)] == []
    if name == "compare":
        assert "Rescan folders" in [one.label for one in page.button]


@pytest.mark.slow
def test_a_page_that_is_not_locked_asks_for_them(root, open_page):  # noqa: F811
    page = open_page(root)
    assert {"Data roots", "Features", "Checkpoints"} <= {one.label for one in (*page.text_input, *page.text_area)}


@pytest.mark.slow
def test_a_cache_that_cannot_be_written_is_a_sentence(root, open_page, monkeypatch):  # noqa: F811
    from dashboard import uploads

    def home():
        raise PermissionError(13, "Permission denied", "/cache")

    monkeypatch.setattr(uploads, "home", home)
    page = open_page(root)
    page.switch_page("app_pages/your_video.py").run()
    assert not page.exception
    assert "No video can be kept" in page.error[0].value
