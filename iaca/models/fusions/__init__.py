"""Base fusions, one file each. Every module of this folder is imported and registers its fusion in its last lines."""

from __future__ import annotations

import importlib
import pkgutil

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
