"""What an object says of itself at a prompt and in a notebook."""

from __future__ import annotations

import numpy as np
import pytest

from iaca.checkpoints import Checkpoint
from iaca.config import DropoutConfig
from iaca.inference import infer
from iaca.summaries import summary_html, summary_text
from tests.conftest import make_features, make_model

MOST_LINES = 10


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    model = make_model(iaca=True)
    training = {"subjects": 3, "clip_stride": 8}
    scores = {"valence": {"ccc": 0.25}, "arousal": {"ccc": None}}
    path = tmp_path_factory.mktemp("models") / "ca_iaca.safetensors"
    return Checkpoint(
        path, model, model.config, {"audio": {"name": "ears", "sha256": "a" * 64}}, training, scores, "iaca 9"
    )


def lines_of(item):
    """Label -> value of a summary, whose first line is its title; the table of a notebook has the same."""
    title, *lines = repr(item).splitlines()
    assert len(lines) < MOST_LINES
    assert all(line.startswith("  ") for line in lines)
    rows = dict(line.strip().split("  ", 1) for line in lines)
    html = item._repr_html_()
    assert title in html
    assert all(value.strip() in html for value in rows.values())
    return title, {label: value.strip() for label, value in rows.items()}


def test_features_say_whose_they_are_how_long_and_what_is_there():
    features = make_features(200, 8)
    annotated = np.where(np.arange(200) < 50, np.nan, 0.5).astype(np.float32)
    features = features._replace(
        valence=annotated, has_face=np.arange(200) < 100, split="validation", problems=("cut short", "and more")
    )
    title, rows = lines_of(features)
    assert title == f"Features of {features.subject} (validation)"
    assert rows["frames"] == f"200, the last at {features.pts_s[-1]:.2f} s"
    assert rows["clips"] == "25, one every 8 frames"
    assert rows["audio"] == "12 dimensions from a"
    assert rows["annotated"].startswith("valence 75%")
    assert rows["present"] == "face 50%, sound 100%"
    assert rows["problems"] == "2, first: cut short"


def test_features_without_a_frame_or_a_backbone_have_a_summary():
    empty = make_features(0, 4)._replace(split=None, backbones={}, problems=())
    title, rows = lines_of(empty)
    assert title == f"Features of {empty.subject}"
    assert rows["frames"] == "0"
    assert not {"annotated", "present", "problems"} & set(rows)


def test_a_trace_says_whose_model_spoke_how_well_and_what_was_taken_away(checkpoint):
    features = make_features(200, 1)
    trace = infer(features, checkpoint, [DropoutConfig(modality="visual", share=0.25)])
    title, rows = lines_of(trace)
    assert title == f"Trace of {features.subject} by ca_iaca"
    assert rows["predictions"] == "one every frame"
    assert rows["CCC of valence"] == f"{trace.scores['valence'].ccc:.3f} over 195 frames"
    assert rows["dropped"] == "visual 25%"
    assert rows["explained by"] == "attention, stage-1 gates, stage-2 gate"
    base = make_model(fusion="concat")
    _, rows = lines_of(infer(make_features(40, 4), Checkpoint(checkpoint.path, base, base.config)))
    assert rows["predictions"] == "one every 4 frames, interpolated between"
    assert not {"dropped", "explained by"} & set(rows)


def test_a_checkpoint_says_which_model_it_is_and_what_it_was_trained_on(checkpoint):
    title, rows = lines_of(checkpoint)
    assert title == "Checkpoint ca_iaca"
    assert rows["model"] == f"CA+IACA, {sum(p.numel() for p in checkpoint.model.parameters()):,} parameters"
    assert rows["audio"] == "12 dimensions from ears"
    assert rows["visual"] == "12 dimensions"
    assert rows["trained on"] == "3 subjects, a clip every 8 frames"
    assert rows["scores"] == "valence CCC 0.250"
    assert rows["file"] == str(checkpoint.path)


def test_names_cannot_bring_html_into_a_notebook():
    rows = {"video": "<b>x</b> & y", "nothing": ""}
    assert summary_html("<i>a</i>", rows).count("<b>") == summary_html("<i>a</i>", rows).count("<i>") == 0
    assert "&lt;b&gt;x&lt;/b&gt; &amp; y" in summary_html("a", rows)
    assert "nothing" not in summary_html("a", rows) + summary_text("a", rows)
