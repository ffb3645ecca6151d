"""Jobs in processes: one that dies takes nothing with it, and none outlives whoever started it."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from iaca import logs
from iaca.compute.lanes import Failure, Limits
from iaca.compute.processes import JobsError, all_done, run_all
from iaca.errors import InputError
from tests.iaca.compute import process_jobs
from tests.iaca.compute.process_jobs import record, seen, size_of, unreadable

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 60


def results(folder, jobs, processes=2, **options):
    return dict(run_all(record, str(folder), jobs, processes=processes, **options))


def is_alive(pid):
    """Whether a process runs; one that has ended and is not yet reaped does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def wait_for(condition):
    ends_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < ends_s, "what the test waits for did not come"
        time.sleep(0.02)


def test_a_job_whose_process_dies_is_tried_once_more_and_all_others_are_done(tmp_path):
    done = results(tmp_path, ["a", "die-1", "b", "die-9", "exit-3", "c", "d"])
    assert [done[name][0] for name in "abcd"] == [1, 1, 1, 1]
    assert done["die-1"][0] == 2
    assert done["die-9"] == Failure("its process was ended by SIGKILL, as where memory runs out in each of 2 attempts")
    assert done["exit-3"] == Failure("its process ended with code 3 in each of 2 attempts")
    assert len((tmp_path / "die-9.log").read_text().splitlines()) == 2


def test_what_a_job_raises_is_its_result_and_is_not_tried_again(tmp_path):
    done = results(tmp_path, ["refuse-1", "stumble", "unsendable", "a"], processes=1)
    assert isinstance(done["refuse-1"].error, InputError)
    assert done["refuse-1"].reason == "refuse-1 is bad"
    assert done["stumble"].reason == "ZeroDivisionError: unforeseen"
    assert "pickle" in done["unsendable"].reason
    assert done["a"][0] == 1
    assert len((tmp_path / "stumble.log").read_text().splitlines()) == 1


def test_processes_are_kept_for_the_next_job_and_are_not_the_own(tmp_path):
    done = results(tmp_path, list("abcdef"), processes=1)
    assert len({pid for _, pid in done.values()}) == 1
    assert os.getpid() not in {pid for _, pid in done.values()}
    here = results(tmp_path, ["g", "refuse-1"], processes=0)
    assert here["g"][1] == os.getpid()
    assert here["refuse-1"].reason == "refuse-1 is bad"


@pytest.mark.skipif(sys.platform != "linux", reason="the system limits no memory")
def test_each_process_sees_its_own_gpu(tmp_path, monkeypatch):
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0,1")
    variables = [{"CUDA_VISIBLE_DEVICES": name} for name in "01"]
    found = [gpu for _, gpu in run_all(seen, str(tmp_path), [3, 3, 3], processes=3, variables=variables)]
    assert sorted(found) == ["0", "0", "1"]
    assert os.environ["CUDA_VISIBLE_DEVICES"] == "0,1"


def test_a_process_that_takes_too_much_memory_is_one_sentence(tmp_path):
    done = results(tmp_path, ["greedy", "polite", "a"], processes=1, limits=Limits(memory_bytes=2**30))
    assert done["greedy"].reason == done["polite"].reason == "it needs more memory than it may take"
    assert done["a"][0] == 1


def test_a_process_that_shows_no_progress_is_ended_and_one_that_does_is_not(tmp_path):
    done = results(tmp_path, ["hang"], attempts=1, limits=Limits(silent_s=1))
    assert done["hang"].reason == "its process showed no progress for 1 s and was ended"
    assert results(tmp_path, ["slow-2"], attempts=1, limits=Limits(silent_s=60))["slow-2"][0] == 1


def test_long_jobs_come_first_and_count_for_more(tmp_path):
    class Bar:
        total = 0

        def update(self, n):
            self.total += n

    bar = Bar()
    order = [job for job, _ in run_all(record, str(tmp_path), ["a", "ccc", "bb"], processes=1, length=len, bar=bar)]
    assert order == ["ccc", "bb", "a"]
    assert bar.total == 6


def test_what_all_jobs_share_may_be_large_and_a_process_that_never_reads_it_stops_nothing(monkeypatch):
    common = bytes(2**24)
    assert dict(run_all(size_of, common, ["a", "b"], processes=2)) == {"a": 2**24, "b": 2**24}
    monkeypatch.setattr(sys, "executable", "/bin/true" if os.path.exists("/bin/true") else "true")
    done = dict(run_all(size_of, common, ["a"], processes=2))
    assert done["a"].reason == "its process ended with code 0 in each of 2 attempts"
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    assert "could not be started" in dict(run_all(size_of, b"", ["a"], processes=1))["a"].reason


def test_what_nobody_foresaw_in_a_process_is_logged_as_the_one_that_started_it_logs(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(logs, "_settings", logs.LogSettings("info", True))
    results(tmp_path, ["stumble"], processes=1)
    (record,) = [json.loads(line) for line in capfd.readouterr().err.splitlines()]
    assert "ZeroDivisionError: unforeseen" in record["traceback"]
    assert record["reference"] in record["message"]


def test_a_function_that_cannot_be_imported_elsewhere_fails_by_its_name(tmp_path):
    (tmp_path / "gone.py").write_text("def work(common, job, progress): pass\n")
    sys.path.insert(0, str(tmp_path))
    try:
        gone = importlib.import_module("gone")
    finally:
        sys.path.remove(str(tmp_path))
    done = dict(run_all(gone.work, None, ["a", "b"], processes=1))
    assert all("gone" in failure.reason for failure in done.values())


def test_what_cannot_be_sent_or_received_fails_and_nobody_waits_for_it():
    done = list(run_all(unreadable, None, [0, 1, 0, lambda: None], processes=1))
    assert [outcome for job, outcome in done if job == 0] == ["fine", "fine"]
    failed = [outcome.reason for job, outcome in done if job != 0]
    assert "invalid literal for int()" in failed[0]
    assert "pickle" in failed[1]


def test_the_rest_is_done_before_failures_are_told():
    ended = [("a", Failure("it burned")), ("b", 1), ("c", Failure("it drowned")), ("d", 2)]
    kept = []
    with pytest.raises(JobsError, match=r"^2 of the models failed, .*\. a: it burned; c: it drowned$"):
        kept.extend(all_done(ended, str, "models"))
    assert kept == [("b", 1), ("d", 2)]


@pytest.mark.skipif(sys.platform != "linux", reason="reads the states of processes from /proc")
@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_processes_end_with_the_one_that_started_them(tmp_path, ending):
    jobs = ["hang-1", "hang-2"]
    command = [sys.executable, "-m", process_jobs.__name__, str(tmp_path), *jobs]
    # A shell that runs tests in the background has them ignore Ctrl-C, and whatever they start.
    options = {"start_new_session": True, "preexec_fn": lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)}
    with subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL, **options) as parent:
        try:
            logs = [tmp_path / f"{job}.log" for job in jobs]
            wait_for(lambda: all(log.exists() and log.read_text() for log in logs))
            workers = [int(log.read_text()) for log in logs]
            # Ctrl-C reaches all of a terminal.
            (os.killpg if ending == signal.SIGINT else os.kill)(parent.pid, ending)
            parent.wait(PATIENCE_S)
            wait_for(lambda: not any(map(is_alive, workers)))
        finally:
            parent.kill()
