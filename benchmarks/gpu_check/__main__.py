"""Runs the check: `python -m benchmarks.gpu_check`."""

from __future__ import annotations

import iaca  # noqa: F401  before torch: it says how threads wait

# isort: split
import argparse
import shutil
import subprocess
import sys
from pathlib import Path

import benchmarks.gpu_check
from benchmarks.gpu_check import networks, runs
from benchmarks.gpu_check.check import Check, Part
from iaca.compute.devices import choose_device

BUDGET_S = 450
PARTS = (
    Part(runs.environment, 0), Part(networks.models, 30), Part(runs.extraction, 90), Part(networks.formats, 60),
    Part(networks.slider, 45), Part(networks.published, 30), Part(networks.short_memory, 15),
    Part(networks.training, 20), Part(networks.repeatability, 15), Part(runs.torchrun, 40), Part(runs.shards, 90),
)  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Run the parts; 1 where one of them failed."""
    names = [part.work.__name__ for part in PARTS]
    parser = argparse.ArgumentParser(
        description=benchmarks.gpu_check.__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", help="what is checked (default: the first GPU, else the CPU)")
    parser.add_argument("--quick", action="store_true", help="in little; without a GPU always")
    parser.add_argument("--budget-s", type=float, default=BUDGET_S, help=f"seconds in all (default: {BUDGET_S})")
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="PART", help=", ".join(names))
    parser.add_argument("--out", type=Path, help="JSON file for the numbers")
    options = parser.parse_args(arguments)
    device = choose_device(options.device)
    check = Check(device, options.quick or device.type == "cpu", options.budget_s, options.out)
    if shutil.which("nvidia-smi"):
        subprocess.run(["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"])
    for part in PARTS:
        if part.work.__name__ in options.only:
            check.run(part)
    print(f"{len(check.failed)} parts failed{': ' * bool(check.failed)}{', '.join(check.failed)}")
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
