"""The examples run as they stand."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

EXAMPLES = Path(__file__).resolve().parent.parent / "examples"
WRITTEN = {
    "load_and_infer": ("curves.svg", "curves.html"),
    "own_attention": ("mean_iaca.safetensors",),
    "own_features": ("own_features/person-0.safetensors", "own_features/models/ca_iaca.safetensors"),
}


def environment():
    paths = [str(EXAMPLES.parent), os.environ.get("PYTHONPATH", "")]
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, paths))}


@pytest.mark.parametrize("name", sorted(file.stem for file in EXAMPLES.glob("*.py")))
def test_a_script_writes_what_it_promises(tmp_path, name):
    command = [sys.executable, str(EXAMPLES / f"{name}.py"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment(), check=False)
    assert done.returncode == 0, done.stderr
    assert all((tmp_path / file).stat().st_size for file in WRITTEN[name])


@pytest.mark.slow
def test_the_notebook_runs_and_shows_the_player(tmp_path, monkeypatch):
    monkeypatch.setenv("IACA_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
    notebook = nbformat.read(EXAMPLES / "tour.ipynb", as_version=4)
    NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(tmp_path)}}).execute()
    shown = {kind for cell in notebook.cells for output in cell.get("outputs", ()) for kind in output.get("data", ())}
    assert {"application/vnd.jupyter.widget-view+json", "application/vnd.plotly.v1+json", "text/html"} <= shown
    assert (tmp_path / "figures" / "weak-face-09.svg").stat().st_size


def test_the_notebook_is_kept_without_its_outputs():
    notebook = nbformat.read(EXAMPLES / "tour.ipynb", as_version=4)
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)
