"""Jobs in the workers of a Ray cluster end as they do in processes of this machine."""

from __future__ import annotations

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

import iaca
from iaca.__main__ import main
from iaca.checkpoints import save_checkpoint
from iaca.compute.engine import Engine, EngineError
from iaca.compute.lanes import Failure
from iaca.compute.processes import run_all
from iaca.compute.ray_worker import Begin, NotSeenError, do_job
from iaca.data.recordings import find_recordings
from iaca.features.corpus_extraction import extract_all
from iaca.features.feature_files import write_features
from iaca.logs import LogSettings
from tests.conftest import make_features, make_model, write_small_backbones
from tests.iaca.compute.process_jobs import record, size_of
from tests.iaca.subject_files import make_subject

ray = pytest.importorskip("ray")

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 300
LENGTHS = {"a": 60, "b": 200, "c": 90, "d": 120}
ON_RAY = Engine("ray", workers=2)

needs_proc = pytest.mark.skipif(sys.platform != "linux", reason="looks for workers in /proc")


@pytest.fixture(scope="module")
def cluster():
    """One cluster for all tests here: each run uses the one that its process is connected to."""
    os.environ.setdefault("RAY_raylet_start_wait_time_s", "300")
    ray.init(address="local", num_cpus=2 * torch.get_num_threads(), include_dashboard=False)
    yield
    ray.shutdown()


def test_a_cluster_that_is_not_there_is_one_sentence(monkeypatch):
    monkeypatch.delenv("RAY_ADDRESS", raising=False)
    nowhere = Engine("ray", address="127.0.0.1:1")
    with pytest.raises(EngineError, match=r"the Ray cluster '127\.0\.0\.1:1' cannot be used"):
        list(run_all(size_of, b"", ["a"], processes=0, engine=nowhere))


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="the system has no signals")
def test_jobs_end_in_a_cluster_as_they_do_in_processes(tmp_path, cluster):
    jobs = ["die-1", "die-9", "refuse-1", "stumble", "unsendable", lambda: None, "a", "b"]
    done = {}
    missing = tmp_path / "gone"
    for job, outcome in run_all(record, str(tmp_path), jobs, processes=0, engine=ON_RAY, needed=lambda _: [missing]):
        done[job if isinstance(job, str) else "no job"] = outcome
    assert done["a"][0] == done["b"][0] == 1
    assert done["die-1"][0] == 2
    assert done["die-9"] == Failure("its worker was ended in each of 2 attempts")
    assert len((tmp_path / "die-9.log").read_text().splitlines()) == 2
    assert done["refuse-1"].reason == "refuse-1 is bad"
    assert done["stumble"].reason == "ZeroDivisionError: unforeseen"
    assert "pickle" in done["unsendable"].reason
    assert "pickle" in done["no job"].reason
    assert len((tmp_path / "stumble.log").read_text().splitlines()) == 1


