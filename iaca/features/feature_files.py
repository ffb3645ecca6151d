"""Feature files: one safetensors file a subject. A contract: other programs read and write these files.

Tensors, with T clips and N frames: `audio (T, D_a)`, `visual (T, D_v)`, `audio_zero (D_a,)`, `visual_zero (D_v,)`
float16; `frame (T,)` int32; `pts_s (N,)` float64; `valence (N,)`, `arousal (N,)` float32, NaN where not annotated;
`has_face (N,)`, `has_audio (N,)` bool. The metadata of the header have one key, `iaca_features`: a JSON object with
`subject`, `video`, `split`, `clip_stride`, `backbones`, `created_by`, `problems` and, where the video is known, its
fingerprint `media`; `computed`, where it is recorded, has number format and device of each modality, as in `Features`.
Its names are sorted, so the same features give the same bytes. Where it has the checksum of `iaca.headers`, the file
must agree with it. Every file that this module writes has one; one whose `created_by` begins with "iaca " is refused
without it, and other programs may leave it out. The form of iaca 0.1.0 is read as well: there, each of these names is a
key of the metadata itself, with a value in JSON, and there is no checksum.

`pts_s` begins at 0 or later and never falls, labels lie in [-1, 1], there is at least one frame, and subject and video
are plain names: no parts of a path, no control characters.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save

from iaca.config import CLIP_FRAMES, MODALITIES
from iaca.data.annotations import Labels
from iaca.errors import InputError
from iaca.files import is_plain_name, write_whole
from iaca.headers import HeaderError, are_backbones, damage, parse_json, shortened, with_checksum
from iaca.types import Features

HEADER_KEY = "iaca_features"
OURS = "iaca "
"""How `created_by` begins in files of this project."""

METADATA = ("subject", "video", "split", "clip_stride", "backbones", "created_by", "problems")
OPTIONAL: dict[str, Any] = {"media": "", "computed": {}}
"""Names that a file may leave out -> their values in that case."""

# Tensor -> (type in the file, length: T clips, N frames, or the dimension of a modality)
TENSORS = {
    "audio": (np.float16, ("T", "A")),
    "visual": (np.float16, ("T", "V")),
    "frame": (np.int32, ("T",)),
    "pts_s": (np.float64, ("N",)),
    "valence": (np.float32, ("N",)),
    "arousal": (np.float32, ("N",)),
    "has_face": (np.bool_, ("N",)),
    "has_audio": (np.bool_, ("N",)),
    "audio_zero": (np.float16, ("A",)),
    "visual_zero": (np.float16, ("V",)),
}
WIDENED = ("audio", "visual", "audio_zero", "visual_zero")
FINITE = ("audio", "visual", "audio_zero", "visual_zero", "pts_s")
LABELS = ("valence", "arousal")
SPLITS = ("train", "validation", "test")
LATEST_S = 1e9
"""Latest time of a frame, 30 years: clocks that began in 1970 jump as far."""


class FeatureError(InputError):
    """A feature file that cannot be used: the message names the file, what was found and what was expected."""


def read_features(path: str | os.PathLike[str]) -> Features:
    """Read one subject's features.

    Args:
        path: A .safetensors file written by `write_features`, or by any program that keeps the contract.

    Returns:
        The features as float32, everything else as stored.

    Raises:
        FeatureError: The file is missing, damaged, not a feature file, its header or a tensor has an impossible value,
            or its tensors contradict each other.
    """
    path = Path(path)
    metadata, tensors = _open(path, with_tensors=True)
    _check(path, tensors, metadata["clip_stride"])
    _check_values(path, tensors)
    for name in WIDENED:
        tensors[name] = tensors[name].astype(np.float32)
    metadata["problems"] = tuple(metadata["problems"])
    return Features(**metadata, **tensors)


def read_feature_header(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Read the header of a feature file, without its tensors.

    Returns:
        subject, video, split, clip_stride, backbones, created_by, problems, media and computed, as in `Features`; and
        `frames` (N) and `clips` (T).

    Raises:
        FeatureError: The file is missing, truncated or not a feature file. The tensors are not checked.
    """
    metadata, shapes = _open(Path(path), with_tensors=False)
    return metadata | {"clips": shapes["frame"][0], "frames": shapes["pts_s"][0]}


def is_feature_file(path: str | os.PathLike[str]) -> bool:
    """Whether a file says of itself that it is a feature file, in either form; it may still be damaged."""
    if not os.path.isfile(path):
        return False
    try:
        with safe_open(path, framework="np") as file:
            names = (file.metadata() or {}).keys()
    except (SafetensorError, OSError):
        return False
    return HEADER_KEY in names or set(METADATA) <= names


