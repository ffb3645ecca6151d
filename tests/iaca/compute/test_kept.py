"""Calls in processes that are kept: nothing that ends one ends more than a call, and a start is paid once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from functools import partial

import pytest

from iaca.compute import kept, lanes
from iaca.compute.kept import ProcessEnded, call
from iaca.compute.lanes import Limits
from iaca.errors import InputError
from tests.iaca.compute.process_jobs import half_done, record
from tests.iaca.compute.test_processes import ROOT, is_alive, wait_for

FEW = Limits(memory_bytes=2**30)


@pytest.fixture(autouse=True)
def processes():
    """Those of the test alone."""
    kept.close()
    yield
    kept.close()


def done(folder, job, limits=FEW, progress=None):
    return call(partial(record, str(folder)), job, limits=limits, progress=progress or (lambda *told: None))


def test_one_process_serves_one_call_after_another_and_several_serve_calls_at_once(tmp_path):
    first, second = done(tmp_path, "a"), done(tmp_path, "b")
    assert first[1] == second[1] != os.getpid()
    barrier = threading.Barrier(2)
    pids = []

    def at_once(job):
        pids.append(done(tmp_path, job, progress=lambda done, total, title: title and barrier.wait(60))[1])

    threads = [threading.Thread(target=at_once, args=(f"slow-0.{n}",)) for n in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(pids)) == 2
    assert first[1] in pids


def test_what_a_call_raises_is_raised_and_what_ends_its_process_is_told(tmp_path):
    _, pid = done(tmp_path, "a")
    with pytest.raises(InputError, match="refuse-1 is bad"):
        done(tmp_path, "refuse-1")
    with pytest.raises(ZeroDivisionError, match="unforeseen"):
        done(tmp_path, "stumble")
    with pytest.raises(Exception, match="pickle"):
        done(tmp_path, "unsendable")
    assert done(tmp_path, "b")[1] == pid
    with pytest.raises(ProcessEnded, match="its process was ended by SIGKILL"):
        done(tmp_path, "die-9")
    with pytest.raises(ProcessEnded, match="showed no progress for 1 s"):
        done(tmp_path, "hang", Limits(2**30, silent_s=1))
    assert done(tmp_path, "c")[1] != pid
    assert len((tmp_path / "die-9.log").read_text().splitlines()) == 1


def test_a_process_that_was_ended_between_two_calls_costs_none(tmp_path):
    _, pid = done(tmp_path, "a")
    os.kill(pid, signal.SIGKILL)
    os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)  # all of its threads have ended, and nobody has been told
    assert done(tmp_path, "b")[0] == 1


def test_a_process_that_is_ended_as_a_call_reaches_it_costs_none(tmp_path, monkeypatch):
    _, pid = done(tmp_path, "a")
    hand_over = lanes.Lane._hand_over

    def ended_first(lane, job, process):
        if process.pid == pid:
            process.kill()
        return hand_over(lane, job, process)

    monkeypatch.setattr(lanes.Lane, "_hand_over", ended_first)
    attempts, other = done(tmp_path, "b")
    assert (attempts, other != pid) == (1, True)


@pytest.mark.skipif(sys.platform != "linux", reason="the system limits no memory")
def test_memory_is_limited_call_by_call(tmp_path):
    with pytest.raises(ProcessEnded, match="needs more memory than it may take"):
        done(tmp_path, "greedy")
    with pytest.raises(ProcessEnded, match="needs more memory than it may take"):
        done(tmp_path, "polite")
    _, pid = done(tmp_path, "a")
    assert done(tmp_path, "greedy", Limits(2**33)) == 2**31
    with pytest.raises(ProcessEnded):
        done(tmp_path, "greedy")
    assert done(tmp_path, "b")[1] != pid  # one that ran out of memory is not used again
    assert done(tmp_path, "c", Limits(None))[1] != done(tmp_path, "d")[1]  # neither is one without a limit


class StopIt(Exception):
    """What whoever watches raises."""


def stop(done, total, title):
    if title:
        raise StopIt


def test_a_call_that_is_stopped_tidies_up_and_its_process_is_kept(tmp_path):
    _, pid = done(tmp_path, "a")
    with pytest.raises(StopIt):
        call(half_done, tmp_path / "half", limits=FEW, progress=stop)
    assert not (tmp_path / "half").exists()
    assert done(tmp_path, "b")[1] == pid


def test_a_call_that_does_not_stop_ends_with_its_process(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "STOPPING_S", 0.1)
    with pytest.raises(StopIt):
        done(tmp_path, "slow-600", progress=stop)
    assert not is_alive(int((tmp_path / "slow-600.log").read_text()))
    assert done(tmp_path, "a")[0] == 1


def test_all_but_the_last_process_go_after_a_while(tmp_path, monkeypatch):
    monkeypatch.setattr(kept, "IDLE_S", 0.05)
    barrier = threading.Barrier(2)
    wait = partial(done, tmp_path, progress=lambda done, total, title: title and barrier.wait(60))
    threads = [threading.Thread(target=wait, args=(f"slow-0.{n}",)) for n in (1, 2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    pids = [int((tmp_path / f"slow-0.{n}.log").read_text()) for n in (1, 2)]
    wait_for(lambda: sum(map(is_alive, pids)) == 1)
    assert done(tmp_path, "a")[1] in pids


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
def test_a_process_that_was_forked_starts_its_own():
    code = """
import os
from iaca.compute.kept import call
from iaca.compute.lanes import Limits
first = call(os.getpid, limits=Limits(2**30))
child = os.fork()
if child == 0:
    os._exit(call(os.getpid, limits=Limits(2**30)) == first)
print(os.waitpid(child, 0)[1], call(os.getpid, limits=Limits(2**30)) == first)
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, timeout=300)
    assert found.stdout.split() == ["0", "True"], found.stderr
    assert "Traceback" not in found.stderr
