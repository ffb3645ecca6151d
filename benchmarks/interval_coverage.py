"""How often the study's intervals cover the true difference, by simulation: python -m benchmarks.interval_coverage.

Simulated people differ in how they are labelled, how hard they are for both models, and how each model takes them;
seeds differ in how strongly a model responds. The true difference is that of very many people and seeds.
"""

from __future__ import annotations

import argparse
from typing import NamedTuple

import numpy as np

from iaca.evaluation import ccc_of_sums
from iaca.study.contrasts import estimate

CLIPS = 30
"""Labels of a person that say something of their own."""


class Model(NamedTuple):
    """A simulated model: how strongly it responds to a label, and how much that differs between its seeds."""

    gain: float
    spread: float


SETTINGS = (
    (Model(0.62, 0.02), Model(0.60, 0.02), 80, 5),
    (Model(0.62, 0.02), Model(0.60, 0.02), 90, 5),
    (Model(0.60, 0.05), Model(0.60, 0.01), 80, 5),
    (Model(0.60, 0.00), Model(0.60, 0.00), 80, 5),
    (Model(0.60, 0.01), Model(0.55, 0.01), 20, 5),
)
"""Two models, people and seeds."""


def simulate(rng: np.random.Generator, models: tuple[Model, Model], people: int, seeds: int) -> list[np.ndarray]:
    """(seeds, people, 6) sums of two models on the same people and seeds."""
    label = rng.normal(0, 0.25, (1, people, 1)) + rng.normal(0, 0.35, (1, people, CLIPS))
    hard = rng.normal(0, 0.15, (1, people, 1))
    noise = rng.normal(0, 0.2, (1, people, CLIPS))
    found = []
    for model in models:
        gain = model.gain + rng.normal(0, model.spread, (seeds, 1, 1))
        taken = rng.normal(0, 0.1, (1, people, 1)) + rng.normal(0, 0.05, (seeds, people, 1))
        own = rng.normal(0, 0.15, (seeds, people, CLIPS))
        said = gain * label * (1 + rng.normal(0, 0.3, (1, people, 1))) + hard + taken + noise + own
        felt = np.broadcast_to(label, said.shape)
        count = np.full(said.shape[:2], float(CLIPS))
        sums = (felt.sum(-1), said.sum(-1), (felt**2).sum(-1), (said**2).sum(-1), (felt * said).sum(-1))
        found.append(np.stack((count, *sums), axis=-1))
    return found


def true_difference(models: tuple[Model, Model], draws: int = 60) -> float:
    """The difference of CCC over very many people and seeds."""
    rng = np.random.default_rng(123)
    pairs = (simulate(rng, models, people=4000, seeds=8) for _ in range(draws))
    return float(np.mean([ccc_of_sums(a.sum(1)) - ccc_of_sums(b.sum(1)) for a, b in pairs]))


def coverage(models: tuple[Model, Model], people: int, seeds: int, studies: int) -> float:
    """The share of simulated studies whose interval covers the true difference."""
    truth, rng = true_difference(models), np.random.default_rng(0)
    intervals = (estimate(*simulate(rng, models, people, seeds)).interval() for _ in range(studies))
    return float(np.mean([low <= truth <= high for low, high in intervals]))


def main() -> None:
    """Print the coverage of every setting."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=4000, help="simulated studies a setting (default: 4000)")
    args = parser.parse_args()
    for ours, other, people, seeds in SETTINGS:
        share = coverage((ours, other), people, seeds, args.studies)
        error = 1.96 * np.sqrt(share * (1 - share) / args.studies)
        print(f"{people} people, {seeds} seeds, {ours} against {other}: {share:.1%} ± {error:.1%}", flush=True)


if __name__ == "__main__":
    main()
