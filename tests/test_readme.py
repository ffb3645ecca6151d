"""What the README promises is there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import torch

from iaca.__main__ import COMMANDS
from iaca.config import FusionConfig
from iaca.models.fusion_model import FusionModel

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def test_the_example_of_a_fusion_is_short_and_makes_a_model_with_gates():
    (example,) = [block for block in blocks("python") if "register_fusion" in block]
    assert len(example.splitlines()) < 20
    exec(compile(example, "my_fusion.py", "exec"), {"__name__": "my_fusion"})
    config = FusionConfig(fusion="mean", iaca=True, audio_dim=8, visual_dim=8, dim=8)
    output = FusionModel(config)(torch.randn(2, 16, 8), torch.randn(2, 16, 8))
    assert output.explanations["valence"].stage1_audio_weights.shape == (2, 16, 2)


def test_every_command_that_is_named_exists_and_every_command_is_named():
    named = set(re.findall(r"python -m iaca ([a-z-]+)", README))
    assert named == set(COMMANDS)


def test_every_file_that_is_named_exists():
    for path in re.findall(r"`((?:checkpoints|demo|benchmarks|dashboard|iaca)/[\w./-]+)`", README):
        assert (ROOT / path).exists(), path


def test_ci_runs_the_test_command_of_the_readme():
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    (command,) = [
        line for line in README.splitlines() if line.startswith("pip install -r requirements-dev.txt && pytest")
    ]
    assert shlex.split(command)[:3] == ["pip", "install", "-r"]
    assert "README.md" in ci
    assert command not in ci  # it is read from the README, not copied


def test_every_score_that_is_quoted_is_printed_in_the_report_of_the_study():
    report = (ROOT / "demo" / "results" / "report.md").read_text(encoding="utf-8")
    card = (ROOT / "checkpoints" / "README.md").read_text(encoding="utf-8")
    section = README.split("## Does IACA help, here?")[1].split("\n## ")[0]
    quoted = set(re.findall(r"[+-]?\d\.\d{3}", section + card))
    assert len(quoted) > 20
    assert quoted <= set(re.findall(r"[+-]?\d\.\d{3}", report))
