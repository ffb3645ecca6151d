"""Jobs in the workers of a Ray cluster: what is sent, what comes back, and what is tried again."""

from __future__ import annotations

import logging
import os
import pickle
import socket
import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, NamedTuple

import iaca
from iaca.compute.engine import Engine, EngineError
from iaca.compute.lanes import Failure, reason_of
from iaca.compute.ray_worker import Begin, do_job
from iaca.compute.worker import Raised, Returned
from iaca.logs import settings

CHECK_S = 0.5
"""How often a run that waits for its jobs can be interrupted."""

ANSWER_S = 10.0
"""How long a cluster may take to answer."""

START_S = "300"
"""How long a cluster may take to start on a machine that is busy; Ray itself gives up after 30 s."""

MAIN = "__main__"


class _Sent(NamedTuple):
    number: int
    attempt: int


def ended_on_ray(
    task: bytes,
    jobs: Sequence[Any],
    engine: Engine,
    *,
    attempts: int,
    modules: Sequence[str],
    threads: int | None,
    needed: Callable[[Any], Iterable[str | os.PathLike[str]]] | None,
) -> Generator[tuple[Any, Any]]:
    """Do every job in a worker of a cluster, and yield each as it ends.

    Args:
        task: The pickled function, and what all of its jobs share: each machine gets it once.
        jobs: They begin in this order.
        engine: The cluster, and how many jobs run side by side.
        attempts: How often a job is tried whose worker dies.
        modules: Modules that each worker imports first. Those that are not installed, but lie in a folder of one's
            own, are sent along.
        threads: Threads of a job, which are the cores that it asks for; None: one core.
        needed: A job -> files and folders that it needs, to be named with the machine that does not see them.

    Yields:
        (job, what it returned, or why there is nothing), in the order in which they end.

    Raises:
        EngineError: Ray is not installed, or there is no such cluster.
    """
    with cluster(engine, threads) as ray:
        cores = _cores(ray, threads)
        begin = ray.put(
            Begin(
                iaca.__version__, tuple(os.path.abspath(folder) for folder in sys.path), _names(modules), task,
                settings(), None if threads is None else cores,
            )
        )  # fmt: skip
        remote = ray.remote(do_job).options(
            num_cpus=cores,
            num_gpus=engine.gpus_per_worker,
            max_retries=0,  # counted here, so that a job ends no more workers than it may
            runtime_env=_environment(engine, modules),
        )
        waiting = deque(_Sent(number, 1) for number in range(len(jobs)))
        running: dict[Any, _Sent] = {}
        try:
            while waiting or running:
                while waiting and len(running) < (engine.workers or len(jobs)):
                    sent = waiting.popleft()
                    job = jobs[sent.number]
                    try:
                        content = pickle.dumps(job, pickle.HIGHEST_PROTOCOL)
                    except Exception as error:
                        yield job, Failure(reason_of(error), error)
                        continue
                    seen = tuple(str(path) for path in (needed(job) if needed else ()) if os.path.exists(path))
                    running[remote.remote(begin, content, seen)] = sent
                done, _ = ray.wait(list(running), timeout=CHECK_S) if running else ([], [])
                for reference in done:
                    sent = running.pop(reference)
                    outcome = _outcome(ray, reference)
                    if isinstance(outcome, Failure) and outcome.error is None:
                        if sent.attempt < attempts:
                            waiting.append(sent._replace(attempt=sent.attempt + 1))
                            continue
                        times = "" if attempts == 1 else f" in each of {attempts} attempts"
                        outcome = Failure(outcome.reason + times)
                    yield jobs[sent.number], outcome
        finally:
            for reference in running:
                with suppress(Exception):  # it has ended by itself, or the cluster is gone
                    ray.cancel(reference, force=True)


