"""The authors' weight files: what they are, and the networks that they hold.

A published fusion file is a pickle of a dict with `net` (the state dict), `best_Val_accV`, `best_Val_accA` and
`best_Val_acc_epoch`; the backbone file of TSAV (Kuhnke et al., FG 2020) is one with `state_dict`. Runs of others are
read too: a bare state dict, or one under another usual name.
"""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from iaca.checkpoints.tensor_files import Shape, check_tensors, mismatches, shapes_of
from iaca.checkpoints.torch_files import WeightFileError, as_state_dict, listed, read_torch_file
from iaca.config import AUDIO, VISUAL
from iaca.models.published.blocks import CLIPS, DIM, VISUAL_DIM
from iaca.models.published.network import Published, PublishedNetwork

TSAV = "TSAV backbone"
OTHER = "something else"

SCORES = ("best_Val_accV", "best_Val_accA", "best_Val_acc_epoch")
"""What a published file reports: the best CCC of valence and of arousal, and their epoch."""

STATE_DICT_KEYS = ("net", "state_dict", "model", "model_state_dict")
"""Where the state dict of a file may stand: that of the authors under the first, of TSAV under the second."""

TSAV_PREFIXES = {AUDIO: "audio_model.resnet.", VISUAL: "video_model.r2plus1d."}
"""Modality -> prefix of its backbone's tensors in the TSAV file."""

COLOUR_CHANNELS = 3


class Identity(NamedTuple):
    """The network that a state dict belongs to, or comes closest to.

    Attributes:
        kind: A member of `Published` as text, "TSAV backbone" or "something else".
        tensors: How many tensors there are.
        values: How many values are in them.
        missing: Names that the kind has and the state dict has not.
        extra: Names that the state dict has and the kind has not.
        other_shape: (name, shape found, shape expected).
    """

    kind: str
    tensors: int
    values: int
    missing: tuple[str, ...] = ()
    extra: tuple[str, ...] = ()
    other_shape: tuple[tuple[str, Shape, Shape], ...] = ()

    @property
    def exact(self) -> bool:
        """Whether every tensor of the kind is there, with its shape, and no other."""
        return self.kind != OTHER and not (self.missing or self.extra or self.other_shape)

    @property
    def summary(self) -> str:
        """One sentence in plain words."""
        size = f"{self.tensors} tensors, {self.values:,} values"
        if self.kind == OTHER:
            known = ", ".join((*Published, TSAV))
            return f"{OTHER} ({size}: {listed(self.extra)}); it is none of: {known}"
        if self.exact:
            return f"{self.kind} ({size}), complete"
        problems = []
        if self.missing:
            problems.append(f"{len(self.missing)} missing: {listed(self.missing)}")
        if self.extra:
            problems.append(f"{len(self.extra)} extra: {listed(self.extra)}")
        if self.other_shape:
            shapes = [f"{name} is {found}, expected {expected}" for name, found, expected in self.other_shape]
            problems.append(f"{len(shapes)} of another shape: {listed(shapes)}")
        return f"closest to {self.kind} ({size}), but with differences: " + "; ".join(problems)


class WeightFile(NamedTuple):
    """A published weight file: what it holds and the scores that it reports.

    Attributes:
        path: The file.
        identity: What its state dict is.
        best_valence_ccc: CCC of valence on the authors' validation set, None where the file does not say.
        best_arousal_ccc: CCC of arousal, likewise.
        best_epoch: Epoch of these scores, counted from 0, likewise.
    """

    path: Path
    identity: Identity
    best_valence_ccc: float | None = None
    best_arousal_ccc: float | None = None
    best_epoch: int | None = None

    def describe(self) -> dict[str, Any]:
        """Describe the file in plain values, with what to do with it in words."""
        kind = self.identity.kind
        facts: dict[str, Any] = {"name": self.path.stem, "kind": kind, "summary": self.identity.summary}
        if kind in tuple(Published):
            published = Published(kind)
            facts |= {
                "fusion": published.fusion,
                "iaca": False,
                "stage1": published.gated,
                "stage2": False,
                "num_recursions": published.num_recursions,
                "audio_dim": DIM,
                "visual_dim": VISUAL_DIM,
                "dim": DIM,
                "clips": CLIPS,
                "scores": {"valence": self.best_valence_ccc, "arousal": self.best_arousal_ccc},
                "epoch": self.best_epoch,
            }
        return facts | {
            "tensors": self.identity.tensors,
            "values": self.identity.values,
            "missing": list(self.identity.missing),
            "extra": list(self.identity.extra),
            "other_shape": [list(entry) for entry in self.identity.other_shape],
            "what_to_do": self._what_to_do(),
        }

    def _what_to_do(self) -> str:
        if not self.identity.exact:
            return "download it again from the authors"
        if self.identity.kind == TSAV:
            return "find_backbone of iaca.checkpoints.pretrained reads its two backbones"
        return (
            f"iaca.load_checkpoint reads it; it expects the TSAV backbones' features, visual un-pooled ({VISUAL_DIM})"
        )


