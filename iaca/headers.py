"""The JSON header of a safetensors file: read without trust, and written with a checksum of the whole content."""

from __future__ import annotations

import json
import mmap
import struct
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from iaca.config import MODALITIES
from iaca.errors import InputError

CHECKSUM = "crc32"
"""Field of a header: CRC-32, in 8 hexadecimal digits, of the bytes of all tensors and of the other fields.

Choice: CRC-32, since it is there to find damage, not forgery, and takes a quarter of the time of a cryptographic hash.
"""

MOST_DEPTH = 32
"""Levels of lists and objects in a header; a file of this project has four."""


class HeaderError(InputError):
    """A header that cannot be used: the message says what was found, and goes after the name of the file."""


def parse_json(text: str) -> Any:
    """The value of a JSON text.

    Raises:
        HeaderError: It is no JSON, or nested more than `MOST_DEPTH` deep.
    """
    try:
        value = json.loads(text)
    except ValueError as error:
        raise HeaderError(f"no JSON: {error}") from error
    except RecursionError:
        raise HeaderError(f"JSON nested without end; expected at most {MOST_DEPTH} levels") from None
    level = [value]
    for _ in range(MOST_DEPTH):
        below = [one.values() if isinstance(one, dict) else one for one in level if isinstance(one, dict | list)]
        level = [inner for one in below for inner in one]
        if not level:
            return value
    raise HeaderError(f"JSON nested too deep; expected at most {MOST_DEPTH} levels")


def are_backbones(value: Any) -> bool:
    """Whether a value of a header says which backbones made features: modality -> {"name": text, "sha256": text}."""
    return (
        isinstance(value, dict)
        and value.keys() <= set(MODALITIES)
        and all(
            isinstance(one, dict) and all(isinstance(one.get(name), str) for name in ("name", "sha256"))
            for one in value.values()
        )
    )


def with_checksum(
    save: Callable[[dict[str, Any], dict[str, str]], bytes],
    tensors: dict[str, Any],
    key: str,
    header: Mapping[str, Any],
) -> bytes:
    """The bytes of a safetensors file whose header carries its checksum.

    Args:
        save: `save` of safetensors, for NumPy or for torch.
        tensors: Names and tensors.
        key: The one name in the metadata; with several, safetensors writes them in an order that changes.
        header: The fields, in plain values.
    """
    content = memoryview(save(tensors, {}))
    fields = {**header, CHECKSUM: _checksum(content[_start_of_tensors(content) :], header)}
    return save(tensors, {key: json.dumps(fields, sort_keys=True)})


def is_intact(path: Path, header: Mapping[str, Any]) -> bool:
    """Whether a file is what was written, as far as its header tells: one without a checksum is.

    Args:
        path: A safetensors file.
        header: The fields of its header, with the checksum if they have one.

    Raises:
        OSError: The file cannot be read.
    """
    if CHECKSUM not in header:
        return True
    others = {name: value for name, value in header.items() if name != CHECKSUM}
    with (
        path.open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
        memoryview(content) as view,
        view[_start_of_tensors(view) :] as tensors,
    ):
        return _checksum(tensors, others) == header[CHECKSUM]


def _start_of_tensors(content: memoryview) -> int:
    return 8 + struct.unpack("<Q", content[:8])[0]


def _checksum(tensors: memoryview, header: Mapping[str, Any]) -> str:
    fields = json.dumps(header, sort_keys=True).encode()
    return f"{zlib.crc32(fields, zlib.crc32(tensors)):08x}"
