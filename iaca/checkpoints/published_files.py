"""The authors' weight files: reading them without running them, and telling what they are.

A published fusion file is a pickle of a dict with `net` (the state dict), `best_Val_accV`, `best_Val_accA` and
`best_Val_acc_epoch`; the backbone file of TSAV (Kuhnke et al., FG 2020) is one with `state_dict`.
"""

from __future__ import annotations

import os
import pickle
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from iaca.config import AUDIO, VISUAL
from iaca.errors import CheckpointError
from iaca.models.published.blocks import CLIPS, DIM, VISUAL_DIM
from iaca.models.published.network import Published, PublishedNetwork

TSAV = "TSAV backbone"
OTHER = "something else"

ALLOWED_GLOBALS = [
    (np._core.multiarray.scalar, "numpy.core.multiarray.scalar"),
    np.dtype,
    np.dtypes.Float64DType,
]
"""All that a file may name beside tensors: the scores are NumPy scalars, pickled by a NumPy before 2.0."""

AUDIO_PREFIX = "audio_model.resnet."
VISUAL_PREFIX = "video_model.r2plus1d."
STEM = "stem.0.weight"
COLOUR_CHANNELS = 3
NAMES_SHOWN = 4


class ReleasedError(CheckpointError):
    """A weight file that cannot be used: the message names the file, the reason, and what to do."""


class Identity(NamedTuple):
    """What a state dict is, or is nearest to.

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
    other_shape: tuple[tuple[str, tuple[int, ...], tuple[int, ...]], ...] = ()

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
            return f"{OTHER} ({size}: {_listed(self.extra)}); it is none of: {known}"
        if self.exact:
            return f"{self.kind} ({size}), complete"
        problems = []
        if self.missing:
            problems.append(f"{len(self.missing)} missing: {_listed(self.missing)}")
        if self.extra:
            problems.append(f"{len(self.extra)} extra: {_listed(self.extra)}")
        if self.other_shape:
            shapes = [f"{name} is {found}, expected {expected}" for name, found, expected in self.other_shape]
            problems.append(f"{len(shapes)} of another shape: {_listed(shapes)}")
        return f"nearest to {self.kind} ({size}), but not the same: " + "; ".join(problems)


class WeightFile(NamedTuple):
    """A published weight file: what it is and what it says of itself.

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
        """Plain values for a table or JSON, with what to do in words."""
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
            return "take the file again from where the authors publish it"
        if self.identity.kind == TSAV:
            return "load_tsav reads its two backbones"
        return f"load_released reads it; it expects the TSAV backbones' features, visual un-pooled ({VISUAL_DIM})"


def load_released(
    path: str | os.PathLike[str], device: str | torch.device = "cpu"
) -> tuple[PublishedNetwork, WeightFile]:
    """Read a published fusion network.

    Choice: its weights come frozen, in eval mode; `model.train().requires_grad_(True)` makes them trainable.

    Args:
        path: A file of the authors.
        device: Where the network goes.

    Returns:
        The network in float32, and what the file says of itself.

    Raises:
        ReleasedError: The file is missing, damaged, needs more than tensors and scores, or holds something else, or a
            weight is not finite.
    """
    state_dict, file = _read(Path(path))
    if file.identity.kind not in tuple(Published) or not file.identity.exact:
        hint = (
            "; load_tsav reads it, iaca.load_backbone those of this project"
            if file.identity.exact
            else "; take the file again from the authors"
        )
        raise ReleasedError(f"{path} holds {file.identity.summary}; expected a published fusion network{hint}")
    broken = [name for name, values in state_dict.items() if not values.isfinite().all()]
    if broken:
        raise ReleasedError(
            f"{path}: {_listed(broken)} has a value that is not finite; take the file again from the authors"
        )
    with torch.device("meta"):
        model = PublishedNetwork(file.identity.kind)
    model.load_state_dict({name: values.float() for name, values in state_dict.items()}, strict=True, assign=True)
    return model.to(device).eval().requires_grad_(False), file


