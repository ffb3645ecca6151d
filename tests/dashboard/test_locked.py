"""A page that was locked at its start: visitors can name no folder, wherever they look."""

from __future__ import annotations

import re

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
@pytest.mark.parametrize("options", [(), ("--locked",)], ids=["open", "locked"])
def test_the_folders_can_be_looked_through_again_without_opening_anything(root, options, open_page):  # noqa: F811
    page = open_page(root, options)
    hidden = [one.label for section in page.expander for one in section.button]
    assert "Rescan folders" in [one.label for one in page.sidebar.button]
    assert "Rescan folders" not in hidden


@pytest.mark.slow
@pytest.mark.parametrize(("options", "named"), [((), True), (("--locked",), False)], ids=["open", "locked"])
def test_a_locked_page_names_damaged_files_without_their_folders(tmp_path, options, named, open_page):  # noqa: F811
    root = write_project(tmp_path / "lab", [Spec("anna", 60)])
    (root / "features/anna.safetensors").write_bytes(b"damaged")
    (root / "checkpoints/broken.safetensors").write_bytes(b"damaged")
    page = open_page(root, options)
    shown = re.sub(r"\\(.)", r"\1", " ".join(one.value for one in (*page.warning, *page.markdown)))
    assert "anna.safetensors" in shown
    assert "broken.safetensors" in shown
    assert (str(tmp_path) in shown) == named


@pytest.mark.slow
def test_a_cache_that_cannot_be_written_is_a_sentence(root, open_page, monkeypatch):  # noqa: F811
    from dashboard import upload_room

    def home():
        raise PermissionError(13, "Permission denied", "/cache")

    monkeypatch.setattr(upload_room, "home", home)
    page = open_page(root)
    page.switch_page("app_pages/your_video.py").run()
    assert not page.exception
    assert "No video can be kept" in page.error[0].value
