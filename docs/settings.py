"""Shows settings in the API pages: they stand at the fields of a configuration, and its docstring is made of them."""

from __future__ import annotations

import importlib
import inspect
from typing import Any

import griffe


class SettingsAsAttributes(griffe.Extension):
    """Takes the docstring of a configuration from the class itself instead of its source."""

    def on_class(self, *, cls: griffe.Class, **kwargs: Any) -> None:
        """Replace the docstring of a class that `iaca.config.settings.documented` decorates."""
        if cls.docstring and any(one.callable_path == "iaca.config.settings.documented" for one in cls.decorators):
            made = getattr(importlib.import_module(cls.module.path), cls.name)
            cls.docstring.value = inspect.cleandoc(made.__doc__)
