"""What is installed: a fault of any part is told with what to do."""

from __future__ import annotations

import importlib
import sys
from importlib import metadata

import av
import pytest
import torch

from iaca.compute import devices, worker
from iaca.compute.devices import Gpus
from iaca.doctor.environment import look_at_environment
from iaca.doctor.verdicts import State, passed


def verdicts(device=None):
    return {verdict.name: verdict for verdict in look_at_environment(device)}


def failed(found):
    assert not passed(list(found.values()))
    for verdict in found.values():
        assert verdict.remedy or verdict.state is not State.FAILED
    return {name: verdict.found for name, verdict in found.items() if verdict.state is State.FAILED}


def test_this_environment_is_in_order():
    found = verdicts("cpu")
    assert passed(list(found.values())), failed(found)
    assert found["torch"].found == metadata.version("torch")
    assert found["device"].found.startswith("CPU (")
    assert "h264" in found["codecs"].found
    assert "vp9" in found["browsers"].found


def test_where_no_limit_of_memory_holds_it_is_said(monkeypatch):
    assert verdicts("cpu")["memory limits"].state is (State.OK if sys.platform == "linux" else State.NOTE)
    with monkeypatch.context() as patch:
        patch.setattr(worker.sys, "platform", "linux")
        patch.setattr(devices, "choose_device", lambda asked: torch.device("cuda"))
        patch.setattr(devices, "device_label", str)
        found = verdicts("cpu")["memory limits"]
    assert found.state is State.NOTE
    assert "whose libraries take memory as they like" in found.found
    monkeypatch.setattr(worker.sys, "platform", "darwin")
    found = verdicts("cpu")["memory limits"]
    assert found.state is State.NOTE
    assert "holds no process to a limit of memory" in found.found


def test_another_python_is_not_supported(monkeypatch):
    monkeypatch.setattr(sys, "version_info", (3, 9, 0))
    found = verdicts()
    assert list(failed(found)) == ["Python"]
    assert found["Python"].remedy == "Use Python 3.11 to 3.13."


def test_a_package_that_does_not_fit_torch_cannot_be_imported(monkeypatch):
    real = importlib.import_module

    def without_operators(name, *more):
        if name == "torchvision":
            raise RuntimeError("operator torchvision::nms does not exist")
        return real(name, *more)

    monkeypatch.setattr(importlib, "import_module", without_operators)
    assert "torchvision::nms" in failed(verdicts())["torchvision"]


def test_a_version_that_this_project_does_not_take_is_named(monkeypatch):
    monkeypatch.setattr(metadata, "requires", lambda name: ["numpy>=99", 'av<1; extra == "other"'])
    assert "expected >=99" in failed(verdicts())["numpy"]


def test_a_device_that_is_asked_for_and_not_there_fails_and_none_at_all_does_not(monkeypatch):
    monkeypatch.delenv("IACA_DEVICE", raising=False)
    monkeypatch.setattr("iaca.compute.devices.find_gpus", lambda: Gpus(0, "The driver of the GPU knows CUDA 11.4"))
    assert "knows CUDA 11.4" in failed(verdicts("cuda"))["device"]
    found = verdicts()
    assert found["device"].state is State.NOTE
    assert "knows CUDA 11.4" in found["device"].found


@pytest.mark.parametrize(("lost", "state"), [("libx264", State.FAILED), ("h264", State.FAILED), ("vp8", State.NOTE)])
def test_a_codec_that_is_needed_fails_and_a_usual_one_is_a_note(monkeypatch, lost, state):
    from av.codec.codec import UnknownCodecError

    real = av.Codec

    def codec(name, mode):
        if name == lost:
            raise UnknownCodecError(name)
        return real(name, mode)

    monkeypatch.setattr(av, "Codec", codec)
    found = verdicts()["codecs"]
    assert (found.state, lost in found.found) == (state, True)
    assert "wheel" in found.remedy


def test_a_container_that_cannot_be_opened_fails(monkeypatch):
    monkeypatch.setattr(av, "formats_available", {"mp4"})
    assert "matroska" in failed(verdicts())["containers"]
