"""Models that compute on a CPU are exported in the background; ONNX Runtime then takes half of torch's time.

That needs the packages of the extra `export`, and some ten seconds of a processor once for each model: it begins when
no model has computed for a moment, or at once where the steps of a slider have kept one busy. The file is kept in the
cache, by what is in the checkpoint and by the versions that made it: whoever looks at the model again has it from the
start. What cannot be exported goes on in torch, and so does everything where gates are changed. `IACA_EXPORT=off`
leaves everything in torch.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import time
from collections import defaultdict
from contextlib import suppress
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path

import iaca
from dashboard.services import jobs
from dashboard.turns import Turns
from iaca.checkpoints import Checkpoint
from iaca.checkpoints.onnx_files import PACKAGES, ExportError, OnnxNetwork, is_exportable
from iaca.files import FileState, file_sha256
from iaca.resources import cache_folder
from iaca.types import Progress

IDLE_S = 2.0
"""How long no model may have computed before one is exported."""

WORTH_S = 2.0
"""Seconds that steps have kept a model computing before it is exported however busy the server is."""

LOOK_S = 0.1
SWITCH = "IACA_EXPORT"

FOLDER = "onnx"
NICENESS = 10

_spent_s: defaultdict[FileState, float] = defaultdict(float)
_computed_s = 0.0
"""When a model last computed."""


def note(model: FileState, waited_s: float) -> None:
    """A model has computed.

    Args:
        model: Its checkpoint.
        waited_s: How long a step of a slider has waited for it in torch; 0 where none has.
    """
    global _computed_s
    _computed_s = time.monotonic()
    _spent_s[model] += waited_s


def ready(model: FileState, checkpoint: Checkpoint, device: str) -> OnnxNetwork | None:
    """The model in ONNX Runtime; None where it is not there, or not yet. Never waits.

    Args:
        model: Its checkpoint.
        checkpoint: What was read from it.
        device: Where it runs.
    """
    if device != "cpu" or os.environ.get(SWITCH) == "off" or not is_exportable(checkpoint):
        return None
    job = opening(model)
    if job.ended and job.result is None:
        job = exporting(model)
    found: OnnxNetwork | None = job.result
    return found


@lru_cache(maxsize=16)
def opening(model: FileState) -> jobs.Job:
    """Opens what an earlier export has left; its result is None where there is nothing."""
    return jobs.Job(partial(_open, model))


@lru_cache(maxsize=16)
def exporting(model: FileState) -> jobs.Job:
    """Exports a model; once that failed it is not tried again."""
    return jobs.Job(partial(_export, model), _turns())


@lru_cache
def _turns() -> Turns:
    """One export at a time: the page needs the other processors."""
    return Turns(1)


def _open(model: FileState, progress: Progress) -> OnnxNetwork | None:
    path = _file(model)
    return OnnxNetwork(path) if path.is_file() else None


def _export(model: FileState, progress: Progress) -> OnnxNetwork:
    path = _file(model)
    if path.is_file():  # by another server, unless it is damaged
        with suppress(ExportError):
            return OnnxNetwork(path)
    while _spent_s[model] < WORTH_S and time.monotonic() - _computed_s < IDLE_S:
        time.sleep(LOOK_S)
        progress(0, 0)
    # A process of its own: what exports takes hundreds of megabytes, and would hold up the pages.
    environment = os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": _with_iaca(os.environ.get("PYTHONPATH", ""))}
    command = [sys.executable, "-m", "iaca", "export", model.path, "--onnx", str(path)]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as process:
        if hasattr(os, "setpriority"):
            os.setpriority(os.PRIO_PROCESS, process.pid, NICENESS)
        said = _said(process, progress).strip().splitlines()
    if process.returncode:
        raise ExportError(f"{model.path} could not be exported: {said[-1] if said else process.returncode}")
    return OnnxNetwork(path)


def _said(process: subprocess.Popen[str], progress: Progress) -> str:
    """What a process says of its end; it is ended where the job shall stop."""
    while True:
        try:
            return process.communicate(timeout=LOOK_S)[1]
        except subprocess.TimeoutExpired:
            try:
                progress(0, 0)
            except jobs.Stopped:
                process.kill()
                raise


def _file(model: FileState) -> Path:
    """Where an exported model is kept."""
    facts = [file_sha256(model.path), iaca.__version__, *(version(name) for name in ("torch", *PACKAGES))]
    return cache_folder() / FOLDER / f"{hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]}.onnx"


def _with_iaca(path: str) -> str:
    """A search path on which a new process finds this very package."""
    return os.pathsep.join(filter(None, [str(Path(iaca.__file__).resolve().parent.parent), path]))
