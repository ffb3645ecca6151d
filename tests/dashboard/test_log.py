"""The log of a server that a group uses: JSON, whose visit, what was asked, how long it took, and no secrets."""

from __future__ import annotations

import json
import re
import time
import urllib.error
import urllib.request

import pytest

from tests.dashboard.browsing import text_of
from tests.dashboard.projects import Spec, write_project
from tests.dashboard.serving import PATIENCE_S, serve


def get(address):
    try:
        with urllib.request.urlopen(address, timeout=PATIENCE_S) as answer:
            return answer.status, json.loads(answer.read()), answer.headers
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read()), error.headers


def until(log, wanted):
    """The records of a log, once one of them is as wanted."""
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s:
        whole, _, _ = log.read_text().rpartition("\n")  # the server may be at the middle of a line
        found = [json.loads(line) for line in whole.splitlines()]
        if any(map(wanted, found)):
            return found
        time.sleep(0.1)
    raise AssertionError(log.read_text())


@pytest.mark.slow
def test_a_visit_leaves_json_records_without_secrets_and_a_fault_is_found_by_its_reference(chromium, tmp_path):
    root = write_project(tmp_path / "root", [Spec("strong-01", 60)])
    (root / "plugin.py").write_text(
        "from dashboard.services import corpora\n"
        "real = corpora.corpus\n"
        "def corpus(folders):\n"
        "    import streamlit\n"
        "    if streamlit.query_params.get('fail'):\n        raise RuntimeError('/secret/folder')\n"
        "    return real(folders)\n"
        "corpora.corpus = corpus\n"
    )
    home = tmp_path / "home"
    home.mkdir()
    options = {"server": ["--logger.hideWelcomeMessage", "true"], "page": ["--log-json", "--log-level", "info"]}
    with serve(root, home, **options) as (address, _):
        assert get(f"{address}/iaca/health")[:2] == (200, {"status": "alive"})
        status, told, headers = get(f"{address}/iaca/ready")
        assert (status, told) == (200, {"status": "ready", "checks": {"models": True, "cache": True}})
        assert "set-cookie" not in headers
        page = chromium.new_page()
        media = []
        page.on("request", lambda request: media.append(request.url) if "/iaca/" in request.url else None)
        page.goto(address)
        page.locator("video").first.wait_for(state="attached")
        (cookie,) = [one["value"] for one in chromium.cookies(address) if one["name"] == "iaca_visit"]
        found = until(home / "server.log", lambda one: one.get("subject") == "strong-01")
        page.goto(f"{address}/?fail=1")
        shown = page.get_by_text("Something on this page went wrong").inner_text()
        reference = re.search(r"fault (\w{8})", shown)[1]
        assert "secret" not in text_of(page)
        found = until(home / "server.log", lambda one: one.get("reference") == reference)
        page.close()
    (view,) = [one for one in found if one.get("subject") == "strong-01"][:1]
    assert view["asked"].startswith("Compare, ")
    assert view["duration_s"] > 0
    assert re.fullmatch(r"[0-9a-f]{8}", view["visit"])
    (fault,) = [one for one in found if one.get("reference") == reference]
    assert "/secret/folder" in fault["traceback"]
    assert fault["visit"] == view["visit"]
    log = (home / "server.log").read_text()
    assert cookie not in log
    assert media
    for url in media:
        assert url.rsplit("/", 1)[1].split("?")[0] not in log, url
