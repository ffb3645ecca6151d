"""A user's own attention gets gates, training and checkpoints, and is never imported because a file says so."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pandas as pd
import pytest

from iaca.features.feature_files import write_features
from iaca.plugins import PluginError, load_plugins
from tests.conftest import make_features

PLUGIN = """
import torch
import iaca
from iaca.types import Attended

class Swap(torch.nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.mix = torch.nn.Linear(dim, dim)

    def forward(self, audio, visual):
        a, v = self.mix(visual), self.mix(audio)
        return Attended(audio, visual, audio + a, visual + v, a, v)

def build(config):
    return Swap(config.dim)

iaca.register_fusion("swap", build)
"""


def run(folder, *arguments, plugins=""):
    environment = os.environ | {"IACA_PLUGINS": plugins}
    command = [sys.executable, "-m", "iaca", *map(str, arguments)]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True)


@pytest.mark.slow
def test_a_fusion_of_a_plugin_is_trained_in_one_process_and_opened_in_another(tmp_path):
    (tmp_path / "my_fusion.py").write_text(PLUGIN)
    (tmp_path / "settings.toml").write_text("[training]\nepochs = 2\nsteps_per_epoch = 2\n")
    for i in range(2):
        item = make_features(600, 8, seed=i, subject=f"s{i}", split="train")
        write_features(tmp_path / "features" / f"s{i}.safetensors", item)
    train = ["train", "--features", "features", "--config", "settings.toml", "--fusion", "swap", "--iaca"]
    done = run(tmp_path, *train, "--out", "swap.safetensors", "--plugin", "my_fusion")
    assert done.returncode == 0, done.stderr

    predict = ["predict", "--features", "features/s0.safetensors", "--checkpoint", "swap.safetensors"]
    refused = run(tmp_path, *predict, "--out", "trace.csv")
    assert refused.returncode == 1
    assert "needs fusion 'swap' of plugin 'my_fusion'" in refused.stderr
    assert "--plugin my_fusion" in refused.stderr
    assert "Traceback" not in refused.stderr

    opened = run(tmp_path, *predict, "--out", "trace.csv", plugins="my_fusion")
    assert opened.returncode == 0, opened.stderr
    frames = pd.read_csv(tmp_path / "trace.csv")
    weights = frames[["valence_stage2_audio", "valence_stage2_visual", "valence_stage2_joint"]]
    assert (abs(weights.sum(axis=1) - 1) < 1e-5).all()
    assert frames.valence_audio_contribution.between(0, 1).all()
    assert frames.valence_audio_received.isna().all()
    described = run(tmp_path, "describe", "swap.safetensors", "--json", "--plugin", "my_fusion")
    assert json.loads(described.stdout)["fusion"] == "swap"


@pytest.mark.slow
def test_the_study_trains_a_fusion_of_a_plugin_in_processes_of_their_own(tmp_path):
    (tmp_path / "my_fusion.py").write_text(PLUGIN)
    for i, split in enumerate(("train", "validation", "validation")):
        item = make_features(300, 8, seed=i, subject=f"s{i}", split=split)
        write_features(tmp_path / "features" / f"s{i}.safetensors", item)
    study = ["reproduce", "--features", "features", "--out", "out", "--fusion", "swap", "--seeds", "1", "--quick"]
    done = run(tmp_path, *study, "--workers", "2", "--plugin", "my_fusion")
    assert done.returncode == 0, done.stderr
    assert "| SWAP+IACA |" in done.stdout
    about = done.stdout.split("\n## ")[0].strip()
    assert about.endswith("annotated frames, clip stride 8.")


def test_a_plugin_that_cannot_be_imported_is_told_in_one_sentence(tmp_path):
    failed = run(tmp_path, "describe", "x.safetensors", "--plugin", "not_there")
    assert failed.returncode == 1
    assert f"plugin 'not_there' was not found; expected the name of a Python module in {tmp_path}" in failed.stderr
    assert "Traceback" not in failed.stderr


@pytest.mark.parametrize("name", ["../../x", "/tmp/x", "a b", "x:y", "\u202ex", "a..b"])
def test_what_is_no_name_of_a_module_is_not_looked_for(name):
    with pytest.raises(PluginError) as error:
        load_plugins([name])
    assert f"plugin {name!r} is no name of a Python module" in str(error.value)


def test_every_plugin_that_fails_is_named_and_the_others_are_loaded(tmp_path):
    (tmp_path / "my_fusion.py").write_text(PLUGIN)
    (tmp_path / "broken.py").write_text("1 / 0")
    code = (
        "import iaca\n"
        "from iaca.models.fusions.registry import registered_fusion\n"
        "try:\n    iaca.load_plugins(['not_there', 'broken', 'my_fusion'])\n"
        "except iaca.plugins.PluginError as error:\n    print(error)\n"
        "print(registered_fusion('swap').plugin)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    message, plugin = done.stdout.splitlines()
    assert "plugin 'not_there' was not found" in message
    assert "plugin 'broken' was found, but its import failed (ZeroDivisionError: division by zero)" in message
    assert plugin == "my_fusion"
