"""The check of a GPU runs on a CPU in little, and a part that fails stops no other."""

from __future__ import annotations

import json

import pytest
import torch

from benchmarks.gpu_check import __main__ as gpu_check
from benchmarks.gpu_check.check import Check, Part

# Those that start commands of their own take as long as all others together.
ALONE = [part.work.__name__ for part in gpu_check.PARTS if part.work.__name__ not in ("shards", "torchrun")]


@pytest.mark.slow
def test_every_part_runs_on_a_cpu_and_its_numbers_are_kept(tmp_path, capsys):
    out = tmp_path / "numbers.json"
    assert gpu_check.main(["--device", "cpu", "--only", *ALONE, "--out", str(out)]) == 0
    numbers = json.loads(out.read_text())
    assert list(numbers) == ALONE
    assert numbers["environment"][0]["quick"] is True
    assert {line["prediction"] for line in numbers["models"]} == {0.0}  # the CPU agrees with itself
    assert numbers["extraction"][0]["affwild2_min"] > 0
    assert "0 parts failed" in capsys.readouterr().out


def test_a_part_that_fails_is_a_line_and_one_that_the_time_is_too_short_for_is_skipped(capsys):
    def broken(check):
        raise RuntimeError("no kernel image")

    def long(check):
        raise AssertionError("not reached")

    def last(check):
        check.say("last", rate=1.5)

    check = Check(torch.device("cpu"), quick=False, budget_s=60, out=None)
    for part in (Part(broken, 1), Part(long, 600), Part(last, 1)):
        check.run(part)
    told = capsys.readouterr().out
    assert "!! broken failed: RuntimeError: no kernel image" in told
    assert "-- long: skipped" in told
    assert "last: rate 1.5" in told
    assert check.failed == ["broken"]
