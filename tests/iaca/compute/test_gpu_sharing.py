"""A GPU has as many processes as can feed it, and each keeps to its share of the memory."""

from __future__ import annotations

import pytest
import torch

from iaca.compute import gpu_sharing
from iaca.compute.gpu_memory import free_gpu_bytes
from iaca.compute.gpu_sharing import alone, processes_for, take_share
from iaca.compute.threads import CPU

GPU = torch.device("cuda:0")
GIB = 2**30


@pytest.mark.parametrize(
    ("cores", "memory", "expected"),
    [
        (16, 128 * GIB, 8),
        (64, 512 * GIB, 8),
        (6, 64 * GIB, 3),
        (2, 13 * GIB, 2),
        (2, None, 2),
        (16, 13 * GIB, 3),
        (16, 2 * GIB, 1),
        (None, 64 * GIB, 2),
    ],
)
def test_processes_go_by_cores_and_memory_and_prepare_the_next_subject(monkeypatch, cores, memory, expected):
    monkeypatch.setattr(gpu_sharing.os, "cpu_count", lambda: cores)
    monkeypatch.setattr(gpu_sharing, "memory_bytes", lambda: memory)
    assert processes_for([GPU]) == expected
    assert processes_for([CPU]) == 1


def test_each_gpu_has_processes_of_its_own(monkeypatch):
    monkeypatch.setattr(gpu_sharing, "memory_bytes", lambda: 512 * GIB)
    gpus = [torch.device("cuda", number) for number in range(4)]
    for cores, expected in ((2, 8), (40, 20), (256, 32)):
        monkeypatch.setattr(gpu_sharing.os, "cpu_count", lambda cores=cores: cores)
        assert processes_for(gpus) == expected
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    assert alone(gpus[2:]) == [{"CUDA_VISIBLE_DEVICES": "2"}, {"CUDA_VISIBLE_DEVICES": "3"}]


@pytest.mark.parametrize(("share", "expected"), [(1.0, 12), (0.25, 4), (0.125, 1)])
def test_memory_beyond_a_share_is_not_counted_as_free(monkeypatch, share, expected):
    taken = {}
    monkeypatch.setattr(
        torch.cuda, "set_per_process_memory_fraction", lambda part, device: taken.update({device: part})
    )
    monkeypatch.setattr(torch.cuda, "get_per_process_memory_fraction", lambda device: taken.get(device, 1.0))
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (11 * GIB, 24 * GIB))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda device: 3 * GIB)
    monkeypatch.setattr(torch.cuda, "memory_allocated", lambda device: 2 * GIB)
    for device in (GPU, CPU):
        take_share(device, share)
    assert set(taken) <= {GPU}
    assert free_gpu_bytes(GPU) == expected * GIB
