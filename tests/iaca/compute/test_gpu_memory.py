"""Where the memory of a device is short, there is less at a time, then the CPU, and a sentence."""

from __future__ import annotations

import logging

import pytest
import torch
from torch import nn

from iaca.__main__ import main
from iaca.checkpoints import save_checkpoint
from iaca.compute import gpu_memory
from iaca.compute.gpu_memory import ShortMemoryError, as_fits, on_cpu, shortages, step_or_what_fits
from iaca.compute.threads import CPU
from iaca.inference.placing import load_where_it_fits
from tests.conftest import make_features, make_model

GPU = torch.device("cuda:0")
AT_ONCE = {"cuda": 16, "cpu": 3}


@pytest.fixture(autouse=True)
def nothing_is_known(monkeypatch):
    monkeypatch.setattr(gpu_memory, "_shortages", {})


class Card:
    """Work that is done on a card which holds so much at a time; keeps what it was asked for."""

    def __init__(self, holds: int, error: type[Exception] = torch.cuda.OutOfMemoryError, said: str = "out") -> None:
        self.holds, self.error, self.said = holds, error, said
        self.asked: list[tuple[str, int]] = []

    def __call__(self, device: torch.device, number: int) -> str:
        self.asked.append((device.type, number))
        if device.type == "cuda" and number > self.holds:
            raise self.error(self.said)
        return f"{number} on {device.type}"


def test_half_as_much_until_it_fits_and_the_next_call_begins_there(caplog):
    card = Card(holds=5)
    with caplog.at_level(logging.WARNING):
        assert as_fits(card, GPU, AT_ONCE, "windows") == "4 on cuda"
    assert card.asked == [("cuda", 16), ("cuda", 8), ("cuda", 4)]
    assert as_fits(card, GPU, AT_ONCE, "windows") == "4 on cuda"
    assert card.asked[3:] == [("cuda", 4)]
    assert shortages() == [
        "The memory of the GPU cuda:0 holds fewer than 16 windows: 4 at a time are computed, more slowly."
    ]
    assert caplog.messages[-1] == shortages()[0]
    assert as_fits(card, GPU, AT_ONCE, "maps") == "4 on cuda"  # what else is counted has a number of its own
    assert len(shortages()) == 2


@pytest.mark.parametrize(
    ("error", "said"),
    [(torch.cuda.OutOfMemoryError, "x"), (RuntimeError, "CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling y")],
)
def test_where_nothing_fits_the_work_is_done_on_the_cpu_and_later_the_gpu_is_tried_again(monkeypatch, error, said):
    card = Card(0, error, said)
    assert as_fits(card, GPU, AT_ONCE, "windows") == "3 on cpu"
    assert as_fits(card, GPU, AT_ONCE, "windows") == "3 on cpu"
    assert card.asked[-2:] == [("cpu", 3), ("cpu", 3)]
    assert "computed on the CPU" in shortages()[0]
    card.holds = 16
    monkeypatch.setattr(gpu_memory, "RETRY_S", 0.0)
    assert shortages() == []
    assert as_fits(card, GPU, AT_ONCE, "windows") == "16 on cuda"


def test_other_errors_and_those_of_the_cpu_are_the_callers():
    with pytest.raises(RuntimeError, match="shapes"):
        as_fits(Card(0, RuntimeError, "shapes differ"), GPU, AT_ONCE, "windows")

    def fails(device: torch.device, number: int) -> None:
        raise torch.cuda.OutOfMemoryError

    with pytest.raises(torch.cuda.OutOfMemoryError):
        as_fits(fails, CPU, AT_ONCE, "windows")
    assert shortages() == []


def test_the_copy_on_the_cpu_computes_the_same_and_shares_nothing():
    torch.manual_seed(0)
    model = nn.Sequential(nn.LSTM(3, 4, batch_first=True, bidirectional=True)).eval()
    model.register_buffer("scale", torch.ones(2))
    copied = on_cpu(model)
    x = torch.randn(2, 5, 3)
    assert torch.equal(model(x)[0], copied(x)[0])
    assert not {id(p) for p in model.parameters()} & {id(p) for p in copied.parameters()}
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
    model.scale.zero_()
    assert copied.scale.sum() == 2
    assert all(parameter.abs().sum() > 0 for parameter in copied.parameters())


def out_of_memory(*_):
    raise torch.cuda.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB. More words")


def test_a_model_that_does_not_fit_is_read_to_the_cpu(tmp_path, monkeypatch):
    model = make_model()
    save_checkpoint(tmp_path / "model.safetensors", model, backbones=make_features().backbones)
    move = nn.Module.to

    def to(module, device, *more):
        return out_of_memory() if torch.device(device).type == "cuda" else move(module, device, *more)

    monkeypatch.setattr(nn.Module, "to", to)
    placed = load_where_it_fits(tmp_path / "model.safetensors", "cuda:0").model
    assert all(torch.equal(one, other) for one, other in zip(placed.parameters(), model.parameters(), strict=True))
    assert shortages() == ["The memory of the GPU cuda:0 does not hold any models: they are computed on the CPU."]


def test_a_command_whose_gpu_is_full_ends_in_a_sentence(monkeypatch, capsys):
    monkeypatch.setattr("iaca.commands.describe.run", out_of_memory)
    assert main(["describe", "ca"]) == 1
    told = capsys.readouterr().err
    assert told.startswith("error: a GPU's memory ran out (CUDA out of memory); free some")
    assert told.count("\n") == 1


def test_a_step_that_does_not_fit_says_what_would():
    def attempt(number: int) -> None:
        if number > 3:
            out_of_memory()

    with pytest.raises(ShortMemoryError) as told:
        step_or_what_fits(out_of_memory, attempt, 32, "windows", "--set training.batch_windows")
    assert "a batch of 32 windows does not fit the GPU's memory" in str(told.value)
    assert "2 would: train with --set training.batch_windows=2" in str(told.value)
    with pytest.raises(ShortMemoryError, match="not even 2 do"):
        step_or_what_fits(out_of_memory, out_of_memory, 32, "windows", "--set training.batch_windows")
    with pytest.raises(ShortMemoryError, match="use more of them"):
        step_or_what_fits(out_of_memory, None, 32, "windows", "--set training.batch_windows")
    assert step_or_what_fits(lambda: 7, out_of_memory, 32, "windows", "--set training.batch_windows") == 7
