"""The log of servers and long commands: its one place of configuration, as text or as one JSON object a line.

Whoever has something to say asks `logging.getLogger(__name__)`, and passes what `FIELDS` names as `extra`. Cookies and
secret addresses are blotted out of everything that is written, whoever wrote it.
"""

from __future__ import annotations

import io
import json
import logging
import re
import secrets
import sys
import time
import traceback
from collections.abc import Callable
from typing import Any, NamedTuple

from tqdm import tqdm

LEVELS = ("debug", "info", "warning", "error")

FIELDS = ("visit", "subject", "duration_s", "asked", "reference")
"""What a record may say besides its message.

`visit` tells browsers apart and is no secret; `duration_s` is in seconds; `asked` is what somebody asked for, in a few
words; `reference` is the number by which the page speaks of a fault.
"""

OURS = ("iaca", "dashboard")
SERVERS = ("streamlit", "uvicorn", "websockets")
"""Loggers that Streamlit gives a form and a place of their own; here they have those of the others."""

PROGRESS_S = 30.0
"""In JSON, a bar becomes a record as often as this."""

_SECRETS = re.compile(
    r"(?P<cookie>\b[\w-]*(?:visit|session|xsrf|auth|token|_user)[\w-]*=|[?&](?:code|state)=)[^\s;,&'\"]+"
    r"|(?P<address>/iaca/(?:media|table|sound|step)/)[\w-]+"
    r"|(?P<upload>/_stcore/upload_file/)[\w/-]+",
    re.IGNORECASE,
)

_log = logging.getLogger(__name__)


class LogSettings(NamedTuple):
    """How this process logs, for processes that it starts: as `configure` takes it."""

    level: str = "warning"
    as_json: bool = False


_settings = LogSettings()


def settings() -> LogSettings:
    """How this process logs."""
    return _settings


def configure(level: str = "warning", *, as_json: bool = False, visit: Callable[[], str] | None = None) -> None:
    """Write the log to stderr; calling it again replaces what was configured before.

    Args:
        level: One of `LEVELS`, for this project. Of other packages, warnings and errors are written.
        as_json: One JSON object a line, instead of text. Bars of progress become records.
        visit: The visit for which the present thread works, or "".
    """
    global _settings
    _settings = LogSettings(level, as_json)
    handler = logging.StreamHandler(sys.stderr)
    handler.set_name(__name__)
    handler.setFormatter(JsonLines() if as_json else Lines())
    handler.addFilter(_Visit(visit))
    root = logging.getLogger()
    for old in [one for one in root.handlers if one.get_name() == __name__]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    for name in OURS:
        logging.getLogger(name).setLevel(level.upper())
    take_over_servers()
    logging.captureWarnings(as_json)
    if as_json:
        _write_bars_as_records()


def take_over_servers() -> None:
    """Give the loggers of the server the form of all others; call it again where more of it may have been imported."""
    for name, logger in list(logging.root.manager.loggerDict.items()):
        if isinstance(logger, logging.Logger) and name.split(".")[0] in SERVERS and logger.handlers:
            logger.handlers.clear()
            logger.propagate = True
            logger.setLevel(logging.WARNING)


def log_fault(logger: logging.Logger, what: str, error: BaseException, **fields: Any) -> str:
    """Log an error that nothing has foreseen, with its traceback.

    Args:
        logger: Of the module that caught it.
        what: What was being done, in a few words.
        error: The error.
        **fields: Of `FIELDS`.

    Returns:
        Its reference: 8 hexadecimal digits, for the sentence that somebody sees instead of the traceback.
    """
    reference = secrets.token_hex(4)
    logger.error(
        "fault %s: %s: %s",
        reference,
        what,
        type(error).__name__,
        exc_info=error,
        extra=fields | {"reference": reference},
    )
    return reference


class Lines(logging.Formatter):
    """Records as lines for reading, with the fields behind the message."""

    default_msec_format = "%s.%03d"

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(name)s: %(message)s")

    def format(self, record: logging.LogRecord) -> str:
        """One line, and a traceback where there is one."""
        first, newline, rest = without_secrets(super().format(record)).partition("\n")
        fields = [f"{name}={_printed(value)}" for name, value in _fields(record).items()]
        return " ".join([first, *fields]) + newline + rest


class JsonLines(logging.Formatter):
    """Records as JSON, one object a line: time (UTC), level, logger, message, fields, and the traceback of a fault."""

    def format(self, record: logging.LogRecord) -> str:
        """One line."""
        milliseconds = int(record.msecs)
        found: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created)) + f".{milliseconds:03d}Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": without_secrets(record.getMessage()),
        }
        found |= _fields(record)
        if record.exc_info and record.exc_info[0] is not None:
            found["traceback"] = without_secrets("".join(traceback.format_exception(*record.exc_info)))
        return json.dumps(found, ensure_ascii=True, default=str)


def without_secrets(text: str) -> str:
    """A text without the values of cookies and without addresses that open a video, a table or an upload."""
    return _SECRETS.sub(lambda found: f"{found['cookie'] or found['address'] or found['upload']}...", text)


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """The fields that a record has; texts without secrets."""
    found = {name: value for name in FIELDS if (value := getattr(record, name, None)) not in (None, "")}
    for name, value in found.items():
        found[name] = round(value, 3) if isinstance(value, float) else value
        found[name] = without_secrets(value) if isinstance(value, str) else found[name]
    return found


def _printed(value: Any) -> str:
    return json.dumps(value) if isinstance(value, str) and re.search(r"[^\w.:+/-]", value) else str(value)


class _Visit(logging.Filter):
    """Says of every record whose visit it is, and drops what Streamlit says of faults, which `log_fault` says too."""

    def __init__(self, visit: Callable[[], str] | None) -> None:
        super().__init__()
        self.visit = visit

    def filter(self, record: logging.LogRecord) -> bool:
        """Add the field; False for the second record of a fault."""
        if self.visit is not None and not hasattr(record, "visit"):
            record.visit = self.visit()
        return not (record.name == "streamlit.error_util" and record.msg == "Uncaught app execution")


class _Records(io.TextIOBase):
    """Takes what a bar writes."""

    last = ""

    def write(self, text: str) -> int:
        """Log a bar's line; what moves the cursor, repeats itself or knows no end yet is dropped."""
        line = re.sub(r"\x1b\[[\d;]*[A-Za-z]|[\r\n]", "", text).replace(": : ", ": ").strip(": ")
        count = line.split(",")[0]
        if line and "?" not in line and count != self.last:
            self.last = count
            _log.info(line)
        return len(text)


def _write_bars_as_records() -> None:
    """Have every bar of this process say how far it is in a record now and then: done, rate and time left."""
    if getattr(tqdm.__init__, "writes_records", False):
        return
    original = tqdm.__init__

    def begin(self: Any, *args: Any, **options: Any) -> None:
        form = "{desc}: {n_fmt} of {total_fmt}, {rate_fmt}, {remaining} left"
        records = {"file": _Records(), "mininterval": PROGRESS_S, "maxinterval": PROGRESS_S, "bar_format": form}
        original(self, *args, **options | records)

    begin.writes_records = True  # type: ignore[attr-defined]
    tqdm.__init__ = begin
