"""Backbones on batches of clips, in the number format that suits their device."""

from __future__ import annotations

import copy
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeVar, cast
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from iaca.checkpoints import BackboneFile
from iaca.compute.devices import device_of
from iaca.compute.gpu_memory import free_gpu_bytes
from iaca.compute.threads import CPU, threads_for
from iaca.config import AUDIO, VISUAL, Architecture
from iaca.errors import is_out_of_memory
from iaca.features.clip_batches import BATCH_CLIPS, Clips, Inputs
from iaca.types import Features

FORMATS_ON_GPU = {VISUAL: (torch.float16, torch.bfloat16, torch.float32), AUDIO: (torch.float32,)}
"""Number formats on a GPU, in the order in which they are tried.

Choice: a float16 has three binary digits more than a bfloat16 of the same size, so its features lie closer to those of
float32. It ends at 65,504: a clip whose feature is not finite is computed again in the next format. What overflows on
the way cannot hide: behind a ReLU, minus infinity is the 0 that its true value gives too, and all else stays infinite
or becomes NaN. The network for sound is small, and stays in float32.
"""

FORMATS = torch.float16, torch.bfloat16, torch.float32

LARGEST_MAP = {
    Architecture.R3D_18: 64 * 8 * 56 * 56,
    Architecture.R2PLUS1D_18: 144 * 8 * 56 * 56,
    Architecture.SLIM: 64 * 8 * 56 * 56,
    Architecture.RESNET18: 64 * 32 * 65,
}
"""Values of the largest map inside a network for a clip, or more."""

MAPS_AT_ONCE = 4
"""Such maps in memory at the same time: input, output and residual of a block, and what a convolution works in."""

SHARE_OF_MEMORY = 0.5
"""Of a GPU's free memory, for the maps of a batch; the rest is for what else runs there."""

MOST_CLIPS = 512
"""Clips in a batch on a GPU: beyond them, the host's memory would fill with batches that wait."""

ABOUT_NETWORK = "the network for "
"""Begins the sentences about how features were computed among the problems of a feature file."""

Network = TypeVar("Network", bound=nn.Module)

_copies: WeakKeyDictionary[nn.Module, dict[tuple[torch.dtype, torch.device], Any]] = WeakKeyDictionary()
_copying = threading.Lock()


class Way(NamedTuple):
    """How a clip was computed: in which number format, where, and whether because no memory was left elsewhere."""

    number_format: torch.dtype
    device: torch.device
    left_over: bool = False


class _Part(NamedTuple):
    """Features of some clips of a batch: (b, D) float32, in the host's memory once `ready` has been reached."""

    values: Tensor
    ready: torch.cuda.Event | None
    way: Way


