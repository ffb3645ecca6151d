"""Names from strangers, wherever they come from: nothing of them runs, nothing is fetched, nothing is pushed about."""

from __future__ import annotations

import importlib.util
import json
from urllib.parse import quote, urlsplit

import pytest

from iaca.models.fusions import registry
from tests.dashboard.browsing import PLAYER, open_sidebar
from tests.dashboard.projects import Spec, make_features, write_model, write_project
from tests.dashboard.test_barriers import write_results

TAG = "<img src=x onerror=window.ran=1>"
MARKDOWN = "**b** `c` $x$ :red[r] [link](javascript:window.ran=1)"
PICTURE = "![p](http://elsewhere.invalid/p.png)<img src='http://elsewhere.invalid/q.png'>"
RIGHT_TO_LEFT = "\u202egnp.neddih\u202c \u05d0\u05d1"
LONG = "l" * 120
"""As a name of a file, which has at most 255 bytes with what is made of it."""

SUBJECTS = (f"a {TAG}", f"b {MARKDOWN}", f"c {RIGHT_TO_LEFT}", f"d {LONG}")
FIELD = f"{TAG} {MARKDOWN} {PICTURE} {RIGHT_TO_LEFT} {'w' * 300}"


FUSION = FIELD.lower()
PLUGIN = f"""
import torch
from iaca.models.fusions.registry import register_fusion
from iaca.types import Attended

class Plain(torch.nn.Module):
    def forward(self, audio, visual):
        nothing = torch.zeros_like(audio)
        return Attended(audio, visual, audio, visual, audio_residual=nothing, visual_residual=nothing)

def build(config):
    return Plain()

register_fusion({FUSION!r}, build, title={FIELD!r})
"""


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = write_project(tmp_path_factory.mktemp("hostile"), [Spec("plain", 60)])
    for seed, name in enumerate(SUBJECTS):
        (root / "features" / f"{name}.safetensors").write_bytes(features(name, seed))
        (root / "batch1" / f"{name}.mp4").write_bytes((root / "batch1/plain.mp4").read_bytes())
    (root / "features" / f"z {TAG}{MARKDOWN}.safetensors").write_bytes(b"damaged")
    about = {"name": FIELD, "synthetic": True, "subjects": {one: {"condition": FIELD} for one in ("plain", *SUBJECTS)}}
    (root / "corpus.json").write_text(json.dumps(about))
    for number, (iaca, name) in enumerate(((False, f"ca {TAG}"), (True, f"ca_iaca {MARKDOWN}"))):
        write_model(root / "checkpoints" / f"{name}.safetensors", iaca=iaca, seed=number)
        (root / "checkpoints" / ("ca_iaca.safetensors" if iaca else "ca.safetensors")).unlink()
    (root / "checkpoints" / f"broken {TAG}.safetensors").write_bytes(b"damaged")
    write_hostile_results(root / "results")
    write_plugins(root)
    return root


def write_plugins(root):
    """A fusion of a strange name, a model with it, and an installed package whose entry points have strange names."""
    (root / "plugin.py").write_text(PLUGIN)
    specification = importlib.util.spec_from_file_location("plugin", root / "plugin.py")
    specification.loader.exec_module(importlib.util.module_from_spec(specification))
    write_model(root / "checkpoints" / "strange.safetensors", iaca=True, seed=5, fusion=FUSION)
    del registry._FUSIONS[FUSION]  # the server registers its own
    package = root / "hostile-1.0.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: hostile\nVersion: 1.0\n")
    named = (TAG, MARKDOWN, PICTURE, RIGHT_TO_LEFT, "../../escaped", "l" * 300)
    groups = (
        f"[iaca.{group}]\n" + "".join(f"{name} = {name}\n" for name in named) for group in ("fusions", "detectors")
    )
    (package / "entry_points.txt").write_text("".join(groups))


def features(name, seed):
    import tempfile
    from pathlib import Path

    from iaca.features.feature_files import write_features

    with tempfile.TemporaryDirectory() as folder:
        write_features(Path(folder) / "x.safetensors", make_features(Spec(name, 60), seed))
        return (Path(folder) / "x.safetensors").read_bytes()