def load_tsav(path: str | os.PathLike[str]) -> dict[str, dict[str, Tensor]]:
    """Read the two backbones of TSAV.

    Args:
        path: The file of its authors.

    Returns:
        `audio` -> state dict of a ResNet-18 with one input channel, `visual` -> that of an R(2+1)D-18 with three,
        both in torchvision's names and without `fc`.

    Raises:
        ReleasedError: As for `load_released`.
    """
    state_dict, file = _read(Path(path))
    if file.identity.kind != TSAV or not file.identity.exact:
        hint = "; load_released reads it" if file.identity.exact else "; take the file again from the authors"
        raise ReleasedError(f"{path} holds {file.identity.summary}; expected the {TSAV}{hint}")
    return split_tsav(state_dict)


def describe_weights(path: str | os.PathLike[str]) -> WeightFile:
    """What a file of the authors is, whatever it holds.

    Args:
        path: A file that torch saved.

    Returns:
        Its identity and scores; `.describe()` has them as plain values.

    Raises:
        ReleasedError: The file cannot be read at all.
    """
    return _read(Path(path))[1]


def identify(state_dict: Mapping[str, Tensor]) -> Identity:
    """Tell which published network a state dict belongs to.

    Args:
        state_dict: Names and tensors; a `module.` before every name, left by training on several GPUs, is ignored.

    Returns:
        The kind whose names and shapes fit best, with every difference; "something else" where less than half of
        the kind's tensors are there.
    """
    shapes = {name: tuple(values.shape) for name, values in without_module_prefix(state_dict).items()}
    size = (len(shapes), sum(values.numel() for values in state_dict.values()))
    layouts = {kind.value: _layout(kind) for kind in Published}
    if any(name.startswith((AUDIO_PREFIX, VISUAL_PREFIX)) for name in shapes):
        layouts[TSAV] = _tsav_layout()
    identities = [
        Identity(
            kind,
            *size,
            missing=tuple(name for name in layout if name not in shapes),
            extra=tuple(name for name in shapes if name not in layout),
            other_shape=tuple((n, shapes[n], layout[n]) for n in layout if n in shapes and shapes[n] != layout[n]),
        )
        for kind, layout in layouts.items()
    ]
    nearest = min(identities, key=lambda i: len(i.missing) + len(i.extra) + len(i.other_shape))
    layout = layouts[nearest.kind]
    if 2 * (len(layout) - len(nearest.missing) - len(nearest.other_shape)) < len(layout):
        return Identity(OTHER, *size, extra=tuple(shapes))
    return nearest