def _outcome(ray: Any, reference: Any) -> Any:
    """What a job returned; a failure without an error where it ended its worker."""
    try:
        answer = ray.get(reference)
    except ray.exceptions.OutOfMemoryError:
        return Failure("its worker was ended because memory runs out")
    except (ray.exceptions.WorkerCrashedError, ray.exceptions.NodeDiedError, ray.exceptions.ObjectLostError):
        return Failure("its worker was ended")
    except Exception as error:  # the worker could not even be prepared
        return Failure(f"its worker could not be started ({' '.join(str(error).split())})", error)
    if isinstance(answer, Raised):
        return Failure(reason_of(answer.error), answer.error)
    assert isinstance(answer, Returned)
    return answer.result


@contextmanager
def cluster(engine: Engine, threads: int | None) -> Generator[Any]:
    """Connect to a cluster, or start one for the time of a run; one that the caller is connected to is used.

    Args:
        engine: The cluster.
        threads: Threads of a job; None: one core.

    Yields:
        The module ray.

    Raises:
        EngineError: Ray is not installed, or there is no such cluster.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_raylet_start_wait_time_s", START_S)
    try:
        import ray
    except ImportError:
        raise EngineError('the engine ray needs Ray, which is not installed: pip install "iaca[ray]"') from None
    if ray.is_initialized():
        yield ray
        return
    options: dict[str, Any] = {"address": engine.address or "local"}
    if engine.address is None:
        side_by_side = engine.workers or max(1, (os.cpu_count() or 1) // (threads or 1))
        options |= {"num_cpus": side_by_side * (threads or 1), "include_dashboard": False}
    try:
        if ":" in options["address"]:
            _answer(options["address"])
        ray.init(**options, logging_level=logging.ERROR)
    except Exception as error:
        where = "a Ray cluster on this machine" if engine.address is None else f"the Ray cluster {engine.address!r}"
        reason = " ".join(str(error).split()).rstrip(".")
        raise EngineError(
            f"{where} cannot be used ({reason}); expected one that `ray start --head` started, with the same versions "
            "of Ray and Python, and its token where it asks for one"
        ) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _answer(address: str) -> None:
    """Raise an error where nobody listens at HOST:PORT: Ray itself would try for minutes."""
    host, _, port = address.rpartition("//")[2].rpartition(":")
    if not port.isdigit():
        raise EngineError(f"its port is {port!r}")
    socket.create_connection((host, int(port)), ANSWER_S).close()


def _cores(ray: Any, threads: int | None) -> int:
    """Cores that a job asks for: no more than its smallest machine has, or it would wait there for ever."""
    machines = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
    return max(1, min((threads or 1, *filter(None, machines))))


def _names(modules: Sequence[str]) -> tuple[str, ...]:
    """Names by which a worker can import modules: a script that runs is a module of its own there."""
    found = []
    for module in modules:
        file = getattr(sys.modules.get(module), "__file__", None)
        if module != MAIN:
            found.append(module)
        elif file is not None:
            found.append(Path(file).stem)
    return tuple(found)


def _environment(engine: Engine, modules: Sequence[str]) -> dict[str, Any]:
    """What a worker gets of this process: where iaca lies, its settings, and the user's own modules."""
    variables = {
        name: value for name, value in os.environ.items() if name.startswith("IACA_") and name != "IACA_DEVICE"
    }
    root = str(Path(iaca.__file__).parents[1])
    variables["PYTHONPATH"] = os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH"))))
    environment: dict[str, Any] = {"env_vars": variables}
    if engine.address is not None:
        own = [str(place) for module in modules if (place := _own_place(module)) is not None]
        if own:
            environment["py_modules"] = own
    return environment


def _own_place(module: str) -> Path | None:
    """File or folder of a module that is not installed."""
    file = getattr(sys.modules.get(module.partition(".")[0]), "__file__", None)
    if file is None or "site-packages" in Path(file).parts:
        return None
    return Path(file).parent if Path(file).name == "__init__.py" else Path(file)
