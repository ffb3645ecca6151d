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
from pathlib import Path

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


def main() -> None:
    """Print one line for each number of subjects."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subjects", nargs="+", type=int, default=[12, 600, 5000])
    parser.add_argument("--steps", type=int, default=30)
    options = parser.parse_args()
    sys.argv = ["app.py"]
    counter = Counter()
    with tempfile.TemporaryDirectory() as home:
        roots = {count: make_data(Path(home) / str(count), count) for count in options.subjects}
        pages = {count: open_page(root) for count, root in roots.items()}
        spent: dict[int, list[tuple[float, float]]] = {count: [] for count in roots}
        looked = dict.fromkeys(roots, 0)
        for number in range(options.steps):
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
        for count, values in spent.items():
            wall, processor = np.median(np.array(values), axis=0) * 1e3
            print(
                f"{count:5} subjects: {wall:6.1f} ms, {processor:6.1f} ms on a processor, "
                f"{looked[count] / options.steps:7.1f} files looked at in a step"
            )


if __name__ == "__main__":
    main()
