"""Extraction with Ray: the same files as without, whatever happens to its workers."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from iaca.compute.engine import Engine
from iaca.data.recordings import find_recordings
from iaca.features.corpus_extraction import extract_all
from tests.conftest import write_small_backbones
from tests.iaca.subject_files import make_subject

pytest.importorskip("ray")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="looks for workers in /proc")]

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 90
LENGTHS = {"a": 60, "b": 200, "c": 90, "d": 120}
ON_RAY = Engine("ray", workers=2)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Subjects of several lengths, their backbones, and their features as they are made without Ray."""
    root = tmp_path_factory.mktemp("corpus")
    backbones = write_small_backbones(root)
    rng = np.random.default_rng(0)
    for subject, frames in LENGTHS.items():
        sound = rng.normal(0, 0.1, frames * 1470).astype(np.float32)
        make_subject(root, subject, np.arange(frames) / 30, sound=sound)
    extract_all(find_recordings(root).recordings, root / "local", *backbones, clip_stride=1, quiet=True)
    return root, backbones


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.glob("*.safetensors")}


def working() -> list[int]:
    """Workers of Ray, below this process, that do a job now."""
    parents, found = {}, []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            parents[int(entry.name)] = int((entry / "stat").read_text().rpartition(")")[2].split()[1])
            if (entry / "cmdline").read_bytes().startswith(b"ray::do_job"):
                found.append(int(entry.name))
        except OSError:
            continue  # it has ended

    def is_ours(pid: int) -> bool:
        while pid in parents and pid != os.getpid():
            pid = parents[pid]
        return pid == os.getpid()

    return [pid for pid in found if is_ours(pid)]


def kill_one(delay_s: float, killed: list[int]) -> None:
    ends_s = time.monotonic() + PATIENCE_S
    seen_s = None
    while time.monotonic() < ends_s:
        workers = working()
        if workers and seen_s is None:
            seen_s = time.monotonic()
        if workers and seen_s is not None and time.monotonic() >= seen_s + delay_s:
            os.kill(workers[0], signal.SIGKILL)
            killed.append(workers[0])
            return
        time.sleep(0.02)


def test_a_worker_that_is_killed_costs_no_subject_and_the_files_are_those_made_without_ray(tmp_path, corpus):
    root, backbones = corpus
    killed: list[int] = []
    delay_s = random.uniform(0, 4)  # the first second or two go into imports
    killer = threading.Thread(target=kill_one, args=(delay_s, killed), daemon=True)
    killer.start()
    recordings = find_recordings(root).recordings
    summary = extract_all(recordings, tmp_path, *backbones, clip_stride=1, quiet=True, engine=ON_RAY)
    killer.join()
    assert len(killed) == 1, f"no worker was there {delay_s:.2f} s after the first began"
    assert summary.problems == ()
    assert contents(tmp_path) == contents(root / "local")


def test_the_command_writes_the_same_files_with_ray_and_a_bad_video_is_one_line(tmp_path, corpus):
    root, backbones = corpus
    (root / "batch1" / "cut.mp4").write_bytes((root / "batch1" / "a.mp4").read_bytes()[:500])
    command = [
        sys.executable, "-m", "iaca", "extract", str(root), "--out", "features", "--clip-stride", "1",
        "--engine", "ray", "--workers", "2", "--visual", str(backbones[0].path), "--audio", str(backbones[1].path),
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "4 subjects written, 0 were there, 1 failed" in done.stdout
    lines = [line for line in done.stderr.replace("\r", "\n").splitlines() if "cut" in line and "subject/s" not in line]
    assert len(lines) == 1, done.stderr
    assert "cut.mp4" in lines[0]
    assert contents(tmp_path / "features") == contents(root / "local")


def test_several_processes_of_this_machine_write_the_same_files(tmp_path, corpus):
    root, backbones = corpus
    some = [one for one in find_recordings(root).recordings if one.subject in LENGTHS]
    two = Engine(workers=2)
    summary = extract_all(some, tmp_path, *backbones, clip_stride=1, quiet=True, apart=True, engine=two)
    assert [path.stem for path in summary.written] == sorted(LENGTHS)
    assert contents(tmp_path) == contents(root / "local")
