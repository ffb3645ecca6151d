"""What goes over a whole corpus, by how many subjects there are: `python -m benchmarks.corpus_work`.

Generates feature files and known episodes, and takes each piece of work in a process of its own: the commands, and what
the page Corpus makes in the background. Each line: seconds, processor seconds and the largest memory with fewer and
with all subjects, and the processor time of one subject more. Last, what a run of the view "events" takes once all
subjects are searched, and one of Compare that leads to the next hit.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from streamlit.testing.v1 import AppTest

from benchmarks.corpus_page import APP, make_data
from dashboard.services import curve_files, event_search, jobs, overviews, report_files
from dashboard.services.corpora import Subject
from dashboard.services.model_files import Chosen
from iaca.checkpoints import load_checkpoint
from iaca.config import UNCHANGED
from iaca.data.episodes import COLUMNS, by_subject, read_episodes
from iaca.figures import palette
from iaca.inference.conditions import query_of
from iaca.types import Episode

MODELS = ("ca", "ca_iaca")
KNOWN = ("1.0,3.5,audio,noise,", "3.0,5.0,visual,blur,", "6.0,8.0,visual,conflict,audio")
WHERE = ("valence_error > 0.3", "face is clean")
LASTING_S = 0.2
STEPS = 10


class Cost(NamedTuple):
    """What a process took.

    Attributes:
        wall_s: Seconds.
        processor_s: Of all processors.
        memory_mb: The most that it held.
    """

    wall_s: float
    processor_s: float
    memory_mb: float


def make_corpus(root: Path, subjects: int, frames: int) -> Path:
    """A project with features of this many subjects, each with known episodes."""
    people = make_data(root, subjects, frames)
    lines = [",".join(COLUMNS)] + [f"{one.name},{known}" for one in people for known in KNOWN]
    (root / "episodes.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return root


def commands(root: Path) -> dict[str, list[str]]:
    """Name of each command -> its arguments."""
    files = [str(root / "checkpoints" / f"{name}.safetensors") for name in MODELS]
    common = ["--features", str(root / "features"), "--checkpoint", *files]
    where = [part for one in WHERE for part in ("--where", one)]
    asked = {
        "events": [*where, "--for", str(LASTING_S)],
        "predict": ["--out", str(root / "curves.parquet")],
        "relationships": [],
        "report": ["--out", str(root / "report.html")],
        "draw": ["--out", str(root / "moments.zip")],
    }
    return {name: [sys.executable, "-m", "iaca", name, *common, *arguments] for name, arguments in asked.items()}


def cost_of(command: Sequence[str], environment: dict[str, str]) -> Cost:
    """Run a command to its end."""
    began_s = time.perf_counter()
    with tempfile.TemporaryFile() as said:
        process = subprocess.Popen(command, env=environment, stdout=said, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            raise SystemExit(f"{' '.join(command[:4])}: {said.read().decode(errors='replace').splitlines()[-1]}")
    return Cost(time.perf_counter() - began_s, used.ru_utime + used.ru_stime, used.ru_maxrss / 1024)


class Server(NamedTuple):
    """What the page has of a corpus."""

    root: Path
    people: list[Subject]
    episodes: dict[str, list[Episode]]
    models: list[Path]

    @classmethod
    def of(cls, root: Path) -> Server:
        """The corpus below a folder."""
        files = sorted((root / "features").glob("*.safetensors"))
        episodes = by_subject(read_episodes(root / "episodes.csv"))
        people = [Subject(file.stem, "", None, file, False) for file in files]
        return cls(root, people, episodes, [root / "checkpoints" / f"{name}.safetensors" for name in MODELS])

    @property
    def measures(self) -> overviews.Wanted:
        """Of the table."""
        return overviews.wanted(self.people, self.episodes, self.models, UNCHANGED, "cpu", self.root / "cache")

    @property
    def chosen(self) -> list[Chosen]:
        """The models as the page shows them."""
        loaded = map(load_checkpoint, self.models)
        return [Chosen(one.title, one, style) for one, style in zip(loaded, palette.MODELS, strict=False)]

    def measure(self) -> None:
        """What the table shows."""
        finish(overviews.begin(self.measures))

    def search(self) -> None:
        """The search that `events` runs, in the second model."""
        query = query_of(WHERE, LASTING_S)
        finish(
            event_search.begin(
                event_search.wanted(
                    self.people, self.episodes, self.models[-1], query, UNCHANGED, "cpu", self.root / "cache"
                )
            )
        )

    def write_curves(self) -> None:
        """The Parquet."""
        finish(curve_files.made(self.people, self.chosen, "cpu", UNCHANGED, self.root / "own").begin("benchmark"))

    def write_report(self) -> None:
        """The report; what the table shows is known."""
        made = report_files.made(self.measures, self.people, self.chosen, "", None, self.root / "own")
        finish(made.begin("benchmark"))

    def look(self) -> None:
        """Print what runs of the pages take once all subjects are searched."""
        self.search()
        page = AppTest.from_file(str(APP), default_timeout=600).switch_page("app_pages/corpus.py")
        page.query_params["view"] = "events"
        page.query_params["where"] = list(WHERE)
        page.query_params["lasting"] = str(LASTING_S)
        first_s = run(page)
        hits = len(page.dataframe[1].value)
        steps = [run(page.button(key="event_after").click()) for _ in range(STEPS)]
        page.button(key="event_open").click()
        opened_s = run(page)
        page.switch_page("app_pages/compare.py")
        run(page)
        onward = [run(page.button(key="hit_after").click()) for _ in range(STEPS)]
        print(
            f"events of {len(self.people)} subjects, {hits:,} hits, processor time of a run: the first visit "
            f"{first_s:.2f} s, the next hit {1e3 * np.median(steps):.0f} ms; Compare {opened_s:.2f} s, its next hit "
            f"{1e3 * np.median(onward):.0f} ms"
        )


WORK: dict[str, Callable[[Server], None]] = {
    "measures": Server.measure,
    "search": Server.search,
    "Parquet": Server.write_curves,
    "report": Server.write_report,
}
"""What the page makes in the background."""


def finish(job: jobs.Job) -> None:
    """Wait for work in the background.

    Raises:
        SystemExit: It failed.
    """
    job.thread.join()
    if job.error:
        raise SystemExit(job.error)


def run(page: AppTest) -> float:
    """Processor seconds of a run of a page."""
    began_s = time.process_time()
    page.run()
    return time.process_time() - began_s


def print_costs(name: str, costs: dict[int, Cost]) -> None:
    """A line for one piece of work, by how many subjects there are."""
    texts = [
        f"{count} subjects {one.wall_s:.1f} s, {one.processor_s:.1f} s on a processor, {one.memory_mb:.0f} MB"
        for count, one in costs.items()
    ]
    (few, before), *_, (many, after) = costs.items()
    each_ms = 1e3 * (after.processor_s - before.processor_s) / (many - few)
    print(f"{name}: {'; '.join(texts)}; a subject more {each_ms:.1f} ms", flush=True)


def main() -> None:
    """Print a line for each piece of work."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--subjects", nargs=2, type=int, default=[150, 600], metavar=("FEW", "ALL"))
    parser.add_argument("--frames", type=int, default=2000)
    parser.add_argument("--only", nargs="+", default=[], metavar="NAME", help="of `python -m iaca`, or of the page's")
    parser.add_argument("--one", nargs=2, metavar=("WORK", "ROOT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        work, root = options.one
        sys.argv = ["corpus_work"]
        (WORK | {"look": Server.look})[work](Server.of(Path(root)))
        return
    with tempfile.TemporaryDirectory() as home:
        roots = {count: make_corpus(Path(home) / str(count), count, options.frames) for count in options.subjects}
        environments = {
            count: os.environ
            | {"IACA_DEMO": str(root), "IACA_CHECKPOINTS": str(root / "checkpoints"), "IACA_CACHE": str(root / "cache")}
            for count, root in roots.items()
        }
        pieces = {f"iaca {name}": {c: commands(root)[name] for c, root in roots.items()} for name in commands(Path())}
        own = [sys.executable, "-m", "benchmarks.corpus_work", "--one"]
        pieces |= {f"page, {name}": {c: [*own, name, str(root)] for c, root in roots.items()} for name in WORK}
        for name, each in pieces.items():
            if not options.only or name.split()[-1] in options.only:
                print_costs(name, {count: cost_of(command, environments[count]) for count, command in each.items()})
        for count, root in roots.items():
            subprocess.run([*own, "look", str(root)], env=environments[count], stderr=subprocess.DEVNULL, check=True)


if __name__ == "__main__":
    main()
