"""What a supervisor asks: is the server alive, and can it work."""

from __future__ import annotations

import asyncio
import json

import pytest

from dashboard.health import serve_health, serve_ready
from dashboard.services import readiness
from dashboard.state import visit_folders
from iaca.resources import shipped


@pytest.fixture
def start(monkeypatch, tmp_path):
    """Answers as a server would that was started with these options."""
    visit_folders.home.cache_clear()
    for name in ("IACA_CHECKPOINTS", "IACA_PLUGINS", "IACA_DEVICE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("IACA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(readiness, "_last", None)

    def run(*arguments):
        monkeypatch.setattr("sys.argv", ["app.py", *map(str, arguments)])
        answer = asyncio.run(serve_ready(None))
        return answer.status_code, json.loads(answer.body)

    yield run
    visit_folders.home.cache_clear()


def test_a_server_that_answers_is_alive():
    answer = asyncio.run(serve_health(None))
    assert (answer.status_code, json.loads(answer.body)) == (200, {"status": "alive"})
    assert answer.headers["cache-control"] == "no-store"


def test_it_is_ready_once_models_load_and_files_can_be_written(start):
    assert start("--checkpoints", shipped("checkpoints")) == (
        200, {"status": "ready", "checks": {"models": True, "cache": True}},
    )  # fmt: skip


@pytest.mark.parametrize("content", [None, b"damaged"])
def test_without_a_model_that_loads_it_is_not_ready_and_only_the_log_says_why(start, tmp_path, caplog, content):
    folder = tmp_path / "secret-models"
    folder.mkdir()
    if content:
        (folder / "ca.safetensors").write_bytes(content)
    code, told = start("--checkpoints", folder)
    assert code == 503
    assert told == {"status": "not ready", "checks": {"models": False, "cache": True}}
    assert str(folder) in caplog.text


def test_a_cache_that_cannot_be_written_is_not_ready(start, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("IACA_CACHE", str(tmp_path / "file"))
    code, told = start("--checkpoints", shipped("checkpoints"))
    assert (code, told["checks"]) == (503, {"models": True, "cache": False})


def test_a_device_that_is_not_there_is_not_ready(start):
    assert start("--device", "cuda:99")[1]["checks"]["models"] is False


def test_asking_again_at_once_checks_nothing_again(start, monkeypatch):
    first = start("--checkpoints", shipped("checkpoints"))
    monkeypatch.setattr(readiness, "_check_models", lambda: 1 / 0)
    assert start("--checkpoints", shipped("checkpoints")) == first
