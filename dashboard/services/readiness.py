"""Whether the server can do its work: models load and files can be written. Asked by a supervisor again and again."""

from __future__ import annotations

import logging
import threading
import time

from dashboard.services import model_files
from dashboard.state.folders import checkpoints_folder, read_options
from dashboard.state.visit_folders import home
from iaca.compute.devices import choose_device
from iaca.errors import BAD_INPUT, InputError
from iaca.files import check_writable, file_state
from iaca.resources import cache_folder

KEPT_S = 5.0
"""An answer is given again for so long: whoever asks without end costs nothing."""

_log = logging.getLogger(__name__)
_lock = threading.Lock()
_last: tuple[float, dict[str, bool]] | None = None


def checks() -> dict[str, bool]:
    """Each check and whether it holds; the log says why one does not.

    Returns:
        "models": the model that is shown first loads on the device that is asked for. "cache": computed files and
        uploads can be written.
    """
    global _last
    with _lock:
        if _last is None or time.monotonic() - _last[0] > KEPT_S:
            found = {}
            for name, check in (("models", _check_models), ("cache", _check_cache)):
                try:
                    check()
                    found[name] = True
                except BAD_INPUT as error:
                    _log.warning("not ready: %s", error)
                    found[name] = False
            _last = time.monotonic(), found
        return dict(_last[1])


def _check_models() -> None:
    options = read_options()
    problem = model_files.plugin_problem(options.plugins)
    if problem:
        raise InputError(problem)
    shelf = model_files.shelf(checkpoints_folder(options))
    usual = next((model for model in shelf.default_pair if model is not None), None)
    if usual is None:
        raise InputError(" ".join(shelf.problems) or f"{shelf.folder} holds no model")
    model_files.load(file_state(usual.path), str(choose_device(options.device)))


def _check_cache() -> None:
    check_writable(cache_folder(), "computed files")
    check_writable(home(), "uploads")
