"""The JSON header of a safetensors file: read without trust, and written with a checksum of the whole content."""

from __future__ import annotations

import json
import os
import re
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from safetensors import SafetensorError, safe_open

from iaca.config import MODALITIES
from iaca.errors import InputError

CHECKSUM = "crc32"
"""Field of a header: CRC-32, in 8 hexadecimal digits, of the bytes of all tensors in the order of their names, and then
of the other fields as JSON with sorted names.

Choice: CRC-32, since it is there to find damage, not forgery, and takes a quarter of the time of a cryptographic hash.
"""

MOST_DEPTH = 32
"""Levels of lists and objects in a header; a file of this project has four."""

_HALF = re.compile(r"\\u[dD][89a-fA-F]")
"""One of two escapes that are a character together, and none alone."""

MOST_SHOWN = 80
"""Characters of a value that an error shows."""


class HeaderError(InputError):
    """A header that cannot be used: the message says what was found, and goes after the name of the file."""


def parse_json(text: str) -> Any:
    """The value of a JSON text.

    Raises:
        HeaderError: It is no JSON, nested more than `MOST_DEPTH` deep, or has half a character.
    """
    try:
        value = json.loads(text)
        if _HALF.search(text):
            json.dumps(value, ensure_ascii=False).encode(errors="surrogateescape")
    except UnicodeEncodeError as error:
        half = f"\\u{ord(error.object[error.start]):04x}"
        raise HeaderError(f"no text: {half} is half a character; expected both of its halves") from error
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


def shortened(value: object) -> str:
    """A value of a header as an error shows it: one line, and not all of a long one."""
    text = repr(value)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}..."


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


def with_checksum(header: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> str:
    """The JSON of a header that carries the checksum of its file.

    Args:
        header: The fields, in plain values.
        tensors: Name -> values in the type in which they are going to be stored.
    """
    return json.dumps({**header, CHECKSUM: _checksum(header, tensors)}, sort_keys=True)


def damage(header: Mapping[str, Any], tensors: Mapping[str, np.ndarray], *, must_have: bool) -> str:
    """How a file differs from what was written, as far as its header tells.

    Args:
        header: The fields, with the checksum if they have one.
        tensors: Name -> values in the type in which they are stored.
        must_have: Whether its writer gives every file a checksum, so that one without it was changed since.

    Returns:
        A clause that goes after "damaged: "; "" for a whole file, and for one whose writer knew no checksums.
    """
    if CHECKSUM not in header:
        return f"its header has no {CHECKSUM}, which its writer gives to every file" if must_have else ""
    others = {name: value for name, value in header.items() if name != CHECKSUM}
    return "" if _checksum(others, tensors) == header[CHECKSUM] else f"its {CHECKSUM} is not the one in its header"


def has_checksum(path: str | os.PathLike[str]) -> bool | None:
    """Whether a file of this project, or of its form, carries a checksum; None for what cannot be read."""
    try:
        with safe_open(path, framework="np") as file:
            texts = list((file.metadata() or {}).values())
    except (SafetensorError, OSError):
        return None
    return len(texts) == 1 and f'"{CHECKSUM}":' in texts[0]


def _checksum(header: Mapping[str, Any], tensors: Mapping[str, np.ndarray]) -> str:
    found = 0
    for name in sorted(tensors):
        found = zlib.crc32(tensors[name].data, found)
    return f"{zlib.crc32(json.dumps(header, sort_keys=True).encode(), found):08x}"
