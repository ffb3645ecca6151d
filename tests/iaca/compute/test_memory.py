"""How much memory there is, and what values take of it."""

from __future__ import annotations

import os

import numpy as np
import pytest
import torch

from iaca.checkpoints import load_checkpoint
from iaca.compute.memory import memory_bytes, size_of
from iaca.features.feature_files import read_features
from iaca.inference import WindowMemory, infer
from iaca.resources import shipped


@pytest.fixture
def groups(tmp_path):
    """Limits, and what this process is in."""

    def write(lines, **limits):
        (tmp_path / "own").write_text("\n".join(lines) + "\n")
        for name, limit in limits.items():
            file = tmp_path / "groups" / name.replace("__", "/").replace("_max", ".max").replace("_bytes", ".bytes")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(f"{limit}\n")
        return memory_bytes(tmp_path / "groups", tmp_path / "own")

    return write


def test_without_a_limit_there_is_what_the_machine_has(groups):
    there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert groups(["0::/user/page"], user__page__memory_max="max") == there
    assert groups([]) == there
    assert memory_bytes() <= there


def test_the_limit_of_a_container_counts_and_so_do_those_above_it(groups):
    assert groups(["0::/user/page"], user__page__memory_max=2**30, user__memory_max="max") == 2**30
    assert groups(["0::/user/page"], user__memory_max=2**29) == 2**29
    # In a container: the path is that of the host, and only the root is there.
    assert groups(["0::/docker/abc"], memory_max=2**28) == 2**28


def test_the_limits_of_older_systems_count(groups, tmp_path):
    (tmp_path / "groups/memory/page").mkdir(parents=True)
    (tmp_path / "groups/memory/page/memory.limit_in_bytes").write_text(str(2**27))
    assert groups(["5:cpu:/page", "4:memory:/page"]) == 2**27
    there = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    assert groups(["5:cpu:/page"]) == there


def test_the_size_of_a_value_is_that_of_its_arrays():
    values = np.zeros(1000, np.float32)
    assert size_of(values) == 4000
    assert size_of(torch.zeros(10, dtype=torch.float64)) == 80
    assert size_of(torch.nn.Linear(10, 10)) == 440
    assert size_of({"a": (values, [values])}) == 8000
    assert size_of(None) < 100


def test_what_the_page_keeps_has_the_size_of_what_it_holds():
    features = read_features(shipped("demo/features/strong-01.safetensors"))
    checkpoint = load_checkpoint(shipped("checkpoints/ca.safetensors"))
    arrays = sum(one.nbytes for one in features if isinstance(one, np.ndarray))
    assert arrays <= size_of(features) <= arrays + 10_000
    weights = sum(one.nbytes for one in checkpoint.model.parameters())
    assert weights <= size_of(checkpoint) <= 1.2 * weights + 50_000
    memory = WindowMemory()
    empty = size_of(memory)
    trace = infer(features, checkpoint, memory=memory)
    outputs = sum(one.nbytes for one in memory.outputs.values())
    assert outputs > 0
    assert empty + outputs <= size_of(memory) <= empty + outputs + 10_000
    assert size_of(trace) >= trace.frames["valence"].to_numpy().nbytes * 10
