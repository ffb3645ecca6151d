"""`iaca doctor` prints a line for each thing, or JSON, and its exit status says whether something failed."""

from __future__ import annotations

import json

import pytest

from iaca.__main__ import main
from tests.dashboard.serving import free_port


@pytest.fixture
def port():
    return str(free_port())


def test_json_is_one_document_and_the_status_0_where_nothing_failed(capsys, port):
    assert main(["doctor", "--json", "--no-self-test", "--device", "cpu", "--port", port]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["ok"] is True
    assert {"Python", "torch", "device", "codecs", "browsers", "cache", "port"} <= {
        check["name"] for check in document["checks"]
    }


def test_a_fault_gives_status_1_and_what_to_do(capsys, tmp_path, port):
    assert main(["doctor", "--no-self-test", "--checkpoints", str(tmp_path), "--port", port]) == 1
    told = capsys.readouterr().out
    assert f"failed  models: {tmp_path} holds no checkpoints\n        -> Correct --checkpoints" in told
    assert told.endswith("something that matters failed: see ->\n")


def test_a_port_that_cannot_be_is_refused(capsys):
    assert main(["doctor", "--port", "0"]) == 1
    assert "--port is 0; expected 1 to 65535" in capsys.readouterr().err
