"""`iaca dashboard` becomes Streamlit's command, with the options of the page behind it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import urllib.request

import pytest

from iaca.__main__ import main
from tests.dashboard.serving import PATIENCE_S, PROJECT, free_port, wait_until_up


@pytest.mark.slow
def test_it_opens_the_page_from_any_folder_and_ends_on_ctrl_c(tmp_path):
    port = free_port()
    command = [sys.executable, "-m", "iaca", "dashboard", "--no-browser", "--port", str(port), "--device", "cpu"]
    environment = os.environ | {"PYTHONPATH": str(PROJECT), "HOME": str(tmp_path), "IACA_CACHE": str(tmp_path)}
    log = tmp_path / "log"
    with log.open("wb") as output:
        server = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        address = f"http://127.0.0.1:{port}"
        wait_until_up(address, server, log)
        with urllib.request.urlopen(address) as answer:
            assert answer.status == 200
        server.send_signal(signal.SIGINT)
        assert server.wait(PATIENCE_S) == 0
    finally:
        server.kill()
        server.wait()


def test_options_of_the_page_follow_those_of_the_server(monkeypatch, tmp_path):
    called = []
    monkeypatch.chdir(tmp_path)
    for name in "abfr":
        (tmp_path / name).mkdir()
    monkeypatch.setattr("runpy.run_module", lambda *args, **kwargs: called.append(sys.argv))
    monkeypatch.setattr("signal.signal", lambda *args: None)
    monkeypatch.setattr("sys.argv", ["iaca"])
    arguments = ["--data", "a", "b", "--features", "f", "--results", "r", "--plugin", "mine", "--port", "8600"]
    assert main(["dashboard", *arguments]) == 0
    (argv,) = called
    assert argv[:2] == ["streamlit", "run"]
    assert argv[3:5] == ["--server.address", "127.0.0.1"]
    assert argv[5:7] == ["--server.port", "8600"]
    page = argv[argv.index("--") + 1 :]
    assert page == ["--data", "a", "b", "--features", "f", "--results", "r", "--plugin", "mine"]


def test_terms_are_handed_to_the_page_and_nobody_is_asked_for_the_address_of_this_machine(monkeypatch):
    called = []
    monkeypatch.setattr("runpy.run_module", lambda *args, **kwargs: called.append(sys.argv))
    monkeypatch.setattr("signal.signal", lambda *args: None)
    monkeypatch.setattr("sys.argv", ["iaca"])
    assert main(["dashboard", "--host", "0.0.0.0", "--locked", "--allow-host", "lab.example.org"]) == 0
    (argv,) = called
    assert argv[argv.index("--server.address") + 1] == "0.0.0.0"
    assert argv[argv.index("--browser.serverAddress") + 1] == "lab.example.org"
    assert argv[argv.index("--") + 1 :] == ["--locked", "--allow-host", "lab.example.org"]


def test_a_port_that_cannot_be_is_refused(capsys):
    assert main(["dashboard", "--port", "99999"]) == 1
    assert "--port is 99999; expected 1 to 65535" in capsys.readouterr().err


@pytest.mark.parametrize(("script", "shown"), [("bin/iaca", "iaca"), ("iaca/__main__.py", "python -m iaca")])
def test_help_names_the_command_as_it_was_called(script, shown, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", [script])
    with pytest.raises(SystemExit):
        main(["--help"])
    assert capsys.readouterr().out.startswith(f"usage: {shown} ")
