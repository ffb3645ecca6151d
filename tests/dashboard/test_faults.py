"""No page ends in a traceback: damaged files and absurd addresses are a sentence, and so is what was not foreseen."""

from __future__ import annotations

import json
import os
import re
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from dashboard.sections.fault import FAULT
from tests.dashboard.browsing import rest, text_of
from tests.dashboard.projects import Spec, write_project
from tests.dashboard.serving import CHROMIUM, FLAGS, PATIENCE_S, serve
from tests.test_deadly_media import HOOK, SENTENCE

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("", "your_video", "robustness", "results", "about")
FAULTS = f"[class*='st-key-{FAULT}']"
DESCRIPTIONS = ("[]", "null", '{"subjects": []}', '{"subjects": {"strong-01": 5}}', "[" * 100_000, "\x00")
FIELDS = ("subject", "fusion", "checkpoint", "rows", "frame", "range", "seed")
LONG = "x" * 5000


@pytest.fixture(scope="module")
def browser(playwright):
    browser = playwright.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(FLAGS))
    yield browser
    browser.close()


def shown(browser, address):
    """What a page says once it is done, and how many faults the last net has caught."""
    page = browser.new_page()
    page.set_default_timeout(PATIENCE_S * 1000)
    page.goto(address)
    rest(page)
    page.get_by_test_id("stMain").wait_for()
    page.wait_for_timeout(500)
    text = text_of(page)
    faults, errors = page.locator(FAULTS).count(), page.get_by_test_id("stException").count()
    page.close()
    return text, faults, errors


def damage(root):
    """A data root with files that no reader should trust."""
    header = json.dumps({"__metadata__": {"iaca": "[" * 100_000}}).encode()
    for folder in ("features", "checkpoints"):
        (root / folder / "nested.safetensors").write_bytes(struct.pack("<Q", len(header)) + header)
    (root / "features" / "empty.safetensors").touch()
    (root / "checkpoints" / "short.safetensors").write_bytes(b"\xff" * 9)


@pytest.mark.slow
def test_damaged_files_and_long_addresses_are_sentences_on_every_page(browser, tmp_path):
    root = write_project(tmp_path / "root", [Spec("strong-01", 60), Spec("deadly", 60)])
    (root / "sitecustomize.py").write_text(HOOK)
    (tmp_path / "home").mkdir()
    with serve(root, tmp_path / "home") as (address, _):
        for _ in range(2):  # it ends the process that decodes it each time, and neither the page nor the server
            text, faults, errors = shown(browser, f"{address}/?subject=deadly")
            assert (faults, errors) == (0, 0), text
            assert re.search(SENTENCE["deadly"], text), text
        damage(root)
        asked = [f"{address}/{page}" for page in PAGES]
        asked += [
            f"{address}/?{field}={LONG}" for field in ("subject", "fusion", "checkpoint", "rows", "frame", "seed")
        ]
        asked.append(f"{address}/?subject=%00&seed=1e400&dropout=-1e400")
        for place in asked:
            text, faults, errors = shown(browser, place)
            assert (faults, errors) == (0, 0), (place[:80], text)
            assert "Traceback" not in text
        log = (tmp_path / "home" / "server.log").read_text()
        assert "Traceback" not in log, log


@pytest.mark.slow
@pytest.mark.parametrize("content", DESCRIPTIONS, ids=lambda content: content[:20])
def test_a_description_of_another_shape_is_a_sentence(browser, tmp_path, content):
    root = write_project(tmp_path / "root", [Spec("strong-01", 60)])
    (root / "corpus.json").write_text(content)
    (tmp_path / "home").mkdir()
    with serve(root, tmp_path / "home") as (address, _):
        text, faults, errors = shown(browser, address)
        assert (faults, errors) == (0, 0), text
        assert "Data folders" in text
        assert "One prediction every" in text


@pytest.mark.slow
def test_what_nothing_has_foreseen_is_a_sentence_too_and_names_nothing(browser, tmp_path):
    root = write_project(tmp_path / "root", [Spec("strong-01", 60)])
    (root / "plugin.py").write_text(
        "from dashboard.services import corpora\n"
        "def corpus(folders):\n    raise RuntimeError('/secret/folder')\n"
        "corpora.corpus = corpus\n"
    )
    (tmp_path / "home").mkdir()
    with serve(root, tmp_path / "home") as (address, _):
        text, faults, errors = shown(browser, address)
        assert (faults, errors) == (1, 0)
        assert "Rescan folders" in text
        assert "secret" not in text
        mark = re.search(r"fault (\w{8})", text)[1]
        log = (tmp_path / "home" / "server.log").read_text()
        assert f"fault {mark}" in log
        assert "/secret/folder" in log


def test_a_worker_process_of_the_page_is_no_server(tmp_path):
    code = f"""
import multiprocessing, sys
sys.modules["__main__"].__file__ = {str(ROOT / "dashboard" / "app.py")!r}  # as Streamlit sets it while a page runs
worker = multiprocessing.get_context("spawn").Process(target=print, args=("done",))
worker.start()
worker.join()
print(worker.exitcode)
"""
    command = [sys.executable, "-c", code]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment, check=True)
    assert done.stdout.split() == ["done", "0"], done.stderr
