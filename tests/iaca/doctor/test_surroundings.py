"""Folders, disk and port: what is missing is told with what to do."""

from __future__ import annotations

import http.server
import shutil
import socket
import threading
from collections import namedtuple

import pytest

from iaca.checkpoints import save_checkpoint
from iaca.doctor.surroundings import look_around
from iaca.doctor.verdicts import State
from iaca.features.feature_files import write_features
from iaca.resources import shipped
from tests.conftest import BACKBONES, make_features, make_model
from tests.damage import rewritten
from tests.dashboard.serving import free_port


@pytest.fixture(autouse=True)
def nothing_named(monkeypatch, tmp_path):
    for name in ("IACA_DATA", "IACA_FEATURES", "IACA_CHECKPOINTS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("IACA_CACHE", str(tmp_path / "cache"))


def verdicts(data=(), features=None, checkpoints=None, port=None):
    found = list(look_around(data, features, checkpoints, free_port() if port is None else port))
    assert all(verdict.remedy for verdict in found if verdict.state is State.FAILED)
    return {verdict.name: verdict for verdict in found}


def states(found):
    return {name: verdict.state for name, verdict in found.items() if verdict.state is not State.OK}


def test_a_fresh_installation_is_in_order():
    found = verdicts()
    assert not {name for name, state in states(found).items() if state is State.FAILED}
    assert "synthetic corpus" in found["data"].found
    assert "15 files" in found["models"].found


def test_data_that_are_named_are_counted(tmp_path):
    found = verdicts([shipped("demo")], shipped("demo") / "features")
    assert "12 subjects" in found["data"].found
    assert "12 files" in found["features"].found


def test_folders_that_are_missing_or_empty_fail(tmp_path, monkeypatch):
    monkeypatch.setenv("IACA_FEATURES", str(tmp_path / "none"))
    found = verdicts([tmp_path / "nowhere"], None, tmp_path)
    assert states(found)["data"] is states(found)["features"] is states(found)["models"] is State.FAILED
    (tmp_path / "empty").mkdir()
    assert "0 subjects" in verdicts([tmp_path / "empty"])["data"].found


def test_a_damaged_model_is_named(tmp_path):
    (tmp_path / "ca.safetensors").write_bytes(b"damaged")
    found = verdicts(checkpoints=tmp_path)["models"]
    assert found.state is State.FAILED
    assert "ca.safetensors" in found.found


def test_a_backbone_of_other_bytes_than_its_models_were_trained_with_is_named(tmp_path):
    for name in ("ca", "visual_slim", "audio_slim"):
        shutil.copy(shipped("checkpoints") / f"{name}.safetensors", tmp_path)
    assert "backbones" not in verdicts(checkpoints=tmp_path)
    file = tmp_path / "visual_slim.safetensors"
    content = bytearray(file.read_bytes())
    content[-1000] ^= 1
    file.write_bytes(content)
    found = verdicts(checkpoints=tmp_path)["backbones"]
    assert found.state is State.NOTE
    assert f"{file} is not the backbone behind ca: it has other bytes" in found.found
    assert "audio_slim" not in found.found


def test_what_ships_gives_no_advice():
    assert not {"checksums", "backbones"} & verdicts(checkpoints=shipped("checkpoints")).keys()


def test_files_without_a_checksum_are_counted(tmp_path):
    features, models = tmp_path / "features", tmp_path / "models"
    write_features(features / "a.safetensors", make_features())
    save_checkpoint(models / "a.safetensors", make_model(), backbones=BACKBONES)
    assert "checksums" not in verdicts(features=features, checkpoints=models)

    def older(header, tensors):
        header.update(format_version=1)

    for folder in (features, models):
        rewritten(folder / "a.safetensors", folder / "b.safetensors", older, checked=False)
        found = verdicts(features=features, checkpoints=models)["checksums"]
        assert found.state is State.NOTE
        assert f"1 of the 2 files in {folder}" in found.found


def test_a_cache_that_cannot_be_written_fails(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("IACA_CACHE", str(tmp_path / "file"))
    found = verdicts()["cache"]
    assert found.state is State.FAILED
    assert "IACA_CACHE" in found.remedy


@pytest.mark.parametrize(("free", "state"), [(2**29, State.FAILED), (2**31, State.NOTE), (2**40, State.OK)])
def test_little_free_disk_is_a_note_and_none_fails(monkeypatch, free, state):
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage(2**40, 0, free))
    assert verdicts()["cache"].state is state


def test_a_port_that_another_program_has_fails_where_it_was_asked_for(monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        monkeypatch.setattr("urllib.request.urlopen", lambda *arguments, **options: (_ for _ in ()).throw(OSError()))
        found = verdicts(port=port)["port"]
        assert (found.state, str(port) in found.found) == (State.FAILED, True)
        monkeypatch.setattr("iaca.doctor.surroundings.USUAL_PORT", port)
        assert {v.name: v for v in look_around([], None, None, None)}["port"].state is State.NOTE


def test_a_port_that_the_page_has_is_in_order():
    class Page(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b'{"status":"alive"}')

        def log_message(self, *arguments):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Page) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        found = verdicts(port=server.server_port)["port"]
        server.shutdown()
    assert found.state is State.OK
    assert "is running" in found.found
