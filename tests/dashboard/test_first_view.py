"""What the page shows before anybody chooses: what the study chose, or else what it has always shown."""

from __future__ import annotations

import pytest

from iaca.study.first_view import FILE, FirstView, write_first_view
from tests.dashboard.browsing import PLAYER, rest
from tests.dashboard.projects import Spec, write_model, write_project

NAMES = ("first-01", "second-02")


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """A project with two fusions, whose trunks are one per target."""
    root = write_project(tmp_path_factory.mktemp("first view"), [Spec(name, 120) for name in NAMES])
    for fusion in ("ca", "jca"):
        for iaca, ending in ((False, ""), (True, "_iaca")):
            file = root / "checkpoints" / f"{fusion}{ending}.safetensors"
            write_model(file, iaca=iaca, seed=3, fusion=fusion, trunk="per_target")
    (root / "results").mkdir()
    return root


@pytest.fixture(scope="module")
def address(server, root):
    return server(root)


def view(**changed):
    chosen = FirstView("second-02", "jca", "jca_iaca", "arousal", "stage2_visual", 0.1, 0.9, 0.2, 0.8, 0.5)
    return chosen._replace(**changed)


def shown(page, address, query=""):
    """Subject, fusion and target of the page."""
    page.goto(f"{address}/{query}")
    page.wait_for_selector(f"{PLAYER}[data-revision]")
    rest(page)
    boxes = {name: page.get_by_role("combobox", name=name, include_hidden=True) for name in ("Fusion", "Gates for")}
    values = [box.input_value() for box in boxes.values()]
    return [page.locator(PLAYER).get_attribute("data-subject"), *values]


def test_the_view_of_the_study_is_shown_until_somebody_chooses(page, address, root):
    usual = [NAMES[0], "CA", "valence"]
    assert shown(page, address) == usual
    write_first_view(root / "results", view())
    try:
        assert shown(page, address) == ["second-02", "JCA", "arousal"]
        assert shown(page, address, "?subject=first-01&fusion=CA") == ["first-01", "CA", "arousal"]
        write_first_view(root / "results", view(subject="nobody", base="tca", gated="tca_iaca", target="valence"))
        assert shown(page, address) == usual
        (root / "results" / FILE).write_text("{")
        assert shown(page, address) == usual
        page.get_by_text("first_view.json cannot be read").wait_for()
    finally:
        (root / "results" / FILE).unlink()
