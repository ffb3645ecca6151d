"""Files that are damaged, of another kind, or whose values cannot be: labels, configurations, features, checkpoints."""

from __future__ import annotations

import json
import math
import struct
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from safetensors.numpy import load, save

from docs.bad_arguments import PREDICT, TRAIN, with_option
from iaca.checkpoints import load_checkpoint, save_checkpoint
from iaca.features.feature_files import read_features, write_features
from iaca.headers import CHECKSUM, with_checksum
from iaca.resources import shipped

FEATURES = shipped("demo") / "study/strong-2001.safetensors"
MODEL = shipped("checkpoints") / "ca_iaca.safetensors"
VIDEO = shipped("demo") / "batch1/strong-01.mp4"
Tensors = dict[str, np.ndarray]


class Text(str):
    """The header of a file as it stands there, JSON or not."""


Change = Callable[[Tensors, dict[str, Any]], object]
"""Changes tensors and the fields of the header; where it returns a `Text`, that is the header."""

TOML = {
    "no TOML": "x = = 1",
    "a table that there is not": "[model]\nx = 1",
    "a number in place of a table": "fusion = 5",
    "a setting that there is not": "[training]\ntypo = 1",
    "a quoted number": '[training]\nepochs = "3"',
    "another audio_dim than the features": "[fusion]\naudio_dim = 5",
    "another visual_dim": "[fusion]\nvisual_dim = 5",
    "a date": "[training]\nseed = 2020-01-01",
    "a table in place of a number": "[training.seed]\nx = 1",
    "a list": "[training]\nepochs = [1]",
    "NUL": "[training]\nepochs = 1 # \0",
    "a key twice": "[fusion]\ndim = 8\ndim = 9",
    "too small a rate": "[training]\nlearning_rate = 1e-300",
    "too large a norm": "[training]\nclip_norm = 1e300",
    "heads that do not divide dim": "[fusion]\nfusion = 'tca'\ndim = 10\nnum_heads = 3",
    "an inf": "[training]\nclip_norm = inf",
}
LABELS = {
    "an empty file": b"",
    "only a header": b"valence,arousal\n",
    "no header": b"0.1,0.2\n",
    "a swapped header": b"arousal,valence\n0,0\n",
    "semicolons": b"valence;arousal\n0;0\n",
    "three columns": b"valence,arousal\n0,0,0\n",
    "one column": b"valence,arousal\n0\n",
    "text": b"valence,arousal\na,b\n",
    "decimal commas": b"valence,arousal\n0,1,0,2\n",
    "UTF-16": "valence,arousal\n0,0\n".encode("utf-16"),
    "another encoding": b"valence,arousal\n0,0 \xe9\n",
    "a NUL": b"valence,arousal\n0,\0\n",
    "bytes": bytes(range(256)),
    "a web page": b"<html>404</html>",
    "a blank line inside": b"valence,arousal\n0,0\n\n0,0\n",
}
MEDIA = {
    "an empty file": b"",
    "text": b"hello\n" * 1000,
    "zeros": bytes(10**5),
    "a web page": b"<html>",
    "a list of files": b"ffconcat version 1.0\nfile x.mp4\n",
    "a playlist": b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nx.ts\n",
    "the first 1000 bytes": VIDEO.read_bytes()[:1000],
    "a picture": b"\xff\xd8\xff\xe0" + bytes(100),
    "features": FEATURES.read_bytes()[:5000],
    "a pickle": b"\x80\x02c__builtin__\neval\n",
}


def _tensor(name: str, change: Callable[[np.ndarray], np.ndarray]) -> Change:
    return lambda tensors, header: tensors.__setitem__(name, np.ascontiguousarray(change(tensors[name])))


def _header(name: str, value: Any) -> Change:
    return lambda tensors, header: header.__setitem__(name, value)


def _all(names: tuple[str, ...], change: Callable[[np.ndarray], np.ndarray]) -> Change:
    return lambda tensors, header: tensors.update({name: np.ascontiguousarray(change(tensors[name])) for name in names})


