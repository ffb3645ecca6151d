"""From page to page: what was chosen on one is there when one comes back to it."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.dashboard.browsing import PLAYER, choose, open_player, open_sidebar, wait_for_address
from tests.dashboard.projects import Spec, write_model, write_project
from tests.dashboard.serving import PATIENCE_S
from tests.dashboard.test_page import notices, open_page  # noqa: F401  open_page is a fixture


@pytest.fixture(scope="module")
def address(tmp_path_factory, server):
    root = write_project(tmp_path_factory.mktemp("pages"), [Spec("first-01", 120), Spec("second-02", 120)])
    write_model(root / "checkpoints" / "tca.safetensors", iaca=False, seed=5, fusion="tca")
    return server(root)


@pytest.mark.parametrize("name", ["about", "robustness", "your_video"])
def test_a_device_that_is_not_there_is_one_sentence_on_every_page(open_page, monkeypatch, tmp_path, name):  # noqa: F811
    page = open_page(write_project(tmp_path, [Spec("first-01", 60)]))
    del page.session_state["last_view"]
    monkeypatch.setenv("IACA_DEVICE", "cuda:7")
    page.switch_page(f"app_pages/{name}.py").run()
    assert not page.exception
    assert "'cuda:7'" in notices(page)


def leave_and_return(page):
    page.get_by_role("link", name="About the models").click()
    page.get_by_test_id("gate-diagram").wait_for()
    page.get_by_test_id("stTopNav").get_by_role("link", name="Compare").click()
    page.wait_for_selector(f"{PLAYER}[data-revision]")


def test_subject_and_checkpoints_outlast_a_visit_to_another_page(page, address):
    open_player(page, address, "second-02", fusion="any+two+checkpoints")
    open_sidebar(page)
    choose(page, "Checkpoint, second", "TCA · tca.safetensors")
    readout = page.get_by_test_id("player-readout").locator("tbody")
    expect(readout).to_contain_text("TCA", timeout=PATIENCE_S * 1000)
    leave_and_return(page)
    wait_for_address(page, "second=tca.safetensors", "subject=second-02")
    assert page.get_attribute(PLAYER, "data-subject") == "second-02"
    expect(readout).to_contain_text("TCA")


def test_folders_that_were_typed_stay_and_their_fields_stay_open_to_be_corrected(page, address):
    open_player(page, address, "first-01")
    open_sidebar(page)
    page.get_by_test_id("stSidebar").get_by_text("Data folders").click()
    field = page.get_by_role("textbox", name="Checkpoints")
    field.fill("/nowhere")
    field.press("Enter")
    told = page.get_by_text("/nowhere does not exist")
    told.wait_for()
    expect(field).to_be_visible()
    leave_and_return(page)
    told.wait_for()
