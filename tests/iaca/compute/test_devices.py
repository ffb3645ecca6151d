"""Devices: which there are, and who decides where a model runs."""

from __future__ import annotations

import ast
import re
import warnings
from pathlib import Path

import pytest
import torch

from iaca.compute import devices
from iaca.compute.devices import (
    DeviceError,
    Gpus,
    available_devices,
    choose_device,
    choose_devices,
    device_of,
    find_gpus,
)
from tests.conftest import make_model

IACA = Path(__file__).resolve().parents[3] / "iaca"
MODELS = ("Checkpoint", "BackboneFile", "Backbone", "FusionModel", "FusionNetwork", "Module")
TRAIN = ("train_backbone", "train_fusion")
"""They build the model that they put on a device."""


def test_a_model_runs_where_it_is_and_only_what_loads_or_trains_one_is_told_where():
    for file in IACA.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.FunctionDef) or node.name in TRAIN:
                continue
            parameters = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
            given = {word for one in parameters if one.annotation for word in _words(one.annotation)}
            takes_device = any(one.arg == "device" for one in parameters)
            assert not (takes_device and given & set(MODELS)), f"{file}: {node.name} is given a model and a device"


def _words(annotation):
    yield from (node.id for node in ast.walk(annotation) if isinstance(node, ast.Name))
    yield from (node.attr for node in ast.walk(annotation) if isinstance(node, ast.Attribute))


def test_the_device_of_a_model_is_that_of_its_weights():
    assert device_of(make_model()) == torch.device("cpu")
    assert device_of(make_model().to("meta")) == torch.device("meta")


def test_a_device_that_is_asked_for_wins_over_the_environment_and_a_missing_one_is_refused(monkeypatch):
    monkeypatch.setenv("IACA_DEVICE", "cuda:99")
    assert choose_device("cpu") == torch.device("cpu")
    with pytest.raises(DeviceError, match=r"device is 'cuda:99', which this machine does not have.*; expected .*cpu"):
        choose_device()
    with pytest.raises(DeviceError, match=r"device is 'abacus'; expected one of: .*cpu"):
        choose_device("abacus")
    with pytest.raises(DeviceError, match=r"device is ''; expected one of: .*cpu"):
        choose_device("")


def test_work_that_can_be_shared_takes_all_gpus_unless_one_is_named(monkeypatch):
    monkeypatch.delenv("IACA_DEVICE", raising=False)
    for number in (0, 2):
        monkeypatch.setattr(devices, "find_gpus", lambda number=number: Gpus(number, "" if number else "none"))
        expected = [f"cuda:{k}" for k in range(number)] or ["cpu"]
        assert [str(one) for one in choose_devices()] == expected
        assert [str(one) for one in choose_devices("cpu")] == ["cpu"]
    assert [str(one) for one in choose_devices("cuda:1")] == ["cuda:1"]
    monkeypatch.setenv("IACA_DEVICE", "cuda")
    assert [str(one) for one in choose_devices()] == ["cuda:0"]


@pytest.fixture
def gpus_are_asked_for_again():
    find_gpus.cache_clear()
    yield
    find_gpus.cache_clear()


OLD = (
    "CUDA initialization: The NVIDIA driver on your system is too old (found version 11040). Please update your GPU "
    "driver by downloading and installing a new version (Triggered internally at c10/cuda/CUDAFunctions.cpp:119.)"
)
NONE = "CUDA initialization: Found no NVIDIA driver on your system. Please check that you have an NVIDIA GPU"
BUSY = "CUDA initialization: CUDA unknown error - this may be due to an incorrectly set up environment"


@pytest.mark.usefixtures("gpus_are_asked_for_again")
@pytest.mark.parametrize(
    ("built", "told", "sentence"),
    [
        (None, "", "is built for the CPU alone"),
        (
            "13.0",
            OLD,
            r"The driver of the GPU knows CUDA 11\.4, and torch .* is built for CUDA 13\.0; update the driver",
        ),
        ("13.0", NONE, "No NVIDIA driver was found"),
        ("13.0", BUSY, "CUDA unknown error"),
    ],
)
def test_gpus_that_cannot_be_started_are_none_and_a_sentence_says_why(monkeypatch, built, told, sentence):
    """As with an old driver, which NVML counts a GPU with."""

    def is_available():
        if told:
            warnings.warn(told, stacklevel=1)
        return False

    monkeypatch.delenv("IACA_DEVICE", raising=False)
    monkeypatch.setattr(torch.cuda, "is_available", is_available)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.version, "cuda", built)
    assert available_devices() == ["cpu"]
    assert choose_device() == torch.device("cpu")
    assert re.search(sentence, find_gpus().problem)
    with pytest.raises(
        DeviceError, match=f"device is 'cuda', which this machine does not have .*{sentence}.*; expected"
    ):
        choose_device("cuda")