class ClipNetwork:
    """A backbone that is ready for batches of clips. It remembers what it did for them.

    Where a GPU has not enough memory for a batch, this one and all others are halved until it has; clips that do not
    fit one by one are computed on the CPU, in float32.

    Args:
        backbone: The backbone; it runs on the device that it is on.
        formats: Number formats in which a clip is tried, in this order, until its feature is finite. None: float32 on a
            CPU, and `FORMATS_ON_GPU` elsewhere.
        at_once: Clips in a batch, at most. None: as many as suit the device.

    Attributes:
        device: Where it runs.
        at_once: Clips in a batch, at most.
    """

    def __init__(
        self, backbone: BackboneFile, formats: Sequence[torch.dtype] | None = None, *, at_once: int | None = None
    ) -> None:
        self.backbone = backbone
        self.device = device_of(backbone.model)
        on_gpu = FORMATS_ON_GPU[backbone.config.modality]
        self.formats = tuple(formats or (on_gpu if self.on_gpu else (torch.float32,)))
        self.at_once = at_once or self._suitable()
        self._fits = self.at_once
        self._clips: Counter[Way] = Counter()
        self._counting = threading.Lock()

    @property
    def on_gpu(self) -> bool:
        """Whether it runs on a GPU: batches are then begun and fetched, and copied from pinned memory."""
        return self.device.type == "cuda"

    def start(self, clips: Clips) -> Pending:
        """Begin to compute the features of a batch of clips. A GPU does so while the caller goes on."""
        return Pending(self, clips, self.begin(clips, self.formats[0]))

    def __call__(self, x: Tensor) -> np.ndarray:
        """Compute the features of clips, (B, 3, 8, 112, 112) or (B, 1, 64, F), which may be on any device.

        Returns:
            As `Pending.result`.
        """
        return self.start(Inputs(x)).result()

    @property
    def computed(self) -> dict[str, str]:
        """What a feature file records: the number format and the name of the device, or several of either."""
        ways = list(self._clips) or [Way(self.formats[0], self.device)]
        formats = [name_of(one) for one in FORMATS if any(way.number_format is one for way in ways)]
        devices = sorted({device_name(way.device) for way in ways}, reverse=True)
        return {"format": "+".join(formats), "device": "+".join(devices)}

    @property
    def remarks(self) -> tuple[str, ...]:
        """A sentence for each reason why clips were not computed as intended."""
        what = f"{ABOUT_NETWORK}{'pictures' if self.backbone.config.modality == VISUAL else 'sound'}"
        told, first = [], self.formats[0]
        wider = {way: clips for way, clips in self._clips.items() if way.number_format is not first}
        again = [f"{clips:,} in {name_of(way.number_format)}" for way, clips in wider.items() if not way.left_over]
        if again:
            told.append(f"{what}: clips that overflow {name_of(first)} were computed again, {' and '.join(again)}")
        if self._fits < self.at_once:
            left_over = sum(clips for way, clips in self._clips.items() if way.left_over)
            smaller = f"batches were made smaller, from {self.at_once} to {self._fits} clips"
            then = smaller if self._fits else f"{left_over:,} clips were computed on the CPU"
            told.append(f"{what}: the memory of {device_name(self.device)} ran out; {then}")
        return tuple(told)

    def begin(self, clips: Clips, number_format: torch.dtype) -> list[_Part]:
        """Begin to compute clips in a number format; their parts are in order."""
        if len(clips) <= self._fits:
            try:
                return [self._launch(clips, Way(number_format, self.device))]
            except RuntimeError as error:
                if not is_out_of_memory(error):
                    raise
            # Outside the handler: the error holds on to every tensor of the attempt.
            torch.cuda.empty_cache()
            self._fits = len(clips) // 2
        if not self._fits:
            few = [clips.rows(slice(i, i + BATCH_CLIPS)) for i in range(0, len(clips), BATCH_CLIPS)]
            return [self._launch(part, Way(torch.float32, CPU, left_over=True)) for part in few]
        middle = (len(clips) + 1) // 2
        halves = clips.rows(slice(middle)), clips.rows(slice(middle, None))
        return [part for half in halves for part in self.begin(half, number_format)]

    def count(self, ways: Iterable[Way]) -> None:
        """Remember how clips were computed."""
        with self._counting:
            self._clips.update(ways)

    def _launch(self, clips: Clips, way: Way) -> _Part:
        number_format, device, _ = way
        model = converted(self.backbone.model, number_format, device)
        with torch.inference_mode(), exact_float32(device):
            values = model.features(clips.on(device, number_format)).float()
            if device.type == "cpu":
                return _Part(values, None, way)
            host = torch.empty(values.shape, pin_memory=True)
            host.copy_(values, non_blocking=True)
            ready = torch.cuda.Event()
            ready.record(torch.cuda.current_stream(device))
        return _Part(host, ready, way)

    def _suitable(self) -> int:
        if not self.on_gpu:
            return max(1, BATCH_CLIPS // threads_for(self.device))
        values = LARGEST_MAP[self.backbone.config.arch] * MAPS_AT_ONCE
        return clips_that_fit(free_gpu_bytes(self.device), values * self.formats[0].itemsize)


class Pending:
    """A batch that was begun."""

    def __init__(self, network: ClipNetwork, clips: Clips, parts: list[_Part]) -> None:
        self._network, self._clips, self._parts = network, clips, parts

    def result(self) -> np.ndarray:
        """Wait for the features.

        Returns:
            (B, D) float32. A clip has the same ones in every batch, up to rounding: only what overflows is computed in
            a wider format, and not its neighbours.
        """
        values, ways = _fetched(self._parts)
        for wider in self._network.formats[1:]:
            finite = np.isfinite(values).all(axis=1)
            again = np.array([row for row in np.flatnonzero(~finite) if ways[row].number_format is not torch.float32])
            if not len(again):
                break
            values[again], anew = _fetched(self._network.begin(self._clips.rows(again), wider))
            for row, way in zip(again, anew, strict=True):
                ways[row] = way
        self._network.count(ways)
        return values


def _fetched(parts: Sequence[_Part]) -> tuple[np.ndarray, list[Way]]:
    """Features in the host's memory, and how each was computed."""
    for part in parts:
        if part.ready is not None:
            part.ready.synchronize()
    values = [part.values.numpy() for part in parts]
    ways = [way for part in parts for way in [part.way] * len(part.values)]
    return (values[0] if len(values) == 1 else np.concatenate(values)), ways


def clips_that_fit(free_bytes: int, clip_bytes: int) -> int:
    """Clips in a batch on a GPU: at least one, and at most `MOST_CLIPS`, in a multiple of 32 where so many fit.

    Args:
        free_bytes: Memory that is free.
        clip_bytes: Memory that a clip takes in a network.
    """
    fitting = int(free_bytes * SHARE_OF_MEMORY) // clip_bytes
    return max(1, min(MOST_CLIPS, fitting // 32 * 32 or fitting))


def run_backbone(backbone: BackboneFile, x: Tensor) -> np.ndarray:
    """Run a backbone on a batch of clips, on the device that it is on; as `ClipNetwork` does."""
    return ClipNetwork(backbone)(x)


def converted(model: Network, number_format: torch.dtype, device: torch.device) -> Network:
    """A network with its weights in another number format, or on another device, converted once.

    Batch norms keep float32, which costs nothing and rounds less: torch takes inputs of a narrower format there.
    """
    if number_format is torch.float32 and device == device_of(model):
        return model
    with _copying:
        known = _copies.setdefault(model, {})
        key = number_format, device
        if key not in known:
            # What a copy finds here it takes instead of the weights: nothing is copied first where memory is short.
            instead = {
                id(weights): _as_kept(
                    weights, torch.float32 if isinstance(module, _BatchNorm) else number_format, device
                )
                for module in model.modules()
                for weights in (*module.parameters(recurse=False), *module.buffers(recurse=False))
            }
            known[key] = copy.deepcopy(model, instead)
        return cast(Network, known[key])


def _as_kept(weights: Tensor, number_format: torch.dtype, device: torch.device) -> Tensor:
    """Weights in a number format, integers as they are; a parameter stays one."""
    kept = weights.detach().to(device, number_format if weights.is_floating_point() else None)
    return nn.Parameter(kept, requires_grad=False) if isinstance(weights, nn.Parameter) else kept


@contextmanager
def exact_float32(device: torch.device) -> Iterator[None]:
    """Within it, convolutions of float32 on a GPU do not round their inputs to TF32, which has float16's digits."""
    if device.type != "cuda":
        yield
        return
    convolutions: Any = torch.backends.cudnn.conv  # type: ignore[attr-defined]  # torch adds it as it is imported
    before, convolutions.fp32_precision = convolutions.fp32_precision, "ieee"
    try:
        yield
    finally:
        convolutions.fp32_precision = before


def name_of(number_format: torch.dtype) -> str:
    """The name of a number format, such as float16."""
    return str(number_format).removeprefix("torch.")


def device_name(device: torch.device) -> str:
    """The name of a device in a feature file: the same for all GPUs of a kind, and CPU for a CPU."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type.upper()


def computed_in(features: Features) -> str:
    """Number formats and device of features, for people; "" where they are not recorded."""
    formats = ", ".join(f"{modality} {how['format']}" for modality, how in features.computed.items())
    devices = " and ".join(dict.fromkeys(how["device"] for how in features.computed.values()))
    return f"{formats} on {devices}" if formats else ""


def told_apart(computed: Iterable[tuple[str, Mapping[str, Mapping[str, str]]]]) -> str:
    """A sentence where features of one modality were computed in several number formats; "" where they were not.

    Choice: it is told and not refused. Float16 and float32 differ by less than a feature file rounds by, so one part
    from a GPU and one from a CPU make one set; whoever compares last digits, or has bfloat16 among them, should know.
    Features whose format is not recorded are left out, since nothing is known of them.

    Args:
        computed: Subject, and `computed` of its features.
    """
    subjects: dict[str, dict[str, list[str]]] = {}
    for subject, how in computed:
        for modality, one in how.items():
            subjects.setdefault(modality, {}).setdefault(one["format"], []).append(subject)
    return " ".join(_mixture(modality, formats) for modality, formats in subjects.items() if len(formats) > 1)


def _mixture(modality: str, formats: Mapping[str, Sequence[str]]) -> str:
    each = [
        f"{len(names):,} {'subjects' if len(names) > 1 else 'subject'} (such as {names[0]}) in {one}"
        for one, names in sorted(formats.items())
    ]
    return f"{modality} features have unlike number formats, {' and '.join(each)}, and differ by rounding."
