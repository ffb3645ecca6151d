"""What an engine is, and what is refused of it."""

from __future__ import annotations

import pytest

from iaca.compute.engine import HERE, Engine, EngineError, check_engine


def test_a_job_computes_here_where_it_would_anyway_and_in_a_cluster_on_the_gpu_that_it_asks_for():
    assert HERE.device("cuda:1") == "cuda:1"
    assert Engine("ray").device("cuda:1") == "cpu"
    assert Engine("ray", gpus_per_worker=0.25).device("cpu") == "cuda:0"


@pytest.mark.parametrize(
    "engine",
    [
        HERE,
        Engine(workers=4),
        Engine("ray", "auto", 8, 0.5),
        Engine("ray", gpus_per_worker=1),
        Engine("ray", None, 1, 2),
    ],
)
def test_what_goes_together_is_taken(engine):
    check_engine(engine)


@pytest.mark.parametrize(
    ("engine", "told"),
    [
        (Engine("dask"), "engine is 'dask'; expected one of: local, ray"),
        (Engine(workers=0), "workers are 0"),
        (Engine("ray", gpus_per_worker=-1), "GPUs per worker are -1"),
        (Engine("ray", gpus_per_worker=1.5), "GPUs per worker are 1.5"),
        (Engine("ray", gpus_per_worker=float("nan")), "GPUs per worker are nan"),
        (Engine(address="auto"), "an address is given with the engine local"),
        (Engine(gpus_per_worker=1), "GPUs per worker is given with the engine local"),
    ],
)
def test_what_does_not_go_together_is_refused(engine, told):
    with pytest.raises(EngineError, match=told):
        check_engine(engine)