def write_hostile_results(folder):
    """What a study leaves, with a stranger's words in every text that the page does not choose itself."""
    import pandas as pd

    write_results(folder)
    for file in folder.glob("*.parquet"):
        table = pd.read_parquet(file)
        for column in ("regime", "base", "subject", "reason", "kind", "gate"):
            if column in table:
                table[column] = "extensions" if column == "regime" and "subject" in table else FIELD
        table.to_parquet(file)
    figure = folder / "figures" / "attention.svg"
    picture = figure.read_text().replace("<rect", "<script>parent.ran=1</script><rect onload='parent.ran=1'")
    (folder / "figures" / f"{TAG} {MARKDOWN}.svg").write_text(picture)


@pytest.fixture(scope="module")
def address(root, server):
    return server(root)


@pytest.fixture
def watched(page, address):
    """A page that notes what it asks of other hosts, and fails where a name was run."""
    elsewhere = []
    host = urlsplit(address).netloc
    page.on("request", lambda one: elsewhere.append(one.url) if is_elsewhere(one.url, host) else None)
    page.on("dialog", lambda dialog: pytest.fail(f"a name was run: {dialog.message}"))
    yield page
    assert elsewhere == []


def is_elsewhere(url, host):
    place = urlsplit(url)
    return place.scheme in ("http", "https", "ws", "wss") and place.netloc != host


def check_harmless(page):
    """Nothing ran, nothing was made of a name, no link leads to a script, and the page is no wider than its window."""
    page.get_by_test_id("stStatusWidget").wait_for(state="detached")
    assert page.evaluate("window.ran") is None
    assert page.locator("img[src=x], img[src*=elsewhere], a[href^='javascript:']").count() == 0
    assert page.evaluate("document.scrollingElement.scrollWidth <= innerWidth")
    assert page.evaluate("document.querySelector('[data-testid=stMain]').scrollWidth <= innerWidth")


@pytest.mark.parametrize("subject", SUBJECTS, ids=("tag", "markdown", "right to left", "long"))
def test_names_of_subjects_models_and_conditions_are_shown_as_they_are(watched, address, subject):
    watched.goto(f"{address}/?subject={quote(subject)}&drop_audio=true")
    watched.wait_for_function(
        "([player, name]) => document.querySelector(player)?.dataset.subject === name"
        " && document.querySelector(player).dataset.revision",
        arg=[PLAYER, subject],
    )
    check_harmless(watched)
    open_sidebar(watched)
    watched.get_by_role("button", name="Export", exact=True).click()
    watched.get_by_role("button", name="Make MP4").wait_for()
    check_harmless(watched)


def test_names_of_plugins_are_shown_as_they_are_and_those_of_no_module_are_told(watched, address):
    watched.goto(f"{address}/?fusion={quote(FUSION)}")
    watched.wait_for_selector(f"{PLAYER}[data-revision]")
    assert TAG in watched.locator(PLAYER).inner_text()
    said = watched.get_by_test_id("stMain").get_by_text("is no name of a Python module").first.inner_text()
    assert "../../escaped" in said
    assert "\u202e" not in said
    check_harmless(watched)


@pytest.mark.parametrize("name", ["subject", "seed", "pattern", "dropout", "frame", "range", "fusion", "view", "rows"])
def test_parameters_of_an_address_are_told_and_no_more(watched, address, name):
    watched.goto(f"{address}/?{name}={quote(FIELD)}&{quote(TAG)}={quote(MARKDOWN)}")
    watched.wait_for_selector(f"{PLAYER}[data-revision]")
    check_harmless(watched)


@pytest.mark.parametrize(
    ("place", "last"),
    [("results", "Report (Markdown)"), ("robustness", "with 80% missing"), ("about", "means nothing")],
)
def test_other_pages_show_names_as_they_are(watched, address, place, last):
    watched.goto(f"{address}/{place}")
    watched.get_by_text(last).first.wait_for()
    check_harmless(watched)
