"""Jobs in the workers of a Ray cluster end as they do in processes of this machine."""

from __future__ import annotations

import socket
import sys

import pytest

import iaca
from iaca.compute.engine import Engine, EngineError
from iaca.compute.lanes import Failure
from iaca.compute.processes import run_all
from iaca.compute.ray_worker import Begin, NotSeenError, do_job
from iaca.logs import LogSettings
from tests.iaca.compute.process_jobs import record, size_of

ray = pytest.importorskip("ray")

ON_RAY = Engine("ray", workers=2)


@pytest.fixture(scope="module")
def cluster():
    """One cluster for all tests here: each run uses the one that its process is connected to."""
    ray.init(address="local", num_cpus=2, include_dashboard=False)
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
