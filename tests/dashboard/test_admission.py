"""Who is let in: by which address, under which name of the host, and what is told to whoever asks."""

from __future__ import annotations

import http.client
import http.server
import os
import socket
import subprocess
import sys
import threading
import time
from urllib.parse import urlsplit

import pytest
import uvicorn
from streamlit.web.server.starlette import starlette_server

from dashboard.admission import COOKIE, Admission, visit_cookie
from iaca.listening import ListeningError, check_listening
from tests.dashboard.projects import Spec, write_project
from tests.dashboard.serving import PATIENCE_S, PROJECT, free_port


def ask(address, path, **headers):
    """One request with exactly these headers."""
    place = urlsplit(address)
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=PATIENCE_S)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.content = answer.read()
    return answer


@pytest.fixture(scope="module")
def address(tmp_path_factory, server):
    return server(write_project(tmp_path_factory.mktemp("door"), [Spec("strong-01", 60)]))


def test_it_listens_on_this_machine_alone_unless_told_otherwise():
    import tomllib

    file = PROJECT / ".streamlit" / "config.toml"
    # Beside the page too, where an installation has it and Streamlit looks whatever the folder it is started in.
    assert file.samefile(PROJECT / "dashboard" / ".streamlit" / "config.toml")
    settings = tomllib.loads(file.read_text())
    assert settings["server"]["address"] == "127.0.0.1"
    assert settings["client"]["showErrorDetails"] == "none"
    assert settings["runner"]["magicEnabled"] is False
    assert settings["browser"]["gatherUsageStats"] is False


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "::1", "127.8.0.1"])
def test_an_address_of_this_machine_alone_asks_nothing(host):
    check_listening(host, locked=False, trusted=False)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "::", "192.168.1.5", "lab.example.org"])
def test_an_address_that_others_reach_asks_on_what_terms(host):
    with pytest.raises(ListeningError, match=r"--locked .* or --trust-network"):
        check_listening(host, locked=False, trusted=False)
    check_listening(host, locked=True, trusted=False)
    check_listening(host, locked=False, trusted=True)


@pytest.mark.slow
@pytest.mark.parametrize(
    "command",
    [
        ["iaca", "dashboard", "--no-browser", "--host", "0.0.0.0"],
        ["streamlit", "run", "dashboard/app.py", "--server.headless", "true", "--server.address", "0.0.0.0"],
    ],
    ids=["iaca", "streamlit"],
)
def test_it_opens_to_others_only_on_terms(command, tmp_path):
    port = ["--port" if command[0] == "iaca" else "--server.port", str(free_port())]
    environment = os.environ | {"PYTHONPATH": str(PROJECT), "HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", *command, *port],
        cwd=PROJECT, env=environment, capture_output=True, text=True, timeout=PATIENCE_S,
    )  # fmt: skip
    assert done.returncode == 2
    lines = done.stderr.strip().splitlines()
    assert lines[-1].startswith("error: The page would listen on 0.0.0.0, which other machines reach")
    assert "Traceback" not in done.stderr
    assert command[0] != "iaca" or len(lines) == 1


def test_a_page_of_somebody_else_cannot_reach_it_under_a_name_of_its_own(address):
    port = urlsplit(address).port
    assert ask(address, "/", Host="evil.example").status == 400
    assert ask(address, "/_stcore/health", Host=f"evil.example:{port}").status == 400
    for host in (f"localhost:{port}", f"127.0.0.1:{port}", f"[::1]:{port}", socket.gethostname()):
        assert ask(address, "/", Host=host).status == 200
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13",
               "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}  # fmt: skip
    assert ask(address, "/_stcore/stream", Host="evil.example", **upgrade).status == 403
    assert ask(address, "/_stcore/stream", Host=f"127.0.0.1:{port}", **upgrade).status == 101


def test_a_name_that_a_proxy_gives_is_known_once_it_is_said():
    assert Admission(None, ["lab.example.org"]).knows("LAB.example.org:443")
    assert not Admission(None, ["lab.example.org"]).knows("example.org")
    assert Admission(None, ["*"]).knows("any.example")
    for host in ("", "[", "a:b:c", "@localhost.evil.example"):
        assert not Admission(None).knows(host)


def test_nobody_is_told_how_many_visits_there_are(address):
    for path in ("/_stcore/metrics", "/_stcore/metrics/", "/_stcore/metrics?families=cache_memory_bytes"):
        answer = ask(address, path)
        assert b"TYPE" not in answer.content, path
    assert ask(address, "/_stcore/metrics").status == 404
    assert ask(address, "/_stcore/health").status == 200


def through_a_proxy(scheme, trusted):
    """The header Set-Cookie of a page behind a proxy that took a request by `scheme`, and whom uvicorn trusts."""

    async def page(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/html")]})
        await send({"type": "http.response.body", "body": b"<html>"})

    class Proxy(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked = {"Host": self.headers["Host"], "X-Forwarded-Proto": scheme}
            answer = ask(f"http://127.0.0.1:{port}", self.path, **asked)
            self.send_response(answer.status)
            self.send_header("Set-Cookie", answer.headers["Set-Cookie"])
            self.end_headers()

        def log_message(self, *arguments):
            pass

    port = free_port()
    settings = uvicorn.Config(
        Admission(page), port=port, log_level="error", lifespan="off", forwarded_allow_ips=trusted
    )
    server = uvicorn.Server(settings)
    running = threading.Thread(target=server.run, daemon=True)
    running.start()
    while not server.started:
        time.sleep(0.01)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Proxy) as proxy:
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        found = ask(f"http://127.0.0.1:{proxy.server_port}", "/").headers["Set-Cookie"]
        proxy.shutdown()
    server.should_exit = True
    running.join(30)
    return found


@pytest.mark.parametrize(
    ("scheme", "trusted", "is_secure"),
    [
        ("https", None, True),
        ("http", None, False),
        ("https", "192.0.2.1", False),
        ("https", "127.0.0.0/8", True),
        ("https", "*", True),
    ],
)
def test_the_cookie_goes_by_https_alone_where_a_trusted_proxy_was_asked_so(scheme, trusted, is_secure, monkeypatch):
    """Streamlit starts uvicorn with its own settings: this machine is trusted, or what FORWARDED_ALLOW_IPS names."""
    monkeypatch.delenv("FORWARDED_ALLOW_IPS", raising=False)
    cookie = through_a_proxy(scheme, trusted)
    assert cookie.startswith(f"{COOKIE}=")
    assert cookie.endswith("; Secure") is is_secure


def test_the_server_leaves_to_uvicorn_whom_it_trusts():
    settings = starlette_server._get_uvicorn_config_kwargs()
    assert not {"proxy_headers", "forwarded_allow_ips"} & set(settings)


def test_each_browser_gets_a_cookie_once_that_no_script_reads(address):
    first, second = (ask(address, "/").headers["Set-Cookie"] for _ in range(2))
    assert first.startswith(f"{COOKIE}=")
    assert "HttpOnly" in first
    assert "SameSite=Lax" in first
    assert first != second
    cookie = first.split(";")[0]
    assert visit_cookie({"cookie": cookie})
    assert ask(address, "/robustness", Cookie=cookie).headers["Set-Cookie"] is None
    assert ask(address, "/", Cookie=f"{COOKIE}=mine").headers["Set-Cookie"] is not None
    assert ask(address, "/favicon.png").headers["Set-Cookie"] is None  # what a proxy may keep
