"""Files and folders that go, or become others, while a page is open: a sentence, and all is back after "Rescan"."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from dashboard.state import known_files
from tests.dashboard.test_page import (  # noqa: F401
    notices,
    open_page,
    players,
    project,
    score_lines,
    shared_project,
    widget,
)

FOLDERS = ("features", "batch1", "checkpoints", "")
"""Below the data root; "" is the root itself."""

FILES = (
    "features/strong-01.safetensors", "batch1/strong-01.mp4", "checkpoints/ca_iaca.safetensors", "corpus.json",
    "episodes.csv",
)  # fmt: skip

PAGES = ("robustness", "results", "about", "your_video", "compare")

DOOMED: list[Path] = []
"""Files that go at the moment when they are next opened."""


def take_away(event, arguments):
    if event == "open" and DOOMED and isinstance(arguments[0], str | bytes | os.PathLike):
        path = Path(os.fsdecode(arguments[0]))
        if path in DOOMED:
            DOOMED.remove(path)
            path.unlink()


sys.addaudithook(take_away)


@pytest.fixture(autouse=True)
def at_once(monkeypatch):
    """Files that are shown are looked at after every run."""
    monkeypatch.setattr(known_files, "LOOK_S", 0.0)
    yield
    DOOMED.clear()


def step(page, share):
    found = [slider for slider in page.slider if slider.label == "Audio dropout (%)"]
    return found[0].set_value(share).run() if found else page.run()


def rescan(page):
    widget(page.button, "Rescan folders").click().run()
    assert not page.exception


@pytest.mark.parametrize("taken", FOLDERS)
def test_what_goes_while_a_page_is_open_is_told_and_comes_back(open_page, project, tmp_path, taken):  # noqa: F811
    page = open_page(project, subject="strong-01", drop_audio="true")
    before = score_lines(page)
    place, aside = project / taken, tmp_path / "aside"
    os.rename(place, aside)
    for share in (60, 80):
        step(page, share)
        assert not page.exception
    for name in PAGES:
        page.switch_page(f"app_pages/{name}.py").run()
        assert not page.exception, name
    rescan(page)
    os.rename(aside, place)
    rescan(page)
    page = open_page(project, subject="strong-01", drop_audio="true")
    assert score_lines(page) == before
    assert not page.warning


@pytest.mark.parametrize("taken", FILES)
def test_a_file_that_becomes_another_while_a_page_is_open_is_told_and_mended(open_page, project, taken):  # noqa: F811
    page = open_page(project, subject="strong-01", drop_audio="true")
    before, place = score_lines(page), project / taken
    content = place.read_bytes()
    for other in (b"", content[: len(content) // 2], b"\x00" * len(content), None):
        place.unlink() if other is None else place.write_bytes(other)
        for share in (60, 40):
            step(page, share)
            assert not page.exception
        rescan(page)
        assert other is None or place.name in notices(page)
    place.write_bytes(content)
    rescan(page)
    page = open_page(project, subject="strong-01", drop_audio="true")
    assert score_lines(page) == before
    assert not page.warning


@pytest.mark.parametrize("taken", FILES)
def test_a_file_that_goes_between_being_listed_and_being_read_is_told(open_page, project, taken):  # noqa: F811
    place = project / taken
    content = place.read_bytes()
    DOOMED.append(place)
    page = open_page(project, subject="strong-01", drop_audio="true")
    for name in PAGES:
        page.switch_page(f"app_pages/{name}.py").run()
        assert not page.exception, name
    place.write_bytes(content)
    rescan(page)
    assert players(page)
    assert not page.warning