@pytest.mark.slow
def test_long_jobs_come_first_and_modules_of_ones_own_are_imported(tmp_path, cluster, monkeypatch):
    mark = tmp_path / "imported"
    (tmp_path / "registers.py").write_text(f"import pathlib\npathlib.Path({str(mark)!r}).write_text('yes')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    one = Engine("ray", workers=1)
    ended = run_all(size_of, b"abc", ["a", "ccc", "bb"], processes=0, engine=one, length=len, modules=["registers"])
    assert list(ended) == [("ccc", 3), ("bb", 3), ("a", 3)]
    assert mark.read_text() == "yes"


def begin(**changes):
    return Begin(iaca.__version__, (), (), b"", LogSettings(), None)._replace(**changes)


def test_a_path_that_a_worker_does_not_see_is_named_with_its_machine(tmp_path):
    answer = do_job(begin(), b"", (str(tmp_path), str(tmp_path / "video.mp4")))
    assert isinstance(answer.error, NotSeenError)
    assert f"{tmp_path / 'video.mp4'} is not there on the machine {socket.gethostname()}" in str(answer.error)


def test_another_version_on_a_machine_is_refused():
    answer = do_job(begin(version="0.0.1"), b"", ())
    assert f"has iaca {iaca.__version__}; expected 0.0.1" in str(answer.error)


def test_without_ray_the_extra_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(EngineError, match=r'pip install "iaca\[ray\]"'):
        list(run_all(size_of, b"", ["a"], processes=0, engine=ON_RAY))


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


def kill_one(delay_s: float, folder: Path, killed: list[int]) -> None:
    """Kill a worker that long after the first began, or once a first file is there: then others are at work."""
    ends_s = time.monotonic() + PATIENCE_S
    seen_s = None
    while time.monotonic() < ends_s:
        workers = working()
        if workers and seen_s is None:
            seen_s = time.monotonic()
        is_time = seen_s is not None and time.monotonic() >= seen_s + delay_s
        if workers and (is_time or any(folder.rglob("*.safetensors"))):
            os.kill(workers[0], signal.SIGKILL)
            killed.append(workers[0])
            return
        time.sleep(0.02)


@pytest.mark.slow
@needs_proc
def test_a_killed_worker_costs_no_subject_and_the_files_are_those_made_without_ray(tmp_path, corpus, cluster):
    root, backbones = corpus
    killed: list[int] = []
    delay_s = random.uniform(0, 4)  # the first second or two go into imports
    killer = threading.Thread(target=kill_one, args=(delay_s, tmp_path, killed), daemon=True)
    killer.start()
    recordings = find_recordings(root).recordings
    summary = extract_all(recordings, tmp_path, *backbones, clip_stride=1, quiet=True, engine=ON_RAY)
    killer.join()
    assert len(killed) == 1
    assert summary.problems == ()
    assert contents(tmp_path) == contents(root / "local")


def models(folder):
    return {path.name: path.read_bytes() for path in (folder / "runs").glob("*.safetensors")}


@pytest.mark.slow
@needs_proc
def test_a_study_in_a_cluster_is_the_one_of_this_machine_and_a_killed_worker_costs_no_model(
    tmp_path, cluster, monkeypatch
):
    monkeypatch.chdir(tmp_path)  # a worker's is another
    for split in ("train", "validation"):
        item = make_features(200, 8, seed=len(split), subject=split, split=split)
        write_features(Path("features", f"{split}.safetensors"), item)
    study = ["reproduce", "--features", "features", "--seeds", "1", "--fusion", "concat", "--quick"]
    killed: list[int] = []
    killer = threading.Thread(target=kill_one, args=(random.uniform(0, 2), Path("far").absolute(), killed), daemon=True)
    killer.start()
    assert main([*study, "--out", "far", "--engine", "ray", "--workers", "2"]) == 0
    killer.join()
    assert len(killed) == 1
    assert main([*study, "--out", "near", "--workers", "1"]) == 0
    assert Path("far/report.md").read_bytes() == Path("near/report.md").read_bytes()
    assert len(models(Path("near"))) > 2
    assert models(Path("far")) == models(Path("near"))
    tables = [pd.read_parquet(Path(out, "results.parquet")).drop(columns="seconds") for out in ("far", "near")]
    pd.testing.assert_frame_equal(*tables)


@pytest.mark.slow
@needs_proc
def test_curves_and_a_report_from_a_cluster_are_those_of_this_process(tmp_path, cluster, monkeypatch):
    monkeypatch.chdir(tmp_path)  # a worker's is another
    for k, name in enumerate(("short", "long", "middling")):
        write_features(Path("people", f"{name}.safetensors"), make_features((200, 900, 500)[k], 4, subject=name))
    save_checkpoint("model.safetensors", make_model(iaca=True), backbones=make_features().backbones)
    shared = ["--features", "people", "--checkpoint", "model.safetensors", "--drop-audio", "0.3"]
    on_ray = ["--engine", "ray", "--workers", "2"]
    assert main(["predict", *shared, "--influence", "--out", "far.parquet", *on_ray]) == 0
    assert main(["predict", *shared, "--influence", "--out", "near.parquet"]) == 0
    assert Path("far.parquet").read_bytes() == Path("near.parquet").read_bytes()
    assert main(["report", *shared, "--out", "far.html", *on_ray]) == 0
    assert main(["report", *shared, "--out", "near.html"]) == 0
    assert Path("far.html").read_bytes() == Path("near.html").read_bytes()


@pytest.mark.slow
@needs_proc
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


@pytest.mark.slow
@needs_proc
def test_several_processes_of_this_machine_write_the_same_files(tmp_path, corpus):
    root, backbones = corpus
    some = [one for one in find_recordings(root).recordings if one.subject in LENGTHS]
    two = Engine(workers=2)
    summary = extract_all(some, tmp_path, *backbones, clip_stride=1, quiet=True, apart=True, engine=two)
    assert [path.stem for path in summary.written] == sorted(LENGTHS)
    assert contents(tmp_path) == contents(root / "local")
