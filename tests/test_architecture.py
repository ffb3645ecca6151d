"""Who may import whom: the arrows of the design, walked in the source."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BOTTOM = {
    "iaca",
    "iaca.errors",
    "iaca.config",
    "iaca.training_config",
    "iaca.what_if",
    "iaca.types",
    "iaca.files",
    "iaca.palette",
}
"""What everything may import."""

ALLOWED = {
    "iaca.errors": set(),
    "iaca.config": {"iaca.errors"},
    "iaca.training_config": {"iaca.config"},
    "iaca.what_if": {"iaca.config"},
    "iaca.types": {"iaca.config"},
    "iaca.distributed": set(),
    "iaca.plugins": set(),
    "iaca.submission": set(),
    "iaca.augmentation": set(),
    "iaca.files": set(),
    "iaca.palette": set(),
    "iaca.print_style": set(),
    "iaca.view_figure": {"iaca.print_style"},
    "iaca.paper_figures": {"iaca.print_style"},
    "iaca.difference_figure": {"iaca.print_style"},
    "iaca.map_figure": {"iaca.print_style"},
    "iaca.film": {"iaca.data", "iaca.print_style", "iaca.view_figure"},
    "iaca.animation": {"iaca.data"},
    "iaca.models": set(),
    "iaca.data": set(),
    "iaca.metrics": set(),
    "iaca.losses": set(),
    "iaca.dropout": set(),
    "iaca.devices": set(),
    "iaca.postprocess": set(),
    "iaca.sampling": set(),
    "iaca.checkpoint_files": set(),
    "iaca.checkpoints": {"iaca.models", "iaca.checkpoint_files"},
    "iaca.extraction": {"iaca.data", "iaca.models", "iaca.checkpoints", "iaca.devices", "iaca.threads"},
    "iaca.corpus_extraction": {"iaca.data", "iaca.checkpoints", "iaca.extraction"},
    "iaca.own_video": {"iaca.data", "iaca.checkpoints", "iaca.extraction"},
    "iaca.corruption": {"iaca.data", "iaca.checkpoints", "iaca.extraction", "iaca.threads"},
    "iaca.moments": set(),
    "iaca.threads": {"iaca.devices"},
    "iaca.attention_maps": {"iaca.checkpoints", "iaca.data", "iaca.inference", "iaca.threads"},
    "iaca.pretrained": {"iaca.models", "iaca.checkpoints"},
    "iaca.inference": {
        "iaca.data", "iaca.models", "iaca.checkpoints", "iaca.dropout", "iaca.metrics", "iaca.threads",
    },
    "iaca.training_state": set(),
    "iaca.backbone_batches": {"iaca.data", "iaca.distributed"},
    "iaca.backbone_training": {
        "iaca.data", "iaca.models", "iaca.backbone_batches", "iaca.training_state", "iaca.distributed", "iaca.losses",
        "iaca.metrics", "iaca.devices", "iaca.augmentation",
    },
    "iaca.training": {
        "iaca.inference", "iaca.sampling", "iaca.losses", "iaca.metrics", "iaca.models", "iaca.distributed",
        "iaca.training_state",
    },
    "iaca.evaluation": {"iaca.inference", "iaca.metrics", "iaca.models", "iaca.postprocess", "iaca.checkpoints"},
    "iaca.robustness": {"iaca.evaluation", "iaca.inference"},
    "iaca.study": {
        "iaca.training", "iaca.evaluation", "iaca.inference", "iaca.models", "iaca.checkpoints", "iaca.robustness",
        "iaca.data", "iaca.devices", "iaca.metrics", "iaca.paper_figures", "iaca.print_style",
    },
    "iaca.demo": {
        "iaca.data", "iaca.models", "iaca.checkpoints", "iaca.corpus_extraction", "iaca.backbone_training",
        "iaca.training", "iaca.evaluation", "iaca.study", "iaca.devices",
    },
    "dashboard.figures": {"iaca.types"},
    "dashboard.components": set(),
}  # fmt: skip
"""Room -> rooms it may import besides the bottom and itself; a room is a module or a package of iaca or dashboard."""


def modules(package):
    for file in sorted((ROOT / package).rglob("*.py")):
        name = ".".join(file.relative_to(ROOT).with_suffix("").parts)
        yield name.removesuffix(".__init__"), file


def imports(file):
    """Modules that a file imports when it runs; names imported for annotations alone do not count."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{file}: a relative import; name the package"
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room_of(name, rooms):
    return max((r for r in rooms if name == r or name.startswith(r + ".")), key=len, default=None)


@pytest.mark.parametrize(
    ("name", "file"), [*modules("iaca")], ids=lambda value: value if isinstance(value, str) else ""
)
def test_a_module_of_iaca_imports_only_what_lies_below_it(name, file):
    if name == "iaca.__main__" or name.startswith("iaca.commands") or name == "iaca":
        return
    room = room_of(name, ALLOWED)
    assert room is not None, f"{name} is in no room: add it to ALLOWED with what it may import"
    rooms = set(ALLOWED) | BOTTOM
    for imported in imports(file):
        assert not imported.startswith("dashboard"), f"{name} imports {imported}"
        if imported.startswith("iaca."):
            target = room_of(imported, rooms)
            assert target in BOTTOM | ALLOWED[room] | {room}, f"{name} may not import {imported}"


@pytest.mark.parametrize(
    ("name", "file"), [*modules("dashboard")], ids=lambda value: value if isinstance(value, str) else ""
)
def test_the_dashboard_reaches_iaca_through_services_and_types_only(name, file):
    for imported in imports(file):
        if imported.startswith("iaca") and not name.endswith("services"):
            assert room_of(imported, BOTTOM) in BOTTOM - {"iaca"}, f"{name} may not import {imported}"
        if name == "dashboard.figures":
            assert not imported.startswith("streamlit")
        if name.startswith("dashboard.components"):
            assert not imported.startswith(("iaca", "dashboard.services", "dashboard.session"))


def test_only_the_command_line_imports_the_demo():
    for name, file in modules("iaca"):
        if not name.startswith(("iaca.demo", "iaca.commands")):
            assert not any(i.startswith("iaca.demo") for i in imports(file)), name


def test_the_start_of_the_page_does_not_wait_for_torchvision_or_torchaudio():
    import subprocess
    import sys

    code = "import sys, iaca.inference, iaca.checkpoints, iaca.data.features; print([m for m in sys.modules if m in "
    code += "('torchvision', 'torchaudio', 'cv2', 'av')])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "[]"
