"""A step of a slider on Compare, by how many subjects are listed: `python -m benchmarks.listing`.

Runs the page in this process, without a browser, on one subject of 2,000 frames and copies of its features. Each line:
median time of a step of "Audio dropout", the time that a processor worked on it, and how many files of the data the
steps looked at. Steps are taken in turn, so that their ratio holds on a busy machine too.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from streamlit.testing.v1 import AppTest

from iaca.features.feature_files import write_features
from tests.dashboard.projects import Spec, make_features, write_project

APP = Path(__file__).resolve().parent.parent / "dashboard" / "app.py"
FRAMES = 2000


def make_data(root: Path, subjects: int) -> Path:
    """A project with one video, and features of this many subjects."""
    write_project(root, [Spec("first", FRAMES)])
    for number in range(1, subjects):
        spec = Spec(f"subject-{number}", 100)
        write_features(root / "features" / f"{spec.name}.safetensors", make_features(spec, number))
    return root


def open_page(root: Path) -> AppTest:
    """The page on this data, with all subjects scored that are scored at once."""
    choose(root)
    page = AppTest.from_file(str(APP), default_timeout=600)
    page.query_params["subject"] = "first"
    page.query_params["drop_audio"] = "true"
    return page.run().run()


def choose(root: Path) -> None:
    """Let the next run of a page read this data."""
    os.environ.update(IACA_DEMO=str(root), IACA_CHECKPOINTS=str(root / "checkpoints"), IACA_CACHE=str(root / "cache"))


class Counter:
    """How many files below a folder are looked at while it counts."""

    def __init__(self) -> None:
        self.below = ""
        self.looked = 0
        original = os.stat

        def noted(path, *arguments, **named):
            if self.below and str(path).startswith(self.below):
                self.looked += 1
            return original(path, *arguments, **named)

        os.stat = noted


class Growth(NamedTuple):
    """What a page with some number of subjects took.

    Attributes:
        opened_ms: To list all subjects and show the first one.
        wall_ms: Median of a step.
        processor_ms: Likewise.
        looked: Files of the data that a step looked at.
    """

    opened_ms: float
    wall_ms: float
    processor_ms: float
    looked: float


def measure(counts: Sequence[int], steps: int) -> dict[int, Growth]:
    """Pages with so many subjects, whose steps take turns."""
    sys.argv = ["app.py"]
    counter = Counter()
    with tempfile.TemporaryDirectory() as home:
        roots = {count: make_data(Path(home) / str(count), count) for count in counts}
        pages, opened_ms = {}, {}
        open_page(make_data(Path(home) / "warm", 2))
        for count, root in roots.items():
            began = time.perf_counter()
            pages[count] = open_page(root)
            opened_ms[count] = 1000 * (time.perf_counter() - began)
        spent: dict[int, list[tuple[float, float]]] = {count: [] for count in roots}
        looked = dict.fromkeys(roots, 0)
        for number in range(steps):
            for count, root in roots.items():
                choose(root)
                slider = next(one for one in pages[count].slider if one.label == "Audio dropout (%)")
                slider.set_value(5 * (1 + number % 19))
                counter.below, counter.looked = str(root), 0
                before = time.perf_counter(), time.process_time()
                slider.run()
                spent[count].append((time.perf_counter() - before[0], time.process_time() - before[1]))
                looked[count] += counter.looked
                counter.below = ""
        medians = {count: np.median(np.array(values), axis=0) * 1e3 for count, values in spent.items()}
    return {count: Growth(opened_ms[count], *medians[count], looked[count] / steps) for count in counts}


def main() -> None:
    """Print one line for each number of subjects."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subjects", nargs="+", type=int, default=[12, 600, 5000])
    parser.add_argument("--steps", type=int, default=30)
    options = parser.parse_args()
    for count, one in measure(options.subjects, options.steps).items():
        print(
            f"{count:5} subjects: {one.wall_ms:6.1f} ms, {one.processor_ms:6.1f} ms on a processor, "
            f"{one.looked:7.1f} files looked at in a step"
        )


if __name__ == "__main__":
    main()
