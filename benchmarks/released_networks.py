"""Speed of the published networks on a CPU, beside a plain transcription or the authors' own modules.

    python -m benchmarks.released_networks
    python -m benchmarks.released_networks --authors RJCA/models DCA/models

Features are precomputed: 8,012 clips, 501 windows of 16. Both sides run the same windows with the same random weights
in the same process, in turn, so that the ratio holds on a busy machine too. `--authors` takes folders that hold the
authors' `orig_cam.py`, such as `models` in clones of the repositories that `iaca.models.published.blocks` names.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import io
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import iaca  # noqa: F401  # isort: skip  before torch, or its threads spin while they wait

import torch
from torch import Tensor, nn

from iaca.checkpoints.published_files import identify
from iaca.compute.threads import side_by_side
from iaca.inference import WINDOWS_AT_ONCE
from iaca.models.published.blocks import CLIPS, DIM, VISUAL_DIM
from iaca.models.published.network import Published, PublishedNetwork
from tests.reference_released import published_forward

CLIPS_OF_THE_VIDEO = 8012

AUTHORS_BATCH = 64
"""Windows that the authors' code gives to their network at once."""

Network = Callable[[Tensor, Tensor], Tensor]


class Run(NamedTuple):
    """One run over all windows: seconds, seconds of processors, and valence."""

    wall_s: float
    processor_s: float
    valence: Tensor


def main() -> None:
    """Print wall and processor time of both sides, the ratios and the largest difference."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--clips", type=int, default=CLIPS_OF_THE_VIDEO, help="clips of the video")
    parser.add_argument("--threads", type=int, default=2, help="CPU threads")
    parser.add_argument("--rounds", type=int, default=3, help="rounds; the fastest of each side counts")
    parser.add_argument("--authors", nargs="+", type=Path, default=[], help="folders of the authors' modules")
    options = parser.parse_args()

    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    num_windows = -(-options.clips // CLIPS)
    audio = torch.randn(num_windows, CLIPS, DIM)
    visual = torch.rand(num_windows, CLIPS, VISUAL_DIM)
    load = os.getloadavg()[0]
    print(f"{options.clips} clips, {num_windows} windows, {options.threads} threads; load before the start {load:.1f}")
    if options.authors:
        for folder in options.authors:
            theirs = _authors_network(folder)
            kind = Published(identify(theirs.state_dict()).kind)
            print(_compare(kind, theirs.state_dict(), _valence_of(theirs), "authors' modules", audio, visual, options))
        return
    for kind in (Published.RJCA, Published.DCA):
        weights = PublishedNetwork(kind).state_dict()
        print(_compare(kind, weights, _transcription(weights), "plain transcription", audio, visual, options))


def _authors_network(folder: Path) -> nn.Module:
    """The authors' network, whatever their folder is called; its initialisation prints a line."""
    folder = folder.resolve()
    sys.path.insert(0, str(folder.parent))
    try:
        for name in [name for name in sys.modules if name.split(".")[0] == folder.name]:
            del sys.modules[name]  # of another of their repositories
        module = importlib.import_module(f"{folder.name}.orig_cam")
    finally:
        sys.path.remove(str(folder.parent))
    with contextlib.redirect_stdout(io.StringIO()):
        return module.CAM().eval().requires_grad_(False)


def _valence_of(network: nn.Module) -> Network:
    return lambda audio, visual: network(audio, visual)[0]


def _transcription(weights: dict[str, Tensor]) -> Network:
    return lambda audio, visual: published_forward(weights, audio, visual)["valence"]


def _compare(
    kind: Published,
    weights: dict[str, Tensor],
    other: Network,
    name: str,
    audio: Tensor,
    visual: Tensor,
    options: argparse.Namespace,
) -> str:
    model = PublishedNetwork(kind).eval().requires_grad_(False)
    model.load_state_dict(weights)
    ours, theirs = [], []
    with torch.inference_mode():
        for _ in range(options.rounds):
            ours.append(_timed(lambda: _ours(model, audio, visual)))
            theirs.append(_timed(lambda: _in_batches(other, audio, visual)))
    difference = (ours[0].valence - theirs[0].valence).abs().max() / theirs[0].valence.abs().max()
    wall, processor = ((min(run[part] for run in ours), min(run[part] for run in theirs)) for part in range(2))
    return (
        f"{kind}: wall {wall[0]:.2f} s, {name} {wall[1]:.2f} s, ratio {wall[0] / wall[1]:.2f}; "
        f"processor {processor[0]:.2f} s, {name} {processor[1]:.2f} s, ratio {processor[0] / processor[1]:.2f}; "
        f"largest difference {difference:.1e} of the largest valence"
    )


def _ours(model: PublishedNetwork, audio: Tensor, visual: Tensor) -> Tensor:
    """As `iaca.inference` does it: each thread has windows of its own."""

    @torch.inference_mode()
    def run(pair: tuple[Tensor, Tensor]) -> Tensor:
        return model(*pair, return_maps=False).valence

    return torch.cat(side_by_side(run, list(_batches(WINDOWS_AT_ONCE["cpu"], audio, visual))))


def _in_batches(network: Network, audio: Tensor, visual: Tensor) -> Tensor:
    return torch.cat([network(*pair) for pair in _batches(AUTHORS_BATCH, audio, visual)])


def _batches(windows: int, audio: Tensor, visual: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    return zip(audio.split(windows), visual.split(windows), strict=True)


def _timed(run: Callable[[], Tensor]) -> Run:
    wall_s, processor_s = time.perf_counter(), time.process_time()
    valence = run()
    return Run(time.perf_counter() - wall_s, time.process_time() - processor_s, valence)


if __name__ == "__main__":
    main()
