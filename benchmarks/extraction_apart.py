"""What it costs to extract in a process of its own: the same subjects in turn, here and apart, and the ratio of both.

The process has to start, which takes as long for one subject as for many. Run: `python -m benchmarks.extraction_apart`.
"""

from __future__ import annotations

import iaca  # noqa: F401  before torch: it says how threads wait

# isort: split
import argparse
import resource
import statistics
import tempfile
import time
from pathlib import Path

from iaca.checkpoints import load_backbone
from iaca.data.recordings import find_recordings
from iaca.features.corpus_extraction import extract_all
from iaca.resources import shipped


def main() -> None:
    """Print seconds of both ways, of the clock and of processors."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--subjects", type=int, default=4)
    parser.add_argument("--clip-stride", type=int, default=4)
    args = parser.parse_args()
    recordings = find_recordings([shipped("demo")]).recordings[: args.subjects]
    backbones = load_backbone("visual_slim"), load_backbone("audio_slim")
    spent: dict[bool, list[tuple[float, float]]] = {False: [], True: []}
    for number in range(2 * args.rounds):
        apart = number % 2 == 1
        with tempfile.TemporaryDirectory() as folder:
            began_s, used_s = time.perf_counter(), _used_s()
            summary = extract_all(
                recordings, Path(folder), *backbones, clip_stride=args.clip_stride, quiet=True, apart=apart
            )
            assert len(summary.written) == len(recordings), summary.problems
            spent[apart].append((time.perf_counter() - began_s, _used_s() - used_s))
    for place, what in enumerate(("clock", "processors")):
        here, apart_s = (statistics.median(one[place] for one in spent[apart]) for apart in (False, True))
        print(
            f"{what}: here {here:.1f} s, apart {apart_s:.1f} s, ratio {apart_s / here:.2f}, more {apart_s - here:.1f} s"
        )


def _used_s() -> float:
    """Processor time of this process and of those that it has ended, seconds."""
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    )


if __name__ == "__main__":
    main()
