"""A new fusion is one file: the registry's entry says all that the rest of the project asks."""

from __future__ import annotations

import argparse
import ast
from pathlib import Path

import pytest
import torch

import iaca
from iaca.checkpoints import load_checkpoint, save_checkpoint
from iaca.commands.train import add_arguments, configurations
from iaca.config import ConfigError, FusionConfig
from iaca.models.fusion_model import FusionModel
from iaca.models.fusions import registry
from iaca.models.fusions.cross_attention import CrossAttention
from iaca.models.fusions.registry import Symbol, checked, fusion_names, model_title
from tests.conftest import BACKBONES

ROOT = Path(__file__).resolve().parents[4]
LISTS_OF_MODELS = (
    "iaca/models/fusions/",  # each its own
    "iaca/study/",  # what is compared
    "iaca/demo/rebuild.py",  # what ships
    "iaca/commands/demo.py",
    "iaca/config/fusion.py",  # the default
    "iaca/models/published/network.py",  # which of them the authors published
    "iaca/figures/paper.py",  # rows of the study
    "dashboard/app_pages/results.py",
)


def test_no_other_file_knows_a_fusion_by_name():
    names = {name for name in fusion_names() if registry.registered_fusion(name).plugin is None}
    for file in (file for package in ("iaca", "dashboard") for file in (ROOT / package).rglob("*.py")):
        path = file.relative_to(ROOT).as_posix()
        if not path.startswith(LISTS_OF_MODELS):
            words = {node.value for node in ast.walk(ast.parse(file.read_text())) if isinstance(node, ast.Constant)}
            assert not words & names, path


def test_the_papers_fusions_come_first_in_lists():
    assert fusion_names()[:5] == ("concat", "ca", "tca", "jca", "rjca")


def test_a_model_is_called_by_the_title_of_its_fusion():
    assert model_title("ca") == "CA"
    assert model_title("rjca", iaca=True) == "RJCA+IACA"
    assert model_title("not_registered", iaca=True) == "NOT_REGISTERED+IACA"


@pytest.fixture
def registered(monkeypatch):
    """Registrations that are undone afterwards."""
    monkeypatch.setattr(registry, "_FUSIONS", dict(registry._FUSIONS))


def test_a_fusion_brings_its_title_its_check_its_map_and_its_symbols(registered, tmp_path):
    def check(config):
        if config.dim > 100:
            raise ConfigError(f"dim is {config.dim}; expected at most 100")
        return config

    iaca.register_fusion(
        "mine",
        lambda config: CrossAttention(config.dim),
        title="My attention",
        check=check,
        map_rows="other",
        symbols=lambda config: [Symbol("M", "W", "first layer")],
    )
    assert fusion_names()[-1] == "mine"
    with pytest.raises(ConfigError, match="dim is 512; expected at most 100"):
        FusionModel(FusionConfig(fusion="mine"))
    model = FusionModel(FusionConfig(fusion="mine", audio_dim=12, visual_dim=12, dim=12, trunk="shared"))
    save_checkpoint(tmp_path / "mine.safetensors", model, backbones=BACKBONES)
    loaded = load_checkpoint(tmp_path / "mine.safetensors")
    assert loaded.title == "My attention"
    assert loaded.map_rows == {"audio": "visual", "visual": "audio"}
    assert loaded.describe()["symbols"] == {"M (first layer, shared)": "trunks.shared.attention.W"}
    assert torch.equal(loaded.model.trunks["shared"].attention.W, model.trunks["shared"].attention.W)


def test_concatenation_has_no_first_stage():
    assert not checked(FusionConfig(fusion="concat", iaca=True)).stage1
    assert checked(FusionConfig(fusion="concat")).stage1  # without gates the field means nothing


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("fusion = 'tca'\ndim = 10", "num_heads is 4 and dim is 10; expected a divisor of dim"),
        ("fusion = 'rjca'\ndim = 11", "dim is 11; expected an even number for fusion 'rjca'"),
        ("fusion = 'concat'\niaca = true\nstage2 = false", "fusion is 'concat' and stage2 is false"),
        ("fusion = 'nonsense'", "expected one of: concat, ca, tca, jca, rjca"),
    ],
)
def test_settings_that_do_not_fit_a_fusion_are_refused_before_training(tmp_path, settings, message):
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    (tmp_path / "settings.toml").write_text(f"[fusion]\n{settings}\n")
    args = ["--features", "x", "--out", "y", "--config", str(tmp_path / "settings.toml")]
    with pytest.raises(ConfigError, match=message):
        configurations(parser.parse_args(args), 12, 12)