CLIPS, FRAMES = ("audio", "visual", "frame"), ("pts_s", "valence", "arousal", "has_face", "has_audio")
FEATURE_CHANGES: dict[str, Change] = {
    "audio of fewer clips": _tensor("audio", lambda a: a[:-1]),
    "audio as float32": _tensor("audio", lambda a: a.astype("f4")),
    "audio of 3 axes": _tensor("audio", lambda a: a[None]),
    "audio of 1 axis": _tensor("audio", lambda a: a[0]),
    "audio of NaN": _tensor("audio", lambda a: a * np.float16("nan")),
    "audio of inf": _tensor("audio", lambda a: a + np.float16("inf")),
    "audio without values": _tensor("audio", lambda a: a[:, :0]),
    "silence of another dimension": _tensor("audio_zero", lambda a: a[:-1]),
    "no clips": _all(CLIPS, lambda a: a[:0]),
    "no frames": _all((*CLIPS, *FRAMES), lambda a: a[:0]),
    "clips that end elsewhere": _tensor("frame", lambda a: a + 1),
    "clips backwards": _tensor("frame", lambda a: a[::-1]),
    "clip ends as int64": _tensor("frame", lambda a: a.astype("i8")),
    "times backwards": _tensor("pts_s", lambda a: a[::-1]),
    "times of 0": _tensor("pts_s", lambda a: a * 0),
    "times below 0": _tensor("pts_s", lambda a: a - 1e6),
    "times of 1e300": _tensor("pts_s", lambda a: a * 1e300),
    "times of NaN": _tensor("pts_s", lambda a: a * np.nan),
    "valence of 7": _tensor("valence", lambda a: a * 0 + 7),
    "valence of inf": _tensor("valence", lambda a: a * 0 + np.float32("inf")),
    "valence twice as long": _tensor("valence", lambda a: np.concatenate((a, a))),
    "faces as numbers": _tensor("has_face", lambda a: a.astype("u1")),
    "no visual": lambda tensors, header: tensors.pop("visual"),
    "no times": lambda tensors, header: tensors.pop("pts_s"),
    "no subject": lambda tensors, header: header.pop("subject"),
    "stride 0": _header("clip_stride", 0),
    "stride 3": _header("clip_stride", 3),
    "stride 4.0": _header("clip_stride", 4.0),
    "stride as text": _header("clip_stride", "four"),
    "stride 1e999": _header("clip_stride", math.inf),
    "stride true": _header("clip_stride", True),
    "subject 5": _header("subject", 5),
    "subject null": _header("subject", None),
    "subject of no letters": _header("subject", ""),
    "a path as subject": _header("subject", "../../etc/x"),
    "a split that there is not": _header("split", "banana"),
    "a list as split": _header("split", [1]),
    "text as backbones": _header("backbones", "x"),
    "other backbones": _header("backbones", {"audio": "x", "visual": "y"}),
    "text as problems": _header("problems", "x"),
    "a header that is no JSON": lambda tensors, header: Text("{"),
    "a header 100,000 deep": lambda tensors, header: Text('{"problems": ' + "[" * 100_000),
    "a list as created_by": _header("created_by", []),
    "a number as media": _header("media", 5),
    "no checksum": lambda tensors, header: Text(json.dumps(header)),
}
CONFIG_VALUES: dict[str, tuple[Any, ...]] = {
    "dim": (0, -1, 63, 10**9, "64", True, None, 64.0),
    "clips": (0, 10**12, 1.5),
    "fusion": ("", "nope", 5, None, "CA"),
    "iaca": ("yes", 1, None),
    "targets": ([], ["joy"], "valence", ["arousal", "valence"]),
    "trunk": ("none", 3),
    "gate_temperature": (0, -1, "x", 1e-300, 1e300),
    "audio_dim": (0, 1, 10**8),
    "head_hidden": (2**62,),
    "num_heads": (0,),
    "head_dropout": (2, -0.5),
    "gate": ("x",),
    "stage1": ("false",),
    "new_field": (1,),
}
HEAD_VALUES: dict[str, tuple[Any, ...]] = {
    "kind": ("backbone", "x", None, 5),
    "format_version": (3, 0, -1, "1", True, None),
    "config": (None, [], {}),
    "backbones": ({}, {"audio": {"name": "a", "sha256": "0"}}, {"audio": "x"}, {"audio": {"name": 1, "sha256": 2}}, []),
    "training": ([],),
    "scores": (5,),
    "plugin": (5,),
}


class Damaged(NamedTuple):
    """One bad file: its kind, what is wrong with it, what it is given to, and what writes it into a folder."""

    group: str
    name: str
    arguments: tuple[str, ...]
    prepare: Callable[[Path], None]


