"""What is imported is declared, what is declared is imported, and pins lie in the declared ranges."""

from __future__ import annotations

import ast
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
UNSEEN = {"tensorboard", "torchaudio"}
"""Imported by torch.utils.tensorboard for us, and by name once it is needed."""


def declared(requirements):
    return {canonicalize_name(one.name): one for one in map(Requirement, requirements)}


def pins(name):
    lines = (ROOT / name).read_text(encoding="utf-8").splitlines()
    return declared(text for line in lines if (text := line.split("#")[0].strip()) and not text.startswith("-"))


def imported(*packages):
    """Distributions that the code imports, anywhere in it."""
    known, found = packages_distributions(), set()
    for file in (file for package in packages for file in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module] if isinstance(node, ast.ImportFrom) and node.module else []
            found |= {name.split(".")[0] for name in names}
    found -= {"iaca", "dashboard", "tests", "docs", "benchmarks", "examples", *sys.stdlib_module_names}
    return {canonicalize_name(one) for name in found for one in set(known.get(name, [name]))}


def test_the_packages_import_what_is_declared_and_nothing_else():
    needed = declared(PROJECT["dependencies"])
    extras = {name for extra in PROJECT["optional-dependencies"].values() for name in declared(extra)}
    found = imported("iaca", "dashboard")
    assert found <= set(needed) | extras
    assert set(needed) <= found | UNSEEN


def test_the_tests_import_what_is_pinned():
    found = imported("iaca", "dashboard", "tests", "docs", "benchmarks", "examples")
    assert found <= set(pins("requirements.txt")) | set(pins("requirements-dev.txt"))


def test_every_dependency_is_pinned_within_its_range():
    runtime, tools = pins("requirements.txt"), pins("requirements-dev.txt")
    for name, needed in declared(PROJECT["dependencies"]).items():
        (pin,) = runtime[name].specifier
        assert pin.version in needed.specifier, needed
    for extra in PROJECT["optional-dependencies"].values():
        for name, needed in declared(extra).items():
            if name == PROJECT["name"]:  # an extra that holds others
                continue
            (pin,) = (runtime | tools)[name].specifier
            assert pin.version in needed.specifier, needed
    assert not set(runtime) & set(tools)
