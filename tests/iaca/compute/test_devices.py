"""Devices: which there are, and who decides where a model runs."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import torch

from iaca.compute.devices import DeviceError, choose_device, device_of
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
    with pytest.raises(DeviceError, match=r"device is 'cuda:99', which this machine does not have; expected .*cpu"):
        choose_device()
    with pytest.raises(DeviceError, match=r"device is 'abacus'; expected one of: .*cpu"):
        choose_device("abacus")
