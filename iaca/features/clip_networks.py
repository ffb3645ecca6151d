"""Backbones on batches of clips, in the number format that suits their device."""

from __future__ import annotations

import copy
import threading
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

import numpy as np
import torch
from torch import Tensor, nn

from iaca.checkpoints import BackboneFile
from iaca.compute.devices import device_of
from iaca.config import AUDIO, VISUAL
from iaca.types import Features

FORMATS_ON_GPU = {VISUAL: (torch.float16, torch.bfloat16, torch.float32), AUDIO: (torch.float32,)}
"""Number formats on a GPU, in the order in which they are tried.

Choice: a float16 has three binary digits more than a bfloat16 of the same size, so its features lie closer to those of
float32. It ends at 65,504: a clip whose feature is not finite is computed again in the next format. What overflows on
the way cannot hide: behind a ReLU, minus infinity is the 0 that its true value gives too, and all else stays infinite
or becomes NaN. The network for sound is small, and stays in float32.
"""

ABOUT_NETWORK = "the network for "
"""Begins the sentences about how features were computed among the problems of a feature file."""

Network = TypeVar("Network", bound=nn.Module)

_copies: WeakKeyDictionary[nn.Module, dict[tuple[torch.dtype, torch.device], Any]] = WeakKeyDictionary()
_copying = threading.Lock()


class ClipNetwork:
    """A backbone that is ready for batches of clips. It counts what it did for them.

    Args:
        backbone: The backbone; it runs on the device that it is on.
        formats: Number formats in which a clip is tried, in this order, until its feature is finite. None: float32 on a
            CPU, and `FORMATS_ON_GPU` elsewhere.
    """

    def __init__(self, backbone: BackboneFile, formats: Sequence[torch.dtype] | None = None) -> None:
        self.backbone = backbone
        self.device = device_of(backbone.model)
        on_gpu = FORMATS_ON_GPU[backbone.config.modality]
        self.formats = tuple(formats or ((torch.float32,) if self.device.type == "cpu" else on_gpu))
        self._clips: Counter[torch.dtype] = Counter()
        self._counting = threading.Lock()

    def __call__(self, x: Tensor) -> np.ndarray:
        """Compute the features of a batch of clips.

        Args:
            x: (B, 3, 8, 112, 112) or (B, 1, 64, F), as `iaca.features.backbone_inputs` makes them; any device.

        Returns:
            (B, D) float32 features. A clip has the same ones in every batch, up to rounding: only what overflows is
            computed in a wider format, and not its neighbours.
        """
        x = x.to(self.device, non_blocking=True)
        values = self._run(x, self.formats[0])
        clips = Counter({self.formats[0]: len(x)})
        for narrower, wider in pairwise(self.formats):
            again = np.flatnonzero(~np.isfinite(values).all(axis=1))
            if not len(again):
                break
            values[again] = self._run(x[torch.from_numpy(again).to(x.device)], wider)
            clips[narrower] -= len(again)
            clips[wider] = len(again)
        with self._counting:
            self._clips += clips
        return values

    @property
    def computed(self) -> dict[str, str]:
        """What a feature file records: the format, or several of them, and the name of the device."""
        used = [name_of(one) for one in self.formats if self._clips[one]] or [name_of(self.formats[0])]
        return {"format": "+".join(used), "device": device_name(self.device)}

    @property
    def remarks(self) -> tuple[str, ...]:
        """A sentence where clips needed another format than the others."""
        wider = [f"{self._clips[one]:,} in {name_of(one)}" for one in self.formats[1:] if self._clips[one]]
        if not wider:
            return ()
        what = "pictures" if self.backbone.config.modality == VISUAL else "sound"
        first = name_of(self.formats[0])
        return (f"{ABOUT_NETWORK}{what}: clips that overflow {first} were computed again, {' and '.join(wider)}",)

    def _run(self, x: Tensor, number_format: torch.dtype) -> np.ndarray:
        model = in_format(self.backbone.model, number_format)
        with torch.inference_mode(), exact_float32(self.device):
            return model.features(x.to(number_format)).float().cpu().numpy()


def run_backbone(backbone: BackboneFile, x: Tensor) -> np.ndarray:
    """Run a backbone on a batch of clips, on the device that it is on; as `ClipNetwork` does."""
    return ClipNetwork(backbone)(x)


def in_format(model: Network, number_format: torch.dtype) -> Network:
    """A network with its weights in another number format, converted once; itself in float32.

    Batch norms keep float32, which costs nothing and rounds less: torch takes inputs of a narrower format there.
    """
    if number_format is torch.float32:
        return model
    with _copying:
        known = _copies.setdefault(model, {})
        key = number_format, next(model.parameters()).device
        if key not in known:
            narrow = copy.deepcopy(model).to(number_format)
            for module in narrow.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.float()
            known[key] = narrow
        return cast(Network, known[key])


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


def told_apart(features: Iterable[Features]) -> str:
    """A sentence where features of one modality were computed in several number formats; "" where they were not.

    Choice: it is told and not refused. Float16 and float32 differ by less than a feature file rounds by, so one part
    from a GPU and one from a CPU make one set; whoever compares last digits, or has bfloat16 among them, should know.
    Features whose format is not recorded are left out, since nothing is known of them.
    """
    subjects: dict[str, dict[str, list[str]]] = {}
    for item in features:
        for modality, how in item.computed.items():
            subjects.setdefault(modality, {}).setdefault(how["format"], []).append(item.subject)
    return " ".join(_mixture(modality, formats) for modality, formats in subjects.items() if len(formats) > 1)


def _mixture(modality: str, formats: Mapping[str, Sequence[str]]) -> str:
    each = [
        f"{len(names):,} {'subjects' if len(names) > 1 else 'subject'} (such as {names[0]}) in {one}"
        for one, names in sorted(formats.items())
    ]
    return f"{modality} features have unlike number formats, {' and '.join(each)}, and differ by rounding."
