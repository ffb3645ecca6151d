"""Speed of the published networks beside a plain transcription of their description, on a CPU.

    python -m benchmarks.released_networks

Features are precomputed: 8,012 clips, 501 windows of 16. Both sides run the same windows with the same random weights
in the same process, in turn, so that the ratio holds on a busy machine too.
"""

from __future__ import annotations

import argparse
import os
import time
from collections.abc import Callable, Iterator

import iaca  # noqa: F401  # isort: skip  before torch, or its threads spin while they wait

import torch
from torch import Tensor

from iaca.compute.threads import side_by_side
from iaca.inference import WINDOWS_AT_ONCE
from iaca.models.published.blocks import CLIPS, DIM, VISUAL_DIM
from iaca.models.published.network import Published, PublishedNetwork
from tests.reference_released import published_forward

CLIPS_OF_THE_VIDEO = 8012

AUTHORS_BATCH = 64
"""Windows that the authors' code gives to their network at once."""


def main() -> None:
    """Print seconds of both sides, their ratio and their largest difference."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=CLIPS_OF_THE_VIDEO, help="clips of the video")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads")
    parser.add_argument("--rounds", type=int, default=3, help="rounds; the fastest of each side counts")
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    num_windows = -(-options.clips // CLIPS)
    audio = torch.randn(num_windows, CLIPS, DIM)
    visual = torch.rand(num_windows, CLIPS, VISUAL_DIM)
    load = os.getloadavg()[0]
    print(f"{options.clips} clips, {num_windows} windows, {options.threads} threads; load before the start {load:.1f}")
    for kind in (Published.RJCA, Published.DCA):
        print(_compare(kind, audio, visual, options.rounds))


def _compare(kind: Published, audio: Tensor, visual: Tensor, rounds: int) -> str:
    model = PublishedNetwork(kind).eval().requires_grad_(False)
    weights = model.state_dict()
    ours, plain = [], []
    with torch.inference_mode():
        for _ in range(rounds):
            ours.append(_timed(lambda: _ours(model, audio, visual)))
            plain.append(_timed(lambda: _plain(weights, audio, visual)))
    difference = (ours[0][1] - plain[0][1]).abs().max() / plain[0][1].abs().max()
    fast, slow = min(seconds for seconds, _ in ours), min(seconds for seconds, _ in plain)
    return (
        f"{kind}: {fast:.2f} s, plain transcription {slow:.2f} s, ratio {slow / fast:.2f}; "
        f"largest difference {difference:.1e} of the largest valence"
    )


def _ours(model: PublishedNetwork, audio: Tensor, visual: Tensor) -> Tensor:
    """As `iaca.inference` does it: each thread has windows of its own."""

    @torch.inference_mode()
    def run(pair: tuple[Tensor, Tensor]) -> Tensor:
        return model(*pair).valence

    return torch.cat(side_by_side(run, list(_batches(WINDOWS_AT_ONCE["cpu"], audio, visual))))


def _plain(weights: dict[str, Tensor], audio: Tensor, visual: Tensor) -> Tensor:
    batches = _batches(AUTHORS_BATCH, audio, visual)
    return torch.cat([published_forward(weights, *pair)["valence"] for pair in batches])


def _batches(windows: int, audio: Tensor, visual: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    return zip(audio.split(windows), visual.split(windows), strict=True)


def _timed(run: Callable[[], Tensor]) -> tuple[float, Tensor]:
    """Seconds for all windows, and the predictions."""
    start = time.perf_counter()
    valence = run()
    return time.perf_counter() - start, valence


if __name__ == "__main__":
    main()
