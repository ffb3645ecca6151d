"""The log: one form for all, with the fields that were given and without what opens anything."""

from __future__ import annotations

import json
import logging
import warnings

import pytest
from tqdm import tqdm

from iaca import logs
from iaca.__main__ import main

COOKIE = "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF"
IDENTIFIER = "0123456789abcdef" * 4


@pytest.fixture(autouse=True)
def as_it_was():
    """The logging of this process is as it was, afterwards."""
    root = logging.getLogger()
    level, begin = root.level, tqdm.__init__
    levels = {name: logging.getLogger(name).level for name in logs.OURS}
    yield
    for handler in [one for one in root.handlers if one.get_name() == logs.__name__]:
        root.removeHandler(handler)
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)
    logging.captureWarnings(False)
    tqdm.__init__ = begin


def records(capsys):
    return [json.loads(line) for line in capsys.readouterr().err.splitlines()]


def test_a_record_is_one_json_object_with_the_fields_that_were_given(capsys):
    logs.configure("info", as_json=True)
    extra = {"visit": "ab12cd34", "subject": "strong-01", "duration_s": 1.23456, "asked": "Compare, ca"}
    logging.getLogger("dashboard.anything").info("two\nlines", extra=extra)
    (record,) = records(capsys)
    assert record.pop("time").endswith("Z")
    assert record == {
        "level": "info", "logger": "dashboard.anything", "message": "two\nlines", "visit": "ab12cd34",
        "subject": "strong-01", "duration_s": 1.235, "asked": "Compare, ca",
    }  # fmt: skip


def test_as_text_the_fields_follow_the_message(capsys):
    logs.configure("info")
    extra = {"visit": "ab12cd34", "subject": "strong-01", "asked": "Compare, ca"}
    logging.getLogger("iaca.anything").info("said", extra=extra)
    expected = ' INFO    iaca.anything: said visit=ab12cd34 subject=strong-01 asked="Compare, ca"\n'
    assert capsys.readouterr().err.endswith(expected)


@pytest.mark.parametrize("as_json", [False, True])
@pytest.mark.parametrize(
    "text",
    [
        f"Cookie: iaca_visit={COOKIE}; other=1",
        f"GET /iaca/media/{COOKIE}",
        f"/iaca/table/{COOKIE} and /iaca/sound/{COOKIE}",
        f"PUT /_stcore/upload_file/{COOKIE}/{COOKIE}",
        f"_streamlit_xsrf={COOKIE}",
        f"_streamlit_user={COOKIE}",
        f"GET /oauth2callback?code={COOKIE}&state={COOKIE}",
        f"GET /iaca/step/{COOKIE}",
    ],
)
def test_cookies_and_secret_addresses_are_blotted_out_also_in_tracebacks(capsys, as_json, text):
    logs.configure("info", as_json=as_json)
    logger = logging.getLogger("iaca.anything")
    logger.info("message %s", text, extra={"asked": text})
    try:
        raise RuntimeError(text)
    except RuntimeError as error:
        logs.log_fault(logger, text, error)
    told = capsys.readouterr().err
    assert COOKIE not in told
    assert "RuntimeError" in told


def test_a_fault_is_found_by_its_reference_with_its_traceback(capsys):
    logs.configure(as_json=True)
    try:
        raise KeyError("unforeseen")
    except KeyError as error:
        reference = logs.log_fault(logging.getLogger("dashboard.page"), "a page", error)
    (record,) = records(capsys)
    assert record["reference"] == reference
    assert reference in record["message"]
    assert "KeyError: 'unforeseen'" in record["traceback"]


def test_the_level_is_that_of_this_project_and_servers_take_the_same_form(capsys):
    server = logging.getLogger("streamlit.made.up")
    server.addHandler(logging.StreamHandler())
    server.propagate = False
    logs.configure("error", as_json=True, visit=lambda: "ab12cd34")
    logging.getLogger("iaca.anything").warning("not this")
    logging.getLogger("somebody.else").info("nor this")
    server.warning("a server's")
    server.info("nor this")
    logging.getLogger("streamlit.error_util").error("Uncaught app execution")  # `log_fault` says it with its reference
    assert [(one["message"], one["visit"]) for one in records(capsys)] == [("a server's", "ab12cd34")]


def test_in_json_warnings_and_bars_are_records_too(capsys):
    logs.configure("info", as_json=True)
    warnings.warn("mind this", stacklevel=1)
    for _ in tqdm(range(3), desc="work", unit="piece"):
        pass
    found = records(capsys)
    assert "mind this" in found[0]["message"]
    assert found[-1]["message"].startswith("work: 3 of 3, ")


def test_configuring_twice_says_everything_once(capsys):
    logs.configure("info", as_json=True)
    logs.configure("info", as_json=True)
    logging.getLogger("iaca.anything").info("once")
    assert [one["message"] for one in records(capsys)] == ["once"]


def test_a_command_logs_what_was_asked_how_it_ended_and_how_long_it_took(tmp_path, capsys):
    arguments = ["evaluate", "--features", str(tmp_path), "--checkpoint", "ca", "--split", "x"]
    assert main([*arguments, "--log-level", "info", "--log-json"]) == 1
    first, error, last = records(capsys)
    assert first["asked"].startswith("evaluate --features ")
    assert error["level"] == "error"
    assert error["message"].startswith("error: --split is 'x'")
    assert last["message"] == "ends with status 1"
    assert last["duration_s"] >= 0


def test_what_a_command_did_not_foresee_is_a_record_in_json(monkeypatch, capsys, tmp_path):
    def fail(*arguments, **options):
        raise RuntimeError("unforeseen")

    monkeypatch.setattr("iaca.data.index_report.inspect_roots", fail)
    assert main(["index", str(tmp_path), "--log-json"]) == 1
    (record,) = records(capsys)
    assert "RuntimeError: unforeseen" in record["traceback"]
    with pytest.raises(RuntimeError, match="unforeseen"):
        main(["index", str(tmp_path)])
