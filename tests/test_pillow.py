"""Pillow is kept from everything that comes from outside: see SECURITY.md."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import font_source_sans_pro
import numpy as np
import PIL.Image
import PIL.ImageFont
import pytest
from streamlit.testing.v1 import AppTest

from dashboard.export.film import write_film
from dashboard.export.gif import write_gif
from dashboard.export.printed_rows import View
from dashboard.timeline.declared import Curve, Row, Samples
from iaca.figures import palette
from tests.dashboard.projects import Spec, frame_times, write_video
from tests.dashboard.serving import PATIENCE_S

ROOT = Path(__file__).resolve().parent.parent
USED = {
    "Image.new", "Image.Image", "ImageDraw.Draw", "ImageDraw.ImageDraw", "ImageFont.truetype", "ImageFont.FreeTypeFont",
}  # fmt: skip
"""All that the project takes from Pillow: an empty picture, a pen, a font, and their types."""

OPENERS = {"imread", "imageio", "ImageClip", "TextClip", "ImageSequenceClip", "camera_input", "logo", "add_image"}
"""Names by which other libraries hand files or bytes to Pillow, or draw with a font of their own."""

SPEC = Spec("someone", 40)


def trees():
    for package in ("iaca", "dashboard"):
        for file in sorted((ROOT / package).rglob("*.py")):
            yield file.relative_to(ROOT), ast.parse(file.read_text(encoding="utf-8"))


def test_the_project_takes_nothing_from_pillow_that_opens_a_file():
    used = set()
    for _, tree in trees():
        names = set()
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] == "PIL":
                assert node.module == "PIL"
                names |= {alias.asname or alias.name for alias in node.names}
            elif isinstance(node, ast.Import):
                assert not any(alias.name.split(".")[0] == "PIL" for alias in node.names)
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in names:
                used.add(f"{node.value.id}.{node.attr}")
    assert used == USED


def test_no_other_library_is_asked_to_open_a_picture():
    for file, tree in trees():
        for node in ast.walk(tree):
            name = node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")
            assert name not in OPENERS, f"{file} uses {name}"
            modules = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            modules += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not any(module.split(".")[0] == "imageio" for module in modules), file


@pytest.fixture
def watched(monkeypatch):
    """What Pillow was asked to open, and which fonts it read."""
    opened, fonts = [], []
    truetype = PIL.ImageFont.truetype

    def note(file, *args, **kwargs):
        opened.append(file)
        raise AssertionError(f"Pillow was asked to open {file!r}")

    def note_font(font, *args, **kwargs):
        fonts.append(Path(font))
        return truetype(font, *args, **kwargs)

    monkeypatch.setattr(PIL.Image, "open", note)
    monkeypatch.setattr(PIL.ImageFont, "truetype", note_font)
    return opened, fonts


def test_a_film_and_a_gif_open_no_picture_and_no_font_but_ours(watched, tmp_path):
    opened, fonts = watched
    video, pts_s = tmp_path / "someone.mp4", frame_times(SPEC)
    write_video(video, SPEC)
    curve = Curve("truth", "valence", palette.MODELS[1].colour)
    row = Row("valence", "valence", "valence", "", (-1, 1), (0,), 80, (curve,))
    view = View("someone", [row], [], {curve.column: Samples(np.sin(pts_s), "frames")}, pts_s, synthetic=True)
    write_gif(tmp_path / "film.gif", write_film(tmp_path / "film.mp4", view, video, (0, 30)))
    assert opened == []
    assert fonts
    ours = Path(font_source_sans_pro.__file__).parent
    assert all(font.is_relative_to(ours) for font in fonts)


def test_a_results_folder_cannot_have_a_picture_opened(watched, tmp_path, monkeypatch):
    opened, _ = watched
    results = shutil.copytree(ROOT / "demo" / "results", tmp_path / "results")
    psd = tmp_path / "crafted.psd"
    psd.write_bytes(b"8BPS" + bytes(100))
    for figure in (results / "figures").iterdir():
        figure.write_text(str(psd))
    monkeypatch.setenv("IACA_RESULTS", str(results))
    page = AppTest.from_file(str(ROOT / "dashboard" / "app_pages" / "results.py"), default_timeout=PATIENCE_S).run()
    assert not page.exception
    assert [one.value for one in page.subheader]
    assert opened == []
