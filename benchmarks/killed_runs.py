"""`kill -9` of commands and their workers at moments drawn from a seed: the end is that of an undisturbed run.

A killed command is run again; one whose worker was killed goes on. Either ends well, leaves no process behind, and the
same files as an undisturbed run, byte for byte. Times alone differ, and are left out: `seconds` in the results of a
study, and time.json. Run: `python -m benchmarks.killed_runs --kills 10`. Needs Linux.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import pandas as pd

PROJECT = Path(__file__).resolve().parents[1]
PATIENCE_S = 900.0
GONE_S = 30.0
"""How long a worker may outlive whoever started it: it may be within a call that listens to nobody."""

TRAINING = [f"--set=training.{setting}" for setting in ("epochs=3", "steps_per_epoch=4", "batch_windows=4")]


class Inputs(NamedTuple):
    """What the commands read: a small corpus, its features, and a model of them."""

    corpus: Path
    features: Path
    model: Path


def commands(inputs: Inputs) -> dict[str, list[str]]:
    """What is killed: name -> arguments; {out} is an empty folder."""
    features = ["--features", str(inputs.features)]
    return {
        "build": ["demo", "build", "--identities", "2", "--seconds", "2", "--out", "{out}"],
        "extract": ["extract", str(inputs.corpus), "--clip-stride", "4", "--out", "{out}"],
        "train": ["train", *features, "--fusion", "rjca", "--iaca", *TRAINING, "--out", "{out}/model.safetensors"],
        "reproduce": [
            "reproduce", *features, "--fusion", "ca", "--seeds", "1", "--quick", "--workers", "2", "--out", "{out}",
        ],
        "export": ["export", str(inputs.model), "--onnx", "{out}/model.onnx"],
    }  # fmt: skip


NOBODY = "nobody"
WITH_WORKERS = ("build", "extract", "reproduce")


class Trial(NamedTuple):
    """One command that was disturbed.

    Attributes:
        name: The command.
        victim: What was killed: the command, a worker, or nobody where it had ended before.
        at_s: When, in seconds after it began.
        code: Exit status of the command in the end; None where it did not end.
        different: Files that differ from those of an undisturbed run, are missing, or are too many.
        orphans: Workers that outlived the command by more than `GONE_S`.
    """

    name: str
    victim: str
    at_s: float
    code: int | None
    different: list[str]
    orphans: int

    @property
    def is_good(self) -> bool:
        """Whether the end is that of an undisturbed run."""
        return self.code == 0 and not self.different and not self.orphans

    def __str__(self) -> str:
        end = "as undisturbed" if self.is_good else f"code {self.code}, {self.orphans} orphans, {self.different[:5]}"
        return f"{self.name:9} {self.victim:7} killed after {self.at_s:5.1f} s: {end}"


def prepare(folder: Path, log: int) -> Inputs:
    """Make what the commands read."""
    inputs = Inputs(folder / "corpus", folder / "features", folder / "model.safetensors")
    for role in ("training", "validation"):
        build = ["demo", "build", "--role", role, "--identities", "2", "--seconds", "2"]
        _finish([*build, "--out", str(folder / role)], log)
        _finish(["extract", str(folder / role), "--clip-stride", "4", "--out", str(inputs.features)], log)
    (folder / "validation").rename(inputs.corpus)
    features = ["--features", str(inputs.features)]
    _finish(["train", *features, "--fusion", "ca", "--iaca", *TRAINING, "--out", str(inputs.model)], log)
    return inputs


def disturb(name: str, command: Sequence[str], folder: Path, draw: random.Random, whole_s: float, log: int) -> Trial:
    """Kill a command or a worker of it, and let it end.

    Args:
        name: Its name.
        command: Its arguments.
        folder: Where {out} is, empty, and what an undisturbed run left is in `expected`.
        draw: Says whom, and when.
        whole_s: How long the command takes undisturbed.
        log: Where its output goes.
    """
    out, expected = folder / "out", folder / "expected"
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir()
    wants_worker = name in WITH_WORKERS and draw.random() < 0.5
    at_s = draw.uniform(0.05, 0.95) * whole_s
    process = _start(command, out, log)
    victim, code = NOBODY, None
    began_s = time.monotonic()
    while process.poll() is None and victim == NOBODY:
        workers = _group(process.pid) - {process.pid}
        if time.monotonic() - began_s >= at_s and (workers or not wants_worker):
            _kill(draw.choice(sorted(workers)) if wants_worker else process.pid)
            victim = "worker" if wants_worker else "command"
        time.sleep(0.02)
    at_s = time.monotonic() - began_s
    orphans = 0
    try:
        code = process.wait(PATIENCE_S)
        orphans = _orphans(process.pid)
        if victim == "command":
            process = _start(command, out, log)
            code = process.wait(PATIENCE_S)
            orphans += _orphans(process.pid)
    except subprocess.TimeoutExpired:
        code = None
    for pid in _group(process.pid):
        _kill(pid)
    left, right = tree(out), tree(expected)
    different = sorted(file for file in left.keys() | right.keys() if left.get(file) != right.get(file))
    return Trial(name, victim, at_s, code, different, orphans)


def undisturbed(command: Sequence[str], folder: Path, log: int) -> float:
    """Let a command run to its end in `folder`/out and keep what it left in `folder`/expected; return its seconds."""
    out = folder / "out"
    out.mkdir(parents=True)
    began_s = time.monotonic()
    if _start(command, out, log).wait(PATIENCE_S):
        raise SystemExit(f"{' '.join(command)} fails undisturbed; see the log")
    shutil.move(out, folder / "expected")
    return time.monotonic() - began_s


def tree(folder: Path) -> dict[str, str]:
    """Every file below a folder and a digest of its content, without times."""
    return {
        file.relative_to(folder).as_posix(): hashlib.sha256(_content(file)).hexdigest()
        for file in sorted(folder.rglob("*"))
        if file.is_file() and file.name != "time.json"
    }


def _content(file: Path) -> bytes:
    content = file.read_bytes()
    without_times: dict[str, Callable[[bytes], bytes]] = {
        "runs/*.json": lambda text: json.dumps(json.loads(text) | {"seconds": 0}).encode(),
        "results.parquet": _without_seconds,
        "scores.parquet": _without_seconds,
    }
    for pattern, strip in without_times.items():
        if file.match(pattern):
            return strip(content)
    return content


def _without_seconds(table: bytes) -> bytes:
    frame = pd.read_parquet(io.BytesIO(table)).drop(columns="seconds", errors="ignore")
    return str(frame.to_csv()).encode()


def _start(command: Sequence[str], out: Path, log: int) -> subprocess.Popen[bytes]:
    arguments = [part.format(out=out) for part in command]
    environment = os.environ | {"PYTHONPATH": str(PROJECT), "IACA_DEVICE": "cpu"}
    return subprocess.Popen(
        [sys.executable, "-m", "iaca", *arguments], cwd=PROJECT, env=environment, stdout=log, stderr=log,
        start_new_session=True,
    )  # fmt: skip


def _finish(command: Sequence[str], log: int) -> None:
    if _start(command, PROJECT, log).wait(PATIENCE_S):
        raise SystemExit(f"{' '.join(command)} fails; see the log")


def _group(leader: int) -> set[int]:
    """Processes of a group that run."""
    found = set()
    for entry in Path("/proc").iterdir():
        try:
            state, _, group = (entry / "stat").read_text().rpartition(")")[2].split()[:3]
        except (OSError, ValueError):
            continue
        if entry.name.isdigit() and int(group) == leader and state not in "ZX":
            found.add(int(entry.name))
    return found


def _orphans(leader: int) -> int:
    ends_s = time.monotonic() + GONE_S
    while _group(leader) and time.monotonic() < ends_s:
        time.sleep(0.05)
    return len(_group(leader))


def _kill(pid: int) -> None:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def main() -> int:
    """Disturb every command; return how many trials did not end as undisturbed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=10, help="of each command (default: 10)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--command", nargs="+", choices=commands(Inputs(*[Path()] * 3)), help="default: all")
    parser.add_argument("--log", type=Path, default=Path(os.devnull), help="what the commands print")
    args = parser.parse_args()
    bad = 0
    with tempfile.TemporaryDirectory() as temporary, args.log.open("ab") as log:
        folder = Path(temporary)
        inputs = prepare(folder, log.fileno())
        for name, command in commands(inputs).items():
            if args.command and name not in args.command:
                continue
            draw = random.Random(f"{args.seed} {name}")
            whole_s = undisturbed(command, folder / name, log.fileno())
            kills = 0
            while kills < args.kills:
                trial = disturb(name, command, folder / name, draw, whole_s, log.fileno())
                if trial.victim == NOBODY:
                    whole_s = trial.at_s  # faster than before: the moment came too late, and does not count
                kills += trial.victim != NOBODY
                bad += not trial.is_good
                print(trial, flush=True)
    print(f"{bad} did not end as undisturbed")
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