def load_published(
    path: str | os.PathLike[str], device: str | torch.device = "cpu"
) -> tuple[PublishedNetwork, WeightFile]:
    """Read a published fusion network.

    Choice: its weights come frozen, in eval mode; `model.train().requires_grad_(True)` makes them trainable.

    Args:
        path: A file of the authors.
        device: Where the network goes.

    Returns:
        The network in float32, and what the file holds and reports.

    Raises:
        WeightFileError: The file is missing, damaged, needs more than tensors and scores, or holds something else.
        CheckpointError: A tensor is no weight, or a weight is not finite or too large.
    """
    path = Path(path)
    state_dict, file = _read(path)
    if file.identity.kind not in tuple(Published) or not file.identity.exact:
        hint = (
            "; iaca.checkpoints.pretrained.find_backbone reads it, iaca.load_backbone those of this project"
            if file.identity.exact
            else "; download it again from the authors"
        )
        raise WeightFileError(f"{path} holds {file.identity.summary}; expected a published fusion network{hint}")
    with torch.device("meta"):
        model = PublishedNetwork(file.identity.kind)
    check_tensors(path, model, state_dict)
    model.load_state_dict({name: values.float() for name, values in state_dict.items()}, strict=True, assign=True)
    return model.to(device).eval().requires_grad_(False), file


def describe_weights(path: str | os.PathLike[str]) -> WeightFile:
    """Identify a file of the authors, whatever it holds.

    Args:
        path: A file that torch saved.

    Returns:
        Its identity and scores; `.describe()` has them as plain values.

    Raises:
        WeightFileError: The file cannot be read at all.
    """
    return _read(Path(path))[1]


def identify(state_dict: Mapping[str, Tensor]) -> Identity:
    """Identify the published network that a state dict belongs to.

    Args:
        state_dict: Names and tensors.

    Returns:
        The kind whose names and shapes fit best, with every difference; "something else" where less than half of
        the kind's tensors are there.
    """
    shapes = shapes_of(state_dict)
    values = sum(tensor.numel() for tensor in state_dict.values())
    layouts = {kind.value: _layout(kind) for kind in Published}
    if any(name.startswith(tuple(TSAV_PREFIXES.values())) for name in shapes):
        layouts[TSAV] = _tsav_layout()
    identities = [_compared(kind, layout, shapes, values) for kind, layout in layouts.items()]
    nearest = min(identities, key=lambda i: len(i.missing) + len(i.extra) + len(i.other_shape))
    layout = layouts[nearest.kind]
    if 2 * (len(layout) - len(nearest.missing) - len(nearest.other_shape)) < len(layout):
        return Identity(OTHER, len(shapes), values, extra=tuple(shapes))
    return nearest


def _compared(kind: str, layout: Mapping[str, Shape], shapes: Mapping[str, Shape], values: int) -> Identity:
    found = mismatches(layout, shapes)
    return Identity(
        kind,
        len(shapes),
        values,
        missing=tuple(name for name, shape, _ in found if shape is None),
        extra=tuple(name for name, _, expected in found if expected is None),
        other_shape=tuple((name, a, b) for name, a, b in found if a is not None and b is not None),
    )


def _read(path: Path) -> tuple[dict[str, Tensor], WeightFile]:
    content = read_torch_file(path)
    state_dict = as_state_dict(content)
    if state_dict:
        return state_dict, WeightFile(path, identify(state_dict))
    key = next((name for name in STATE_DICT_KEYS if name in content), None) if isinstance(content, dict) else None
    if key is None:
        found = f"a dict with {listed(content)}" if isinstance(content, dict) else f"a {type(content).__name__}"
        raise WeightFileError(
            f"{path} holds {found}; expected a state dict, or a dict with it under one of: {', '.join(STATE_DICT_KEYS)}"
        )
    state_dict = as_state_dict(content[key])
    if state_dict is None:
        raise WeightFileError(f"{path}: {key!r} is not a state dict; expected names and tensors")
    valence, arousal, epoch = (_number(path, name, content.get(name)) for name in SCORES)
    if epoch is not None and not math.isfinite(epoch):
        raise WeightFileError(f"{path}: {SCORES[-1]} is {epoch}; expected a whole number")
    return state_dict, WeightFile(path, identify(state_dict), valence, arousal, None if epoch is None else int(epoch))


def _number(path: Path, name: str, value: Any) -> float | None:
    """A score as a float: a number of Python or NumPy, or a tensor of one."""
    if isinstance(value, Tensor) and value.numel() == 1:
        value = value.item()
    if value is not None and not isinstance(value, int | float | np.number):
        raise WeightFileError(f"{path}: {name} is a {type(value).__name__}; expected a number")
    return None if value is None else float(value)


@lru_cache
def _layout(kind: Published) -> dict[str, Shape]:
    with torch.device("meta"):
        return shapes_of(PublishedNetwork(kind).state_dict())


@lru_cache
def _tsav_layout() -> dict[str, Shape]:
    # Imported here: it is slow, and needed for this one kind of file.
    from torchvision.models import resnet18
    from torchvision.models.video import r2plus1d_18

    with torch.device("meta"):
        parts = {AUDIO: resnet18().state_dict(), VISUAL: r2plus1d_18().state_dict()}
    layout = {
        TSAV_PREFIXES[modality] + name: shape
        for modality, part in parts.items()
        for name, shape in shapes_of(part).items()
        if not name.startswith("fc.")
    }
    layout[TSAV_PREFIXES[AUDIO] + "conv1.weight"] = (64, 1, 7, 7)
    layout[TSAV_PREFIXES[VISUAL] + "stem.0.weight"] = (45, COLOUR_CHANNELS + 1, 1, 7, 7)
    layout["fc.1.weight"] = (17, 2 * DIM)
    layout["fc.1.bias"] = (17,)
    return layout
