"""The API pages say what every setting is, although the source of a configuration does not say it in one place."""

from __future__ import annotations

from pathlib import Path

import griffe
import pytest

from iaca.config import FusionConfig, TrainingConfig
from iaca.config.settings import settings_of

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("kind", [FusionConfig, TrainingConfig])
def test_the_docstring_of_a_configuration_lists_its_settings(kind):
    extensions = griffe.load_extensions(str(ROOT / "docs" / "settings.py"))
    package = griffe.load("iaca", search_paths=[str(ROOT)], extensions=extensions)
    shown = package[kind.__module__.removeprefix("iaca.") + f".{kind.__name__}"].docstring.value
    assert all(f"{one.name}: {one.line}" in shown for one in settings_of(kind))
