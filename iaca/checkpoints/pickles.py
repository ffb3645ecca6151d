"""What reading a pickle of torch would do, found without doing any of it.

`weights_only=True` keeps a file from running code of its choice, but not from taking all memory, as with a `bytearray`
of any size, nor from never ending, as with a tuple of two tuples of two tuples, 60 deep, as a key.
"""

from __future__ import annotations

import io
import pickletools
import re
from pathlib import Path
from typing import Any, NamedTuple

import torch

from iaca.errors import CheckpointError

MOST_BYTES = 2**23
"""Of a pickle, whose tensors lie elsewhere; those of a thousand tensors take 0.2 MB."""

MOST_PARTS = 4 * 10**6
"""Parts of all values, each counted as often as it is met; those of a thousand tensors are 0.2 million."""

OLDER_PICKLES = 5
"""How many pickles begin a file of the form that is no ZIP."""

NUMBERS = ("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8")
"""Types of NumPy that a file may name: one scalar of V2000000000 takes 2 GB."""

DTYPE, ENCODE = "numpy dtype", "_codecs encode"
CALLED = (
    "collections OrderedDict", "torch Size", "torch device", "torch._utils _rebuild_parameter",
    "torch._utils _rebuild_tensor", "torch._utils _rebuild_tensor_v2", "numpy.core.multiarray scalar",
    "numpy._core.multiarray scalar", DTYPE, ENCODE,
)  # fmt: skip
"""All that a file may call; scores are NumPy scalars, pickled by NumPy 1 or 2."""

NAMED = re.compile(r"torch(\.cuda)? \w+Storage|torch\.storage (Typed|Untyped)Storage|torch (b?float|u?int|bool)\w*")
"""What a file may name besides."""


class PickleError(CheckpointError):
    """A pickle that is not read: the message says what it would need, and goes after the name of the file."""


class _Part(NamedTuple):
    """A value on the stack: how many parts it has, and what it is, as far as that matters."""

    parts: int
    what: Any


def check_pickles(path: Path) -> None:
    """Refuse a file of torch that would call what no tensor needs, or is made to take all memory or time.

    Raises:
        PickleError: It would.
        ValueError: It is damaged.
        RuntimeError: Likewise.
        OSError: It cannot be read.
    """
    with open(path, "rb") as file:
        if file.read(4) == b"PK\x03\x04":
            # As torch finds it: a ZIP can show another reader another file of that name.
            _check(torch._C.PyTorchFileReader(str(path)).get_record("data.pkl"))
            return
        begin = 0
        for _ in range(OLDER_PICKLES):
            file.seek(begin)
            content = file.read(MOST_BYTES + 1)
            if not content:
                return
            begin += _check(content)


def _check(content: bytes) -> int:
    """Walk through the pickle that begins here; its length in bytes.

    Raises:
        PickleError: It is refused.
        ValueError: It is damaged.
    """
    file = io.BytesIO(content[:MOST_BYTES])
    try:
        _walk(file)
    except PickleError:
        raise
    except (ValueError, LookupError) as error:
        if len(content) > MOST_BYTES:
            raise PickleError(f"it has a pickle of more than {MOST_BYTES:,} bytes") from error
        raise ValueError(f"no whole pickle: {error}") from error
    return file.tell()


def _walk(file: io.BytesIO) -> None:
    stack: list[_Part] = []
    marks: list[int] = []
    memo: dict[int, _Part] = {}
    total = 0
    value: Any
    for code, value, _ in pickletools.genops(file):
        name = code.name
        if name == "MARK":
            marks.append(len(stack))
            continue
        if name in ("BINPUT", "LONG_BINPUT"):
            memo[value] = stack[-1]
            continue
        if name in ("BINGET", "LONG_BINGET"):
            made = memo[value]
        elif name == "GLOBAL":
            if value not in CALLED and not NAMED.fullmatch(value):
                raise PickleError(f"reading it would need {_dotted(value)}")
            made = _Part(1, value)
        else:
            taken = _taken(code, stack, marks)
            what = name if value is None else value
            if "TUPLE" in name:
                what = tuple(one.what for one in taken)
            elif name in ("REDUCE", "BUILD", "NEWOBJ"):
                what = taken[0].what
                _check_call(name, what, taken[1].what)
            made = _Part(1 + sum(one.parts for one in taken), what)
        total += made.parts
        if total > MOST_PARTS:
            raise PickleError(f"its values have more than {MOST_PARTS:,} parts")
        if code.stack_after:
            stack.append(made)


def _taken(code: pickletools.OpcodeInfo, stack: list[_Part], marks: list[int]) -> list[_Part]:
    """Take off the stack what an opcode takes."""
    before = code.stack_before
    count = len(before)
    if pickletools.markobject in before:
        count = len(stack) - marks.pop() + before.index(pickletools.markobject)
    if count > len(stack):
        raise LookupError(f"{code.name} takes more than there is")
    begin = len(stack) - count
    taken = stack[begin:]
    del stack[begin:]
    return taken


def _check_call(name: str, called: Any, given: Any) -> None:
    """Refuse a call that neither tensors nor numbers need."""
    values = given if isinstance(given, tuple) else ()
    if name == "BUILD":  # the state of what is there already
        fits = called != DTYPE or values[2:5] == ("NONE", "NONE", "NONE")
    elif name == "REDUCE" and called == DTYPE:
        fits = len(values) > 0 and values[0] in NUMBERS
    elif name == "REDUCE" and called == ENCODE:
        fits = values[1:] == ("latin1",)
    else:
        fits = name == "REDUCE" and isinstance(called, str) and called in CALLED
    if not fits:
        raise PickleError(f"reading it would need {_dotted(called)} for something else than a number")


def _dotted(name: Any) -> str:
    return str(name)[:100].replace(" ", ".")
