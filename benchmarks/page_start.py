"""From starting the server to the first painted chart, and the memory of the server: `python -m benchmarks.page_start`.

Bars, on 2 cores: 10 s and 1.5 GB. Every run has a new server, a new browser profile and an empty HOME.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from iaca.resources import shipped
from tests.dashboard.serving import CHROMIUM, FLAGS, serve

BAR_S = 10.0
BAR_GB = 1.5


def peak_memory_gb(process: int) -> float:
    """Largest resident size of a process so far."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e9
    raise RuntimeError(f"process {process} has no VmHWM; this benchmark needs Linux")


def one_start(root: Path, checkpoints: Path) -> dict[str, float]:
    """Seconds until the server answers, until the page has its script, until the first chart is painted."""
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        begin = time.perf_counter()
        with serve(root, Path(home), checkpoints) as (address, server):
            up = time.perf_counter()
            browser = playwright.chromium.launch_persistent_context(
                str(Path(home) / "profile"), executable_path=CHROMIUM, headless=True, args=list(FLAGS)
            )
            page = browser.pages[0]
            opened = time.perf_counter()
            page.goto(address)
            page.wait_for_selector("[data-testid=player][data-revision]", timeout=120_000)
            painted = time.perf_counter()
            memory = peak_memory_gb(server.pid)
            browser.close()
    return {
        "server answers (s)": up - begin,
        "browser starts (s)": opened - up,
        "page to first painted chart (s)": painted - opened,
        "start to first painted chart, without the browser's own start (s)": up - begin + painted - opened,
        "peak memory of the server (GB)": memory,
    }


def main() -> None:
    """Print the median of some starts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=shipped("demo"))
    parser.add_argument("--checkpoints", type=Path, default=shipped("checkpoints"))
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    runs = [one_start(options.data, options.checkpoints) for _ in range(options.runs)]
    print(f"{options.runs} starts, load of the machine {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    for name in runs[0]:
        print(f"  {name:68s} {np.median([run[name] for run in runs]):6.2f}")
    print(f"  bars: {BAR_S:.0f} s, {BAR_GB} GB")


if __name__ == "__main__":
    main()
