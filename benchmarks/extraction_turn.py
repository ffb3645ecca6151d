"""Extracts a subject whenever a line comes in, for `benchmarks.extraction --against`.

Run as a file, with any version of `iaca` on PYTHONPATH: only what all versions have is used.
"""

from __future__ import annotations

import iaca  # noqa: F401  before torch: it says how threads wait

# isort: split
import argparse
import hashlib
import json
import sys
import time
from pathlib import Path

from iaca.checkpoints import load_backbone
from iaca.data.recordings import find_recordings
from iaca.features.extraction import extract


def main() -> None:
    """Answer each line with wall and processor time in seconds, clips, and a hash of the features."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, required=True)
    parser.add_argument("--subject", required=True)
    parser.add_argument("--clip-stride", type=int, required=True)
    parser.add_argument("--device", required=True)
    parser.add_argument("--visual", type=Path, required=True)
    parser.add_argument("--audio", type=Path, required=True)
    args = parser.parse_args()
    backbones = [load_backbone(file, args.device) for file in (args.visual, args.audio)]
    recording = find_recordings(args.root).find(args.subject)
    extract(recording, *backbones, clip_stride=32)  # first calls are slow
    for _ in sys.stdin:
        wall, processor = time.perf_counter(), time.process_time()
        found = extract(recording, *backbones, clip_stride=args.clip_stride)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        digest = hashlib.sha256(found.visual.tobytes() + found.audio.tobytes()).hexdigest()
        print(json.dumps([wall, processor, len(found.frame), digest]), flush=True)


if __name__ == "__main__":
    main()
