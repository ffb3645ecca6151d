"""The JavaScript of the dashboard: its unit tests, its types and its format."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

PROJECT = Path(__file__).resolve().parents[1]
NODE = shutil.which("node")
TOOLS = PROJECT / "node_modules" / ".bin"
TIMEOUT_S = 300

needs_node = pytest.mark.skipif(NODE is None, reason="no Node.js on this machine: install node 20 or later")
needs_tools = pytest.mark.skipif(not TOOLS.is_dir(), reason="TypeScript and Prettier are not installed: run npm ci")


def assert_passes(*command: str | Path) -> None:
    """The command ends without an error; what it prints is the message otherwise."""
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, timeout=TIMEOUT_S)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_node
def test_the_unit_tests_pass():
    assert_passes(NODE, "--test", *sorted((PROJECT / "tests" / "js").glob("*.test.js")))


@needs_node
@needs_tools
def test_the_types_hold():
    assert_passes(TOOLS / "tsc")


@needs_node
@needs_tools
def test_the_format_is_that_of_prettier():
    assert_passes(TOOLS / "prettier", "--check", ".")


def test_every_script_is_checked():
    scripts = sorted((PROJECT / "dashboard").rglob("*.js"))
    assert len(scripts) > 20
    for script in scripts:
        assert script.read_text(encoding="utf-8").startswith("// @ts-check\n"), script
