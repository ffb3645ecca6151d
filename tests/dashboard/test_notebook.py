"""The player in a notebook: the front end of the widget in a browser, on what the Python side holds."""

from __future__ import annotations

import base64
import json
import subprocess
import sys

import pytest

import iaca
from dashboard import notebook
from iaca.config import DropoutConfig
from tests.conftest import make_features, make_model
from tests.dashboard.browsing import PLAYER
from tests.dashboard.projects import Spec, write_project

ADDRESS = "http://notebook.test/lab"

HOST = """
async ({ esm, css, state, buffers }) => {
  const style = document.createElement('style');
  style.textContent = css;
  document.head.append(style);
  const bytes = (text) => new DataView(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)).buffer);
  const held = { ...state, buffers: buffers.map(bytes) };
  const listeners = {};
  window.model = {
    get: (name) => held[name],
    set: (name, value) => { held[name] = value; },
    save_changes: () => { window.saved = held.place; },
    on: (event, act) => { listeners[event] = act; },
    off: (event) => { delete listeners[event]; },
    receive: (name, value) => { held[name] = value; listeners[`change:${name}`]?.(); },
  };
  const module = await import(URL.createObjectURL(new Blob([esm], { type: 'text/javascript' })));
  window.unmount = await module.default.render({ model: window.model, el: document.querySelector('main') });
}
"""
"""What a notebook does with a widget, by the contract of anywidget's front-end modules."""


def show(page, widget):
    """Show a widget as a notebook would, and wait until its curves are painted."""
    page.route(
        ADDRESS, lambda route: route.fulfill(content_type="text/html", body="<main></main><p tabindex=0>cell</p>")
    )
    page.goto(ADDRESS)
    names = ("html", "modules", "content", "target", "place")
    state = {"state": {name: json.loads(json.dumps(getattr(widget, name))) for name in names}}
    sources = {"esm": str(widget._esm), "css": widget._css}
    buffers = {"buffers": [base64.b64encode(part).decode() for part in widget.buffers]}
    page.evaluate(HOST, sources | state | buffers)
    page.wait_for_selector(f"{PLAYER}[data-revision]")


def frame(page):
    return int(page.get_attribute(PLAYER, "data-frame"))


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    return write_project(tmp_path_factory.mktemp("notebook"), [Spec("someone", 120)])


def test_the_player_shows_video_and_curves_and_both_sides_know_the_cursor(page, root, monkeypatch):
    monkeypatch.setenv("IACA_CACHE", str(root / "cache"))
    models = sorted((root / "checkpoints").glob("*.safetensors"))[:2]
    videos = [file for file in root.rglob("someone.*") if file.suffix in (".mp4", ".avi")]
    widget = iaca.view(root / "features" / "someone.safetensors", models, video=videos[0])
    show(page, widget)
    assert page.get_attribute(PLAYER, "data-frames") == "120"
    page.wait_for_function(f"document.querySelector('{PLAYER} canvas').width > 1")
    widget.seek(2.0)
    page.evaluate("target => window.model.receive('target', target)", widget.target)
    page.wait_for_function("window.saved?.frame > 0")  # it may have told of its beginning before
    expected = iaca.load_features(root / "features" / "someone.safetensors").pts_s.searchsorted(2.0)
    assert abs(frame(page) - expected) <= 1
    widget.place = page.evaluate("window.saved")
    assert widget.where == notebook.Place(frame(page), None)
    assert page.url == ADDRESS  # the address of a notebook is its own


def test_keys_reach_the_player_only_while_it_has_the_focus(page, root):
    models = sorted((root / "checkpoints").glob("*.safetensors"))[:1]
    show(page, iaca.view(root / "features" / "someone.safetensors", models[0]))
    page.focus("p[tabindex]")
    page.keyboard.press("ArrowRight")
    assert frame(page) == 0
    page.focus(PLAYER)
    page.keyboard.press("ArrowRight")
    page.wait_for_selector(f'{PLAYER}[data-frame="1"]')


def test_a_widget_that_is_removed_leaves_nothing_behind(page, root):
    models = sorted((root / "checkpoints").glob("*.safetensors"))[:1]
    show(page, iaca.view(root / "features" / "someone.safetensors", models[0]))
    page.evaluate("window.unmount()")
    page.keyboard.press("ArrowRight")
    assert page.evaluate("window.iacaPlace") is None


def checkpoint_of(root, index=0):
    return iaca.load_checkpoint(sorted((root / "checkpoints").glob("*.safetensors"))[index])


def test_a_dropout_draws_the_curves_without_it_as_ghosts(root):
    file = root / "features" / "someone.safetensors"
    plain = notebook.view(file, checkpoint_of(root))
    dropped = notebook.view(file, checkpoint_of(root), dropouts=[DropoutConfig(share=0.5)])
    ghosts = [name for columns, *_ in dropped.content["tables"] for name in columns if name.endswith("_ghost")]
    assert ghosts
    assert not any(name.endswith("_ghost") for columns, *_ in plain.content["tables"] for name in columns)


def test_rows_of_the_sound_stand_only_where_there_is_a_video(root):
    widget = notebook.view(root / "features" / "someone.safetensors", checkpoint_of(root))
    assert {row["kind"] for row in widget.content["spec"]["rows"]} == {"curves"}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"gates_of": "joy"}, "gates_of is 'joy'; expected one of: valence, arousal"),
        ({"score": "x"}, "score is 'x'; expected one of"),
        ({"checkpoints": []}, "0 models were given; expected one or two"),
        ({"subject": "nobody"}, "the demo has no subject 'nobody'; expected a feature file, or one of: conflict-05"),
    ],
)
def test_a_view_that_cannot_be_is_refused(root, given, message):
    arguments = {"subject": root / "features" / "someone.safetensors", "checkpoints": checkpoint_of(root)} | given
    with pytest.raises(notebook.ViewError, match=message):
        notebook.view(**arguments)


def test_a_video_that_is_too_large_for_a_notebook_is_refused(root, monkeypatch):
    monkeypatch.setattr(notebook, "MOST_BYTES", 10)
    monkeypatch.setenv("IACA_CACHE", str(root / "cache"))
    video = next(file for file in root.rglob("someone.*") if file.suffix in (".mp4", ".avi"))
    with pytest.raises(notebook.ViewError, match="a notebook takes at most"):
        notebook.view(root / "features" / "someone.safetensors", checkpoint_of(root), video=video)


def test_without_anywidget_one_sentence_says_what_to_install():
    code = "import sys; sys.modules['anywidget'] = None\nimport iaca\niaca.view"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "iaca.view needs anywidget; expected `pip install 'iaca[notebook]'`" in done.stderr


def test_features_and_models_in_memory_can_be_viewed(tmp_path):
    from iaca.checkpoints import save_checkpoint

    features = make_features()
    save_checkpoint(tmp_path / "model.safetensors", make_model(), backbones=features.backbones, training={}, scores={})
    widget = notebook.view(features, iaca.load_checkpoint(tmp_path / "model.safetensors"))
    assert widget.content["spec"]["subject"] == features.subject