def files() -> Iterator[Damaged]:
    """All of them."""
    for name, text in TOML.items():
        yield _file("Configurations", name, (*TRAIN, "--config", "bad.toml"), "bad.toml", text.encode())
    film = VIDEO.read_bytes()
    for name, content in LABELS.items():
        arguments = ("extract", "--video", "v.mp4", "--labels", "bad.txt", "--out", "x", "--strict")

        def with_video(folder: Path, content: bytes = content) -> None:
            (folder / "v.mp4").write_bytes(film)
            (folder / "bad.txt").write_bytes(content)

        yield Damaged("Labels", name, arguments, with_video)
    for name, content in MEDIA.items():
        yield _file("Videos", name, ("extract", "--video", "bad.mp4", "--out", "x", "--strict"), "bad.mp4", content)
    for name, change in FEATURE_CHANGES.items():
        yield _changed("Features", name, whole_features, change, with_option(PREDICT, "--features", "bad.safetensors"))
    predict = with_option(PREDICT, "--checkpoint", "bad.safetensors")
    for key, values in CONFIG_VALUES.items():
        for value in values:
            yield _changed(
                "Checkpoints", f"config.{key} = {json.dumps(value)}", whole_model, _model("config", key, value), predict
            )
    for key, values in HEAD_VALUES.items():
        for value in values:
            yield _changed("Checkpoints", f"{key} = {json.dumps(value)}", whole_model, _model("", key, value), predict)
    yield _changed("Checkpoints", "no checksum", whole_model, lambda _, header: Text(json.dumps(header)), predict)
    features = with_option(PREDICT, "--features", "bad.safetensors")
    for group, source, arguments in (
        ("Features", whole_features, features),
        ("Checkpoints", whole_model, predict),
        ("Checkpoints", whole_model, ("describe", "bad.safetensors")),
    ):
        for number in range(40):
            name, damage = _damage(number)
            yield _damaged(group, f"{name} ({arguments[0]})", source, damage, arguments)


@cache
def whole_features() -> bytes:
    """A feature file as it is written today, with a checksum."""
    with tempfile.TemporaryDirectory() as folder:
        write_features(Path(folder) / "a.safetensors", read_features(FEATURES))
        return (Path(folder) / "a.safetensors").read_bytes()


@cache
def whole_model() -> bytes:
    """A checkpoint as it is written today, with a checksum."""
    known = load_checkpoint(MODEL)
    with tempfile.TemporaryDirectory() as folder:
        save_checkpoint(Path(folder) / "a.safetensors", known.model, backbones=known.backbones)
        return (Path(folder) / "a.safetensors").read_bytes()


def _damage(number: int) -> tuple[str, Callable[[bytes], bytes]]:
    """What is done to a whole file, and how: cuts, bits of the header, bits of the tensors, more bytes."""
    cuts = (0, 1, 7, 8, 9, 100)
    if number < len(cuts):
        return f"cut off after {cuts[number]} bytes", lambda whole: whole[: cuts[number]]
    if number < 14:
        return f"cut off after {number - 5} tenths", lambda whole: whole[: len(whole) * (number - 5) // 10]
    if number == 39:
        return "two more bytes", lambda whole: whole + b"xx"
    part = "header" if number < 29 else "tensors"

    def flip(whole: bytes) -> bytes:
        header = struct.unpack("<Q", whole[:8])[0] + 8
        start, stop = (0, header) if part == "header" else (header, len(whole))
        content = bytearray(whole)
        content[start + (stop - start) * (number % 15) // 15] ^= 1 << number % 8
        return bytes(content)

    return f"bit {number % 8} flipped at {number % 15} fifteenths of the {part}", flip


def _damaged(
    group: str, name: str, source: Callable[[], bytes], damage: Callable[[bytes], bytes], arguments: tuple[str, ...]
) -> Damaged:
    def write(folder: Path) -> None:
        (folder / "bad.safetensors").write_bytes(damage(source()))

    return Damaged(group, name, arguments, write)


def _file(group: str, name: str, arguments: tuple[str, ...], place: str, content: bytes) -> Damaged:
    def write(folder: Path) -> None:
        (folder / place).write_bytes(content)

    return Damaged(group, name, arguments, write)


def _changed(group: str, name: str, source: Callable[[], bytes], change: Change, arguments: tuple[str, ...]) -> Damaged:
    """A file whose content cannot be, though its checksum agrees with it."""

    def damage(whole: bytes) -> bytes:
        length = struct.unpack("<Q", whole[:8])[0]
        ((key, text),) = json.loads(whole[8 : 8 + length])["__metadata__"].items()
        tensors, header = load(whole), json.loads(text)
        del header[CHECKSUM]
        changed = change(tensors, header)
        return save(tensors, {key: changed if isinstance(changed, Text) else with_checksum(header, tensors)})

    return _damaged(group, name, source, damage, arguments)


def _model(part: str, key: str, value: Any) -> Change:
    return lambda tensors, header: (header[part] if part else header).__setitem__(key, value)
