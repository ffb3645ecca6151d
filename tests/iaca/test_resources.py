"""What ships is found in a clone and in an installation, and caches go where they may."""

from __future__ import annotations

from pathlib import Path

import pytest

from iaca import resources
from iaca.checkpoints import describe_file, load_backbone, load_checkpoint

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def installed(tmp_path, monkeypatch):
    """The package as a wheel lays it out: no clone around it."""
    package = tmp_path / "site-packages" / "iaca"
    monkeypatch.setattr(resources, "PACKAGE", package)
    monkeypatch.delenv("IACA_CACHE", raising=False)
    return package


def test_a_clone_is_found_from_anywhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("IACA_CACHE", raising=False)
    assert resources.clone() == ROOT
    assert resources.shipped("demo") == ROOT / "demo"
    assert resources.shipped("checkpoints") == ROOT / "checkpoints"
    assert resources.cache_folder() == ROOT / ".cache"
    assert resources.PAGE.is_file()


def test_an_installed_package_has_its_own_copies_and_caches_in_the_users_folder(installed, monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr("sys.platform", "linux")
    assert resources.clone() is None
    assert resources.shipped("demo") == installed / "shipped" / "demo"
    assert resources.cache_folder() == tmp_path / "cache" / "iaca"


def test_iaca_cache_wins(installed, monkeypatch, tmp_path):
    monkeypatch.setenv("IACA_CACHE", str(tmp_path / "mine"))
    assert resources.cache_folder() == tmp_path / "mine"


def test_weights_that_ship_are_known_by_their_bare_names(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load_checkpoint("ca_iaca").path == ROOT / "checkpoints" / "ca_iaca.safetensors"
    assert load_backbone("visual_slim").path == ROOT / "checkpoints" / "visual_slim.safetensors"
    assert describe_file("ca_iaca")["name"] == "ca_iaca"
    assert resources.weights_file("ca_iaca.safetensors") == Path("ca_iaca.safetensors")
    assert resources.weights_file("models/ca_iaca") == Path("models/ca_iaca")
    assert resources.weights_file("unknown") == Path("unknown")
