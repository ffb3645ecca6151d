"""A subject and two models for it."""

from __future__ import annotations

import pytest

from tests.dashboard.timeline.drawing import small_features, small_models


@pytest.fixture(scope="package")
def features():
    """Of a short recording."""
    return small_features()


@pytest.fixture(scope="package")
def models(tmp_path_factory):
    """CA without gates and with them, untrained."""
    return small_models(tmp_path_factory.mktemp("models"))
