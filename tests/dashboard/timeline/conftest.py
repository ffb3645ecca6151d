"""A subject and two models for it."""

from __future__ import annotations

import pytest

from iaca.checkpoints import load_checkpoint
from tests.dashboard.projects import make_features, write_model
from tests.dashboard.timeline.drawing import SPEC


@pytest.fixture(scope="package")
def features():
    """Of a short recording."""
    return make_features(SPEC, seed=5)


@pytest.fixture(scope="package")
def models(tmp_path_factory):
    """CA without gates and with them, untrained."""
    folder = tmp_path_factory.mktemp("models")
    for name, iaca in (("ca", False), ("ca_iaca", True)):
        write_model(folder / f"{name}.safetensors", iaca=iaca, seed=3)
    return [load_checkpoint(folder / f"{name}.safetensors") for name in ("ca", "ca_iaca")]
