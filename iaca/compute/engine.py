"""Where jobs run side by side: in processes of this machine, or in the workers of a Ray cluster."""

from __future__ import annotations

from typing import NamedTuple

from iaca.errors import InputError

LOCAL, RAY = "local", "ray"
ENGINES = (LOCAL, RAY)

MOST_WORKERS = 1024
"""Jobs side by side; more is a mistake."""


class EngineError(InputError):
    """An engine that cannot be used: the message says what it needs."""


class Engine(NamedTuple):
    """What jobs run on.

    Attributes:
        name: One of `ENGINES`.
        address: Of a Ray cluster: "auto" for the one that runs here, HOST:PORT, or None to start one on this machine.
        workers: Jobs side by side, at least 1; None: as the caller sees fit, or all that the cluster has room for.
        gpus_per_worker: Share of a GPU that each job of Ray takes, 0 or more; 0: it computes on the CPU.
    """

    name: str = LOCAL
    address: str | None = None
    workers: int | None = None
    gpus_per_worker: float = 0.0

    @property
    def is_ray(self) -> bool:
        """Whether jobs run in the workers of a cluster."""
        return self.name == RAY

    def device(self, here: str) -> str:
        """Where a job computes.

        Args:
            here: Where it would on this machine.
        """
        if not self.is_ray:
            return here
        return "cuda:0" if self.gpus_per_worker else "cpu"  # Ray shows each worker its own GPU alone


HERE = Engine()
"""Processes of this machine."""


def check_engine(engine: Engine) -> None:
    """Refuse what does not go together.

    Raises:
        EngineError: An unknown name, a number out of its bounds, or a setting of Ray without Ray.
    """
    if engine.name not in ENGINES:
        raise EngineError(f"engine is {engine.name!r}; expected one of: {', '.join(ENGINES)}")
    if engine.workers is not None and not 1 <= engine.workers <= MOST_WORKERS:
        raise EngineError(f"workers are {engine.workers}; expected a whole number from 1 to {MOST_WORKERS}")
    share = engine.gpus_per_worker
    if not (0 <= share <= 1 or (1 < share <= MOST_WORKERS and float(share).is_integer())):
        raise EngineError(f"GPUs per worker are {share:g}; expected a share from 0 to 1, or a whole number")
    if not engine.is_ray and (engine.address is not None or share):
        what = "an address" if engine.address is not None else "GPUs per worker"
        raise EngineError(f"{what} is given with the engine {engine.name}; expected it with {RAY}")
