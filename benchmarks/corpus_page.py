"""The page Corpus with many subjects: `python -m benchmarks.corpus_page`.

Generates feature files, measures all of them as the page does, and prints the rate of that, how much memory it takes
from its first half to its end, what a first visit takes once everything is known (measures come from the disk), and
what a run takes after a filter is changed. Runs the page in this process, without a browser; tables are sorted in the
browser, which asks the server nothing.
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

from dashboard.services import overviews
from dashboard.services.corpora import Subject
from iaca.config import UNCHANGED
from iaca.features.feature_files import write_features
from tests.dashboard.projects import Spec, make_features, write_project

APP = Path(__file__).resolve().parent.parent / "dashboard" / "app.py"
STEPS = 20
DIGITS = 3
"""Of the numbers in names of subjects; a filter asks for one digit or two."""


def make_data(root: Path, subjects: int, frames: int) -> list[Subject]:
    """A project with one video, features of this many subjects, and no known episodes."""
    write_project(root, [Spec("first", 60)])
    (root / "features" / "first.safetensors").unlink()
    (root / "episodes.csv").unlink()
    people = []
    for number in range(subjects):
        spec = Spec(f"subject-{number:0{DIGITS}}", frames)
        file = root / "features" / f"{spec.name}.safetensors"
        write_features(file, make_features(spec, number))
        people.append(Subject(spec.name, "", None, file, False))
    return people


def resident_mb() -> float:
    """Memory of this process."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return int(next(line.split()[1] for line in lines if line.startswith("VmRSS"))) / 1024


def measure_all(root: Path, people: list[Subject]) -> None:
    """Measure them as the page does, and print the rate and the memory."""
    models = [root / "checkpoints" / f"{name}.safetensors" for name in ("ca", "ca_iaca")]
    asked = overviews.wanted(people, {}, models, UNCHANGED, "cpu", root / "cache")
    began_s, processor_s = time.perf_counter(), time.process_time()
    job = overviews.begin(asked)
    half_mb = 0.0
    while not job.ended:
        time.sleep(0.05)
        if not half_mb and job.done >= len(people) / 2:
            half_mb = resident_mb()
    took_s, worked_s = time.perf_counter() - began_s, time.process_time() - processor_s
    if job.error or not overviews.found(asked).is_whole:
        raise SystemExit(f"not all subjects were measured: {job.error or overviews.found(asked).problems}")
    print(
        f"measured {len(people)} subjects with two models in {took_s:.1f} s: {len(people) / took_s:.1f} per second, "
        f"{worked_s / took_s:.2f} cores; memory {half_mb:.0f} MB at half of them, {resident_mb():.0f} MB at the end"
    )


def visit(people: int) -> AppTest:
    """A first visit to the page in a server that has read no measure yet."""
    overviews.forget()
    page = AppTest.from_file(str(APP), default_timeout=600).switch_page("app_pages/corpus.py")
    began = time.perf_counter(), time.process_time()
    page.run()
    took = time.perf_counter() - began[0], time.process_time() - began[1]
    shown = len(page.dataframe[0].value)
    if shown != people:
        raise SystemExit(f"the page lists {shown} subjects; expected {people}")
    print(f"first visit, everything known: {took[0]:.2f} s, {took[1]:.2f} s on a processor")
    return page


def main() -> None:
    """Print a line for each figure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subjects", type=int, default=600)
    parser.add_argument("--frames", type=int, default=2000)
    options = parser.parse_args()
    sys.argv = ["app.py"]
    with tempfile.TemporaryDirectory() as home:
        root = Path(home)
        people = make_data(root, options.subjects, options.frames)
        os.environ.update(
            IACA_DEMO=str(root), IACA_CHECKPOINTS=str(root / "checkpoints"), IACA_CACHE=str(root / "cache")
        )
        measure_all(root, people)
        visit(options.subjects)
        page = visit(options.subjects)
        spent = []
        for number in range(STEPS):
            page.text_input(key="find").set_value(f"{number % 10}{'' if number % 2 else number // 2}")
            began = time.perf_counter(), time.process_time()
            page.run()
            spent.append((time.perf_counter() - began[0], time.process_time() - began[1]))
        wall, processor = np.median(np.array(spent), axis=0) * 1e3
        print(f"a filter: median {wall:.0f} ms, {processor:.0f} ms on a processor; sorting asks the server nothing")


if __name__ == "__main__":
    main()