def without_module_prefix(state_dict: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors without the `module.` that DataParallel puts before every name."""
    if state_dict and all(name.startswith("module.") for name in state_dict):
        return {name.removeprefix("module."): values for name, values in state_dict.items()}
    return dict(state_dict)


def split_tsav(state_dict: Mapping[str, Tensor]) -> dict[str, dict[str, Tensor]]:
    """The two backbones of a TSAV state dict.

    Source: the fusion code of the authors, which drops the fourth input channel (a mask of the face) and the last
    linear layer.

    Args:
        state_dict: Its 344 tensors.

    Returns:
        As `load_tsav`.
    """
    parts = {
        modality: {name.removeprefix(prefix): values for name, values in state_dict.items() if name.startswith(prefix)}
        for modality, prefix in ((AUDIO, AUDIO_PREFIX), (VISUAL, VISUAL_PREFIX))
    }
    parts[VISUAL][STEM] = parts[VISUAL][STEM][:, :COLOUR_CHANNELS].clone()
    return parts


def _read(path: Path) -> tuple[dict[str, Tensor], WeightFile]:
    content = _load(path)
    if not isinstance(content, dict) or not ("net" in content or "state_dict" in content):
        found = f"a dict with {_listed(content)}" if isinstance(content, dict) else f"a {type(content).__name__}"
        raise ReleasedError(
            f"{path} holds {found}; expected a dict with 'net' (a published fusion network) or 'state_dict' (the "
            f"{TSAV})"
        )
    key = "net" if "net" in content else "state_dict"
    state_dict = content[key]
    if not isinstance(state_dict, dict) or not all(isinstance(values, Tensor) for values in state_dict.values()):
        raise ReleasedError(f"{path}: {key!r} is not a state dict; expected names and tensors")
    state_dict = without_module_prefix(state_dict)
    scores = [content.get(name) for name in ("best_Val_accV", "best_Val_accA", "best_Val_acc_epoch")]
    for name, value in zip(("best_Val_accV", "best_Val_accA", "best_Val_acc_epoch"), scores, strict=True):
        if value is not None and not isinstance(value, int | float | np.number):
            raise ReleasedError(f"{path}: {name} is a {type(value).__name__}; expected a number")
    valence, arousal, epoch = scores
    return state_dict, WeightFile(
        path,
        identify(state_dict),
        None if valence is None else float(valence),
        None if arousal is None else float(arousal),
        None if epoch is None else int(epoch),
    )


def _load(path: Path) -> Any:
    try:
        with torch.serialization.safe_globals(ALLOWED_GLOBALS):
            return torch.load(path, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise ReleasedError(f"{path} does not exist; expected a weight file of the authors") from None
    except (IsADirectoryError, PermissionError) as error:
        raise ReleasedError(f"{path} cannot be read: {error.strerror}") from error
    except Exception as error:
        # A damaged pickle can raise anything, and all of it means the same.
        wanted = re.search(r"GLOBAL ([\w.]+)|unrecognized function (.+)", str(error))
        if isinstance(error, pickle.UnpicklingError) and wanted:
            raise ReleasedError(
                f"{path} is refused: reading it would need {wanted[1] or wanted[2]}, and a weight file may hold only "
                "tensors, numbers and the scores of a NumPy before 2.0; take the file from where the authors publish it"
            ) from error
        # Of torch's advice, which is to allow everything, only the reason is of use.
        reason = str(error).partition("WeightsUnpickler error: ")[2] or str(error) or type(error).__name__
        raise ReleasedError(
            f"{path} is damaged, cut short, or no weight file of torch ({reason.strip().splitlines()[0].strip()}); "
            "take the file again from where the authors publish it"
        ) from error


@lru_cache
def _layout(kind: Published) -> dict[str, tuple[int, ...]]:
    with torch.device("meta"):
        return {name: tuple(values.shape) for name, values in PublishedNetwork(kind).state_dict().items()}


@lru_cache
def _tsav_layout() -> dict[str, tuple[int, ...]]:
    # Imported here: it is slow, and needed for this one kind of file.
    from torchvision.models import resnet18
    from torchvision.models.video import r2plus1d_18

    with torch.device("meta"):
        parts = {AUDIO_PREFIX: resnet18().state_dict(), VISUAL_PREFIX: r2plus1d_18().state_dict()}
    layout = {
        prefix + name: tuple(values.shape)
        for prefix, part in parts.items()
        for name, values in part.items()
        if not name.startswith("fc.")
    }
    layout[AUDIO_PREFIX + "conv1.weight"] = (64, 1, 7, 7)
    layout[VISUAL_PREFIX + STEM] = (45, COLOUR_CHANNELS + 1, 1, 7, 7)
    layout["fc.1.weight"] = (17, 2 * DIM)
    layout["fc.1.bias"] = (17,)
    return layout


def _listed(names: Any) -> str:
    shown = [str(name) for name in list(names)[:NAMES_SHOWN]]
    left = len(list(names)) - len(shown)
    return ", ".join(shown) + (f" and {left} more" if left > 0 else "") if shown else "nothing"
