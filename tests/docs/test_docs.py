"""The documentation builds without a warning, needs no other host, and its examples run."""

from __future__ import annotations

import re
import subprocess
import sys
from html import unescape
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
GUIDES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").glob("*.md"))
LOADED = re.compile(r"<(?:script|link|img|iframe)\b[^>]*?\b(?:src|href)=\"?([^\"\s>]+)")
ELSEWHERE = re.compile(r"(https?:)?//")
EXAMPLE = re.compile(r"^```python\n(.*?)^```", re.DOTALL | re.MULTILINE)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built site; a warning is an error."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_loads_from_the_site_alone(site):
    pages = list(site.rglob("*.html"))
    assert pages
    for page in pages:
        loaded = LOADED.findall(page.read_text("utf-8"))
        assert not [address for address in loaded if ELSEWHERE.match(address)], page
    for sheet in site.rglob("*.css"):
        addresses = re.findall(r"url\(['\"]?([^)]*)", sheet.read_text("utf-8"))
        assert not [address for address in addresses if ELSEWHERE.match(address)], sheet


def test_equations_are_mathml_and_carry_their_numbers(site):
    page = (site / "models.html").read_text("utf-8")
    assert "arithmatex" not in page
    blocks = re.findall(r"<math\b[^>]*display=\"block\".*?</math>", page, re.DOTALL)
    texts = [unescape(re.sub(r"<[^>]+>", "", block)) for block in blocks]
    assert [found[1] for text in texts if (found := re.search(r"\((\d)\)$", text))] == list("123456789")


def test_the_api_has_what_people_import(site):
    pages = "".join(page.read_text("utf-8") for page in site.glob("api/*.html"))
    assert {
        "iaca.checkpoints.fusion_files.load_checkpoint",
        "iaca.config.fusion.FusionConfig",
        "iaca.features.feature_files.read_features",
        "iaca.inference.trace.infer",
        "iaca.metrics.ccc",
        "iaca.models.gating.InconsistencyAwareGate",
    } <= set(re.findall(r"id=\"(iaca\.[\w.]+)\"", pages))


@pytest.mark.parametrize("guide", GUIDES)
def test_the_examples_of_a_guide_run(guide, monkeypatch):
    monkeypatch.chdir(ROOT)
    for example in EXAMPLE.findall((ROOT / guide).read_text(encoding="utf-8")):
        exec(compile(example, guide, "exec"), {"__name__": "example"})
