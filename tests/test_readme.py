"""What the README promises is there."""

from __future__ import annotations

import re
import shlex
from collections import Counter
from pathlib import Path

import pytest
import torch

from iaca.__main__ import COMMANDS
from iaca.config import FusionConfig
from iaca.models.fusion_model import FusionModel
from iaca.study.findings import Study

ROOT = Path(__file__).resolve().parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
GUIDES = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "checkpoints/README.md")
NAMED = r"`((?:checkpoints|demo|benchmarks|dashboard|iaca|tests|docs|examples|\.ci)/[\w./-]*)`"
THINGS_TO_ADD = ("fusion", "gate", "row", "command", "what-if", "page", "face detector", "data set")


def blocks(language):
    return re.findall(rf"^```{language}\n(.*?)^```", README, re.DOTALL | re.MULTILINE)


def section(title):
    return README.split(f"\n## {title}\n")[1].split("\n## ")[0]


def anchor(title):
    """Where a heading is found in a rendered page."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")


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


@pytest.mark.parametrize("guide", GUIDES)
def test_every_file_that_is_named_exists(guide):
    for path in re.findall(NAMED, (ROOT / guide).read_text(encoding="utf-8")):
        assert (ROOT / path).exists(), path


def test_every_link_leads_somewhere():
    anchors = {anchor(title) for title in re.findall(r"^#+ (.+)$", README, re.MULTILINE)}
    for target in re.findall(r"\]\(([^)]+)\)", README):
        if target.startswith("#"):
            assert target[1:] in anchors, target
        elif not target.startswith("https://"):
            assert (ROOT / target).exists(), target


def test_the_map_has_a_line_for_every_folder_of_the_packages():
    lines = re.findall(r"^\| `(\w+/\w+)/` \|", section("Map of the code"), re.MULTILINE)
    folders = {f"{file.parent.parent.name}/{file.parent.name}" for file in ROOT.glob("[id]a*/*/__init__.py")}
    assert set(lines) == folders
    assert len(lines) == len(folders)


def test_adding_a_thing_takes_a_few_lines_that_name_files():
    guide = section("How do I add ...")
    found = dict(re.findall(r"\*\*\.\.\. an? ([\w -]+?)(?: of the player)?\?\*\*(.*?)(?=\n\n|\Z)", guide, re.DOTALL))
    assert tuple(found) == THINGS_TO_ADD
    for thing, text in found.items():
        assert len(text.splitlines()) <= 5, thing
        assert re.search(NAMED, text), thing


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
    quoted = set(re.findall(r"[+-]?\d\.\d{3}", section("Does IACA help, here?")))
    assert len(quoted) > 20
    assert quoted | set(re.findall(r"[+-]?\d\.\d{3}", card)) <= set(re.findall(r"[+-]?\d\.\d{3}", report))


def test_the_table_of_scores_repeats_the_rows_of_the_report():
    report = (ROOT / "demo" / "results" / "report.md").read_text(encoding="utf-8")
    validation, test = (part.split("\n### ")[0] for part in report.split("### Table 2, with the extensions")[1:])
    means = {
        (name, draw): re.findall(r"\| (\d\.\d{3}) ±", rest)[:2]
        for draw, table in (("validation", validation), ("test", test))
        for name, rest in re.findall(r"^\| ([^|]+?) (\|.*)$", table, re.MULTILINE)
    }
    rows = re.findall(r"^\| (CA|JCA|concatenation), (\w+) \|(.*)\|$", section("Does IACA help, here?"), re.MULTILINE)
    assert len(rows) == 6
    for fusion, draw, cells in rows:
        shown = [cell.strip() for cell in cells.split("|")]
        if fusion == "concatenation":
            assert [shown[0], shown[3]] == means["Concat", draw]
            continue
        valence, arousal = zip(
            *(means[f"{fusion}{gates}", draw] for gates in ("", "+IACA", "+blind gates")), strict=True
        )
        assert tuple(shown) == (*valence, *arousal)


def test_what_the_study_found_is_counted_as_it_decided():
    rows = Study.read(ROOT / "demo" / "results").primary
    found = Counter((row["question"], row["verdict"]) for row in rows)
    assert Counter(row["question"] for row in rows) == dict.fromkeys({row["question"] for row in rows}, 16)
    told = section("Does IACA help, here?")
    assert "In none of 16 primary contrasts" in told
    assert found["is it the choice?", "nothing to gain here"] == 16
    assert "In 15 of 16 IACA does not differ from its base. In one it hurts" in told
    assert found["does the wrapper help?", "hurts"] == 1
    assert found["does the wrapper help?", "helps"] == 0
    assert "in 13 of 16 contrasts" in told
    assert found["is it worth having?", "helps"] == 13
