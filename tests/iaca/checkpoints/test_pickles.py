"""Pickles that are made to take all memory or time are refused before torch reads them."""

from __future__ import annotations

import io
import resource
import struct
import zipfile

import numpy as np
import pytest
import torch

from iaca.checkpoints.pickles import MOST_BYTES
from iaca.checkpoints.torch_files import WeightFileError, read_torch_file

GIGABYTE = 10**9


def text(value):
    return b"X" + struct.pack("<I", len(value)) + value


def named(module, name):
    return f"c{module}\n{name}\n".encode()


def doubled(times):
    """A tuple of two tuples of two tuples ..., in four bytes a level."""
    return b")" + b"".join(bytes((*b"q", level, *b"h", level)) + b"\x86" for level in range(times))


LENGTH = b"\x8a\x08" + struct.pack("<q", GIGABYTE)
NUMBER = named("numpy", "dtype") + text(b"f8") + b"\x85R"
HOSTILE = {
    "an array of bytes": (named("builtins", "bytearray") + LENGTH + b"\x85R.", "builtins.bytearray"),
    "a tensor without a file": (named("torch", "FloatTensor") + LENGTH + b"\x85R.", "torch.FloatTensor"),
    "a storage without a file": (named("torch", "FloatStorage") + LENGTH + b"\x85R.", "torch.FloatStorage"),
    "a new object": (named("numpy", "dtype") + text(b"f8") + b"\x85\x81.", "numpy.dtype"),
    "a scalar of a gigabyte": (
        named("numpy._core.multiarray", "scalar") + named("numpy", "dtype") + text(b"V1000000000") + b"\x85R\x85R.",
        "numpy.dtype",
    ),
    "a number of many numbers": (
        NUMBER + b"(K\x03" + text(b"<") + LENGTH + NUMBER + b"\x86NNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb.",
        "numpy.dtype",
    ),
    "a slow codec": (named("_codecs", "encode") + text(b"a" * 99) + text(b"punycode") + b"\x86R.", "_codecs.encode"),
    "a key without end": (b"}" + doubled(60) + b"K\x01s.", "more than 4,000,000 parts"),
    "a value without end": (b"}" + text(b"net") + doubled(60) + b"s.", "more than 4,000,000 parts"),
    "keys without number": (b"}" + doubled(18) + 99 * b"K\x01s}h\x11" + b"K\x01s.", "more than 4,000,000 parts"),
    "a long pickle": (b"}" + text(bytes(MOST_BYTES)) + b"K\x01s.", "more than 8,388,608 bytes"),
}


@pytest.mark.parametrize("zipped", [True, False])
@pytest.mark.parametrize("name", HOSTILE)
def test_a_pickle_that_would_take_all_memory_or_time_is_refused(tmp_path, name, zipped):
    ends, reason = HOSTILE[name]
    path = tmp_path / "evil.pt"
    if zipped:
        write_zip(path, b"\x80\x02" + ends)
    else:
        path.write_bytes(b"\x80\x02" + ends)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(WeightFileError, match=r"evil\.pt is refused: .*") as refusal:
        read_torch_file(path)
    assert reason in str(refusal.value)
    assert len(str(refusal.value).removeprefix(str(tmp_path))) < 300
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < GIGABYTE // 2000  # kB, on Linux


def write_zip(path, pickled):
    torch.save({}, path)
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as source, zipfile.ZipFile(path, "w") as target:
        for entry in source.infolist():
            is_pickle = entry.filename.endswith("data.pkl")
            target.writestr(entry.filename, pickled if is_pickle else source.read(entry))


@pytest.mark.parametrize("zipped", [True, False])
def test_what_training_saves_is_read(tmp_path, zipped):
    network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    shape = (64, 3)
    content = {
        "net": network.state_dict(), "half": torch.ones(2).half(), "parameter": network[0].weight,
        "size": torch.Size(shape), "shapes": [shape] * 100, "device": torch.device("cpu"), "type": torch.bfloat16,
        "score": np.float32(0.5), "whole": np.int64(3), "epoch": 7, "large": 2**70, "best": None, "done": True,
        "settings": {"lr": 1e-4},
    }  # fmt: skip
    torch.save(content, tmp_path / "a.pt", _use_new_zipfile_serialization=zipped)
    found = read_torch_file(tmp_path / "a.pt")
    assert found.keys() == content.keys()
    assert [found[name] for name in ("score", "whole", "shapes")] == [0.5, 3, content["shapes"]]
    assert all(torch.equal(found["net"][name], values) for name, values in content["net"].items())