def read_feature_labels(path: str | os.PathLike[str]) -> Labels:
    """Read the labels of a feature file, without its features.

    Returns:
        Valence and arousal, (N,) each, NaN where not annotated.

    Raises:
        FeatureError: The file is missing, truncated or not a feature file, or a label is outside [-1, 1]. The other
            tensors are not checked.
    """
    path = Path(path)
    _open(path, with_tensors=False)
    with safe_open(path, framework="np") as file:
        labels = Labels(*(file.get_tensor(name) for name in LABELS))
    for name in LABELS:
        _check_labels(path, name, getattr(labels, name))
    return labels


def read_feature_times(path: str | os.PathLike[str]) -> np.ndarray:
    """Read when each frame is shown from a feature file, without its features.

    Returns:
        (N,) float64, seconds from the first frame.

    Raises:
        FeatureError: The file is missing, truncated or not a feature file. The tensors are not checked.
    """
    path = Path(path)
    _open(path, with_tensors=False)
    with safe_open(path, framework="np") as file:
        times_s: np.ndarray = file.get_tensor("pts_s")
    return times_s


def write_features(path: str | os.PathLike[str], features: Features) -> None:
    """Write one subject's features, whole or not at all.

    Args:
        path: The file, ending in .safetensors.
        features: The content; audio and visual features are rounded to float16.

    Raises:
        FeatureError: A value is impossible, the tensors contradict each other, or a feature is not finite in float16.
        OSError: The file cannot be written; nothing is left of it.
    """
    path = Path(path)
    with np.errstate(over="ignore"):  # an overflow becomes infinite, which `_check` refuses
        tensors: dict[str, np.ndarray] = {
            name: np.ascontiguousarray(getattr(features, name), dtype=kind) for name, (kind, _) in TENSORS.items()
        }
    header = {name: getattr(features, name) for name in (*METADATA, *OPTIONAL)}
    header["problems"] = list(features.problems)
    _check_header(path, header)
    if not features.computed:
        del header["computed"]  # not recorded
    _check(path, tensors, features.clip_stride)
    _check_values(path, tensors)
    # One key: safetensors writes several in an order that changes from run to run.
    write_whole(path, save(tensors, {HEADER_KEY: with_checksum(header, tensors)}))


