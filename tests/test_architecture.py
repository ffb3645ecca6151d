"""Who may import whom: the arrows between folders, walked in the source."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BOTTOM = {
    "iaca",
    "iaca.config",
    "iaca.types",
    "iaca.errors",
    "iaca.files",
    "iaca.listening",
    "iaca.logs",
    "iaca.headers",
    "iaca.clips",
    "iaca.metrics",
    "iaca.resources",
    "iaca.summaries",
}
"""What everything may import."""

WHOLE_OF_IACA = {"iaca.checkpoints", "iaca.compute", "iaca.data", "iaca.evaluation", "iaca.features", "iaca.figures",
                 "iaca.inference", "iaca.models", "iaca.plugins", "iaca.study", "iaca.training"}  # fmt: skip

ALLOWED = {
    "iaca.errors": set(),
    "iaca.config": set(),
    "iaca.types": set(),
    "iaca.files": set(),
    "iaca.listening": set(),
    "iaca.logs": set(),
    "iaca.headers": set(),
    "iaca.clips": set(),
    "iaca.metrics": set(),
    "iaca.resources": set(),
    "iaca.summaries": set(),
    "iaca.plugins": {"iaca.models"},
    "iaca.compute": set(),
    "iaca.data": {"iaca.compute"},
    "iaca.data.media": {"iaca.compute"},
    "iaca.data.faces": {"iaca.data.media"},
    "iaca.models": set(),
    "iaca.figures": set(),
    "iaca.checkpoints": {"iaca.models"},
    "iaca.features": {"iaca.data", "iaca.checkpoints", "iaca.compute"},
    "iaca.inference": {"iaca.checkpoints", "iaca.compute"},
    "iaca.training": {"iaca.features", "iaca.data", "iaca.models", "iaca.inference", "iaca.compute"},
    "iaca.evaluation": {"iaca.inference", "iaca.models"},
    "iaca.study": {
        "iaca.training", "iaca.evaluation", "iaca.inference", "iaca.features", "iaca.checkpoints", "iaca.models",
        "iaca.data", "iaca.figures", "iaca.compute",
    },
    "iaca.demo": {
        "iaca.study", "iaca.training", "iaca.features", "iaca.checkpoints", "iaca.models", "iaca.data", "iaca.compute",
        "iaca.evaluation", "iaca.inference",
    },
    "iaca.doctor": {
        "iaca.checkpoints", "iaca.compute", "iaca.data", "iaca.features", "iaca.inference",
    },
    "iaca.commands": WHOLE_OF_IACA | {"iaca.demo", "iaca.doctor"},
    "iaca.__main__": {"iaca.commands", "iaca.plugins"},
    "dashboard": set(),
    "dashboard.routes": {"dashboard.admission", "dashboard.state"},
    "dashboard.state": {"dashboard.admission"},
    "dashboard.steps": {"dashboard.admission", "dashboard.routes", "dashboard.state", "dashboard.turns"},
    "dashboard.upload_room": {"dashboard.state"},
    "dashboard.uploads": {"dashboard.admission", "dashboard.state", "dashboard.upload_room"},
    "dashboard.turns": set(),
    "dashboard.charts": {"iaca.figures"},
    "dashboard.timeline": {"iaca.figures"},
    "dashboard.timeline.declared": {"iaca.figures"},
    "dashboard.components": {"dashboard.timeline"},
    "dashboard.export": {"dashboard.timeline.declared", "iaca.data", "iaca.figures"},
    "dashboard.services": {
        "dashboard.timeline", "dashboard.export", "dashboard.routes", "dashboard.state", "dashboard.turns",
        "dashboard.uploads", *WHOLE_OF_IACA,
    },
    "dashboard.sections": {
        "dashboard.charts", "dashboard.services", "dashboard.timeline", "dashboard.components", "dashboard.state",
        "dashboard.routes", "dashboard.steps", "dashboard.turns", "dashboard.uploads", "iaca.figures",
    },
    "dashboard.app_pages": {
        "dashboard.sections", "dashboard.services", "dashboard.timeline", "dashboard.components", "dashboard.charts",
        "dashboard.state", "dashboard.routes", "dashboard.upload_room", "dashboard.uploads", "iaca.figures",
    },
    "dashboard.notebook": {
        "dashboard.timeline", "iaca.checkpoints", "iaca.data", "iaca.features", "iaca.figures", "iaca.inference",
        "iaca.resources",
    },
    "dashboard.admission": set(),
    "dashboard.health": {"dashboard.services"},
    "dashboard.app": {
        "dashboard.admission", "dashboard.health", "dashboard.routes", "dashboard.state", "dashboard.components",
        "dashboard.sections", "dashboard.services", "dashboard.steps", "dashboard.upload_room", "dashboard.uploads",
    },
}  # fmt: skip
"""Folder (or module beside them) -> folders that it may import besides the bottom and itself."""

WITHOUT_STREAMLIT = ("iaca", "dashboard.timeline", "dashboard.export", "dashboard.charts")


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


def folder_of(name):
    """The longest entry of the table, or of the bottom, that a dotted name lies in."""
    known = set(ALLOWED) | BOTTOM
    return max((one for one in known if name == one or name.startswith(one + ".")), key=len, default=None)


@pytest.mark.parametrize(
    ("name", "file"),
    [*modules("iaca"), *modules("dashboard")],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_module_imports_only_what_its_folder_may(name, file):
    folder = folder_of(name)
    assert folder in ALLOWED or name == "iaca", f"{name} lies in no folder of the table: add it with what it may import"
    for imported in imports(file):
        if imported.split(".")[0] not in ("iaca", "dashboard"):
            assert not (imported.startswith("streamlit") and name.startswith(WITHOUT_STREAMLIT)), name
            continue
        target = folder_of(imported)
        if imported == "dashboard":  # the package itself; the module that is taken from it follows
            continue
        inside = target == folder or target.startswith(folder + ".")
        allowed = ALLOWED.get(folder, set())
        assert inside or target in BOTTOM or any(target == a or target.startswith(a + ".") for a in allowed), (
            f"{name} may not import {imported}"
        )


def test_no_folder_imports_itself_by_way_of_another():
    arrows = defaultdict(set)
    for name, file in [*modules("iaca"), *modules("dashboard")]:
        folder = ".".join(name.split(".")[:2])
        for imported in imports(file):
            target = ".".join((folder_of(imported) or "").split(".")[:2])
            if target and target not in (folder, "iaca", "dashboard"):
                arrows[folder].add(target)

    def reached(folder, seen):
        for target in arrows[folder] - seen:
            seen.add(target)
            reached(target, seen)
        return seen

    for folder in list(arrows):
        assert folder not in reached(folder, set()), f"{folder} imports itself by way of {sorted(arrows[folder])}"


@pytest.mark.parametrize("package", ["iaca", "dashboard"])
def test_no_two_files_of_a_package_have_one_name(package):
    files = defaultdict(list)
    for name, file in modules(package):
        if file.stem != "__init__":
            files[file.stem].append(name)
    assert not {stem: names for stem, names in files.items() if len(names) > 1}


@pytest.mark.parametrize("ending", ["py", "js", "css"])
def test_no_file_is_longer_than_350_lines(ending):
    places = ("iaca", "dashboard", "tests", "benchmarks", "docs", "examples")
    for file in (file for place in places for file in (ROOT / place).rglob(f"*.{ending}")):
        assert len(file.read_text(encoding="utf-8").splitlines()) <= 350, file.relative_to(ROOT)


def test_the_start_of_the_page_does_not_wait_for_torchvision_or_torchaudio():
    code = "import sys, iaca.inference, iaca.checkpoints, iaca.features.feature_files; "
    code += "print([m for m in sys.modules if m in ('torchvision', 'torchaudio', 'cv2', 'av')])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert found.stdout.strip() == "[]"