def _open(path: Path, *, with_tensors: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    if not os.path.isfile(path):
        raise FeatureError(f"{path} does not exist; expected a feature file (.safetensors)")
    try:
        with safe_open(path, framework="np") as file:
            texts = file.metadata() or {}
            is_older = HEADER_KEY not in texts
            twice = [] if is_older else [name for name in (*METADATA, *OPTIONAL) if name in texts]
            if twice:
                raise FeatureError(
                    f"{path} has {twice[0]!r} beside {HEADER_KEY!r} in its metadata; expected one form of header"
                )
            header = _header(texts)
            names = set(file.keys())
            missing = [name for name in TENSORS if name not in names] + [n for n in METADATA if n not in header]
            if missing:
                raise FeatureError(f"{path} has no {missing[0]!r}; expected a feature file, written by 'extract'")
            metadata = OPTIONAL | {name: header[name] for name in (*METADATA, *OPTIONAL) if name in header}
            _check_header(path, metadata)
            shapes = {name: tuple(file.get_slice(name).get_shape()) for name in TENSORS}
            for name, (_, axes) in TENSORS.items():
                if len(shapes[name]) != len(axes):
                    raise FeatureError(f"{path}: {name} is {shapes[name]}; expected ({', '.join(axes)})")
            if not with_tensors:
                return metadata, shapes
            tensors = {name: file.get_tensor(name) for name in TENSORS}
        found = damage(header, tensors, must_have=header["created_by"].startswith(OURS) and not is_older)
        if found:
            raise FeatureError(f"{path} is damaged: {found}; copy it again or extract it again")
        return metadata, tensors
    except (SafetensorError, OSError, HeaderError) as error:
        raise FeatureError(
            f"{path} is damaged or truncated ({error}); expected a whole feature file: delete it and extract it again"
        ) from error


def _header(metadata: dict[str, str]) -> dict[str, Any]:
    """The header in either form; empty for a file of another kind."""
    if HEADER_KEY in metadata:
        header = parse_json(metadata[HEADER_KEY])
        return header if isinstance(header, dict) else {}
    return {name: parse_json(metadata[name]) for name in (*METADATA, *OPTIONAL) if name in metadata}


def _check_header(path: Path, header: Mapping[str, Any]) -> None:
    for name in ("subject", "video"):
        if not is_plain_name(header[name]):
            raise FeatureError(f"{path}: {name} is {shortened(header[name])}; expected a name without parts of a path")
    stride = header["clip_stride"]
    if type(stride) is not int or stride < 1 or CLIP_FRAMES % stride:
        raise FeatureError(f"{path}: clip_stride is {shortened(stride)}; expected one of 1, 2, 4, 8, 16, 32")
    if header["split"] is not None and header["split"] not in SPLITS:
        raise FeatureError(
            f"{path}: split is {shortened(header['split'])}; expected null or one of {', '.join(SPLITS)}"
        )
    for name in ("created_by", "media"):
        if not isinstance(header[name], str):
            raise FeatureError(f"{path}: {name} is {shortened(header[name])}; expected a text")
    if not isinstance(header["problems"], list) or not all(isinstance(one, str) for one in header["problems"]):
        raise FeatureError(f"{path}: problems is {shortened(header['problems'])}; expected a list of sentences")
    if not are_backbones(header["backbones"]):
        raise FeatureError(
            f"{path}: backbones is {shortened(header['backbones'])}; expected name and sha256 for each of "
            f"{', '.join(MODALITIES)}"
        )
    if not _says_how(header["computed"]):
        raise FeatureError(
            f"{path}: computed is {shortened(header['computed'])}; expected format and device for each of "
            f"{', '.join(MODALITIES)}, or nothing"
        )


def _says_how(value: Any) -> bool:
    """Whether a value of a header says how features were computed: modality -> {"format": text, "device": text}."""
    return (
        isinstance(value, dict)
        and value.keys() <= set(MODALITIES)
        and all(
            isinstance(one, dict) and all(isinstance(one.get(name), str) for name in ("format", "device"))
            for one in value.values()
        )
    )


def _check(path: Path, tensors: dict[str, np.ndarray], clip_stride: int) -> None:
    sizes: dict[str, int] = {}
    for name, (kind, axes) in TENSORS.items():
        tensor = tensors[name]
        expected = tuple(sizes.setdefault(axis, n) for axis, n in zip(axes, tensor.shape, strict=False))
        if tensor.shape != expected or tensor.ndim != len(axes):
            wanted = ", ".join(f"{axis}={sizes.get(axis, '?')}" for axis in axes)
            raise FeatureError(f"{path}: {name} is {tensor.shape}; expected ({wanted})")
        if tensor.dtype != kind:
            raise FeatureError(f"{path}: {name} is {tensor.dtype}; expected {np.dtype(kind)}")
        if name in FINITE and not np.isfinite(tensor).all():
            raise FeatureError(f"{path}: {name} has a value that is not finite; expected finite numbers")
    if not sizes["N"]:
        raise FeatureError(f"{path} has no frames; expected at least one")
    for modality in MODALITIES:
        if not tensors[modality].shape[1]:
            raise FeatureError(f"{path}: {modality} has no dimensions; expected at least one")
    ends = np.arange(0, sizes["N"], clip_stride)
    if not np.array_equal(tensors["frame"], ends):
        raise FeatureError(
            f"{path}: frame is not 0, {clip_stride}, {2 * clip_stride}, ... below {sizes['N']}; expected the ends of "
            f"clips {clip_stride} frames apart"
        )


def _check_values(path: Path, tensors: Mapping[str, np.ndarray]) -> None:
    pts_s = tensors["pts_s"]
    falls = np.flatnonzero(np.diff(pts_s) < 0)
    if len(falls):
        raise FeatureError(
            f"{path}: pts_s falls from {pts_s[falls[0]]:g} to {pts_s[falls[0] + 1]:g} s; expected rising times"
        )
    if pts_s[0] < 0 or pts_s[-1] > LATEST_S or (len(pts_s) > 1 and pts_s[0] == pts_s[-1]):
        raise FeatureError(
            f"{path}: pts_s runs from {pts_s[0]:g} to {pts_s[-1]:g} s; expected rising times from 0 to {LATEST_S:g} s"
        )
    for name in LABELS:
        _check_labels(path, name, tensors[name])


def _check_labels(path: Path, name: str, values: np.ndarray) -> None:
    outside = values[np.abs(values) > 1]
    if len(outside):
        raise FeatureError(f"{path}: {name} is {outside[0]:g} in a frame; expected values in [-1, 1], or NaN")
