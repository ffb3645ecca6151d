"""What a step is asked, what it answers, and what is computed before it is asked."""

from __future__ import annotations

import json

import numpy as np
import pytest

from dashboard.sections import live_steps
from dashboard.sections.live_steps import likely, read_seen
from dashboard.sections.sidebar import Display
from dashboard.sections.what_if_values import Values
from dashboard.services import traces
from dashboard.services.corpora import Subject
from dashboard.services.model_files import Chosen
from dashboard.services.selection import Selection
from dashboard.steps import StepError
from dashboard.timeline.thinned import Seen
from iaca.checkpoints import load_checkpoint
from iaca.config import DropoutConfig
from iaca.features.feature_files import read_features, write_features
from iaca.figures import palette
from iaca.inference import infer
from tests.dashboard.projects import Spec, make_features, write_model


def test_what_the_player_shows_is_read():
    assert read_seen("0-99/900", 100) == Seen(0, 99, 900)
    assert read_seen("10-20/7 0-5 90-99", 100) == Seen(10, 20, 7, ((0, 5), (90, 99)))


@pytest.mark.parametrize(
    "text",
    [
        "", "0-99", "0-99/0", "0-100/900", "20-10/900", "0-99/900 5", "0-99/900 0-100", "0-99/900 7-3", "-1-99/900",
        "0-99/900000", "0-99/900" + " 0-1" * 9, "a-b/c", "0-99/900\n", "٠-99/900", "0-99/1e3",
    ],
)  # fmt: skip
def test_what_no_player_shows_is_one_sentence(text):
    with pytest.raises(StepError, match=r"^seen is .*; expected first-last/pixels with frames from 0 to 99"):
        read_seen(text, 100)


@pytest.fixture(scope="module")
def view(tmp_path_factory):
    """A recording of two models, as the page shows it; a screen of few pixels shows less than there is."""
    folder = tmp_path_factory.mktemp("steps")
    write_features(folder / "someone.safetensors", make_features(Spec("someone", 400), seed=5))
    features = read_features(folder / "someone.safetensors")
    chosen = []
    for name, style in zip(("ca", "ca_iaca"), palette.MODELS, strict=False):
        write_model(folder / f"{name}.safetensors", iaca=name != "ca", seed=3)
        chosen.append(Chosen(name, load_checkpoint(folder / f"{name}.safetensors"), style))
    selection = Selection(Subject("someone", "", None, folder / "someone.safetensors", True), tuple(chosen), "cpu")
    truth = infer(features, chosen[0].checkpoint).frames
    display = Display("valence", "contribution", scaled=True)
    return live_steps.View(selection, truth, (), display, None, {}), features


def texts(share, **others):
    return Values(drop_audio=True, dropout=share, **others).texts


def columns_of(answer):
    """Name -> (frames, values) of the columns of a thinned answer."""
    head = json.loads(answer.partition(b"\n")[0])
    at, found = answer.index(b"\n") + 1, {}
    for names, length in head["thinned"]["groups"]:
        frames = np.frombuffer(answer, np.uint32, length, at)
        values = np.frombuffer(answer, np.float32, length * len(names), at + 4 * length).reshape(len(names), length)
        at += 4 * length * (1 + len(names))
        found |= {name: (frames, one) for name, one in zip(names, values, strict=True)}
    return found


def test_a_thinned_step_has_the_values_of_inference(view):
    view, features = view
    answer = live_steps.answer(view, texts(35) | {"seen": "0-399/7 30-60"})
    found = columns_of(answer)
    for number, model in enumerate(view.selection.models):
        trace = infer(features, model.checkpoint, [DropoutConfig(share=0.35)])
        for name in ("valence", "arousal", *(("stage2_audio", "stage1_visual_cross") if number else ())):
            frames, values = found[f"{number}_{name}"]
            assert set(frames.tolist()) >= set(range(30, 61))
            assert len(frames) < 200
            expected = trace.columns[name if name in trace.columns else f"valence_{name}"][frames]
            np.testing.assert_allclose(values, expected, rtol=0, atol=1e-5)


def test_the_notch_after_the_next_is_there_before_it_is_asked_for(view, monkeypatch):
    view, _ = view
    live_steps.answer(view, texts(40))
    live_steps.prepare(view, texts(40), texts(45), lambda: False)
    computed = []
    compute = traces.compute
    monkeypatch.setattr(traces, "compute", lambda *args: computed.append(args) or compute(*args))
    live_steps.prepare(view, texts(40), texts(45), lambda: not computed)
    assert len(computed) == 1  # of two models: it was not wanted any longer
    live_steps.prepare(view, texts(40), texts(45), lambda: True)
    assert len(computed) == 2
    live_steps.answer(view, texts(50))
    assert len(computed) == 2


@pytest.mark.parametrize(
    ("before", "now", "after"),
    [
        (texts(40), texts(45), [texts(50)]),
        (texts(40), texts(30), [texts(20)]),
        (texts(0, face_dropout=5), texts(0, face_dropout=10), [texts(0, face_dropout=15)]),
        (texts(40), texts(60), []),
        (texts(95), texts(98), []),
        (texts(5), texts(0), []),
        (texts(40), texts(45, seed=7), []),
        (texts(40), texts(40, seed=7), [texts(45, seed=7), texts(35, seed=7)]),
        (texts(40), texts(40), [texts(45), texts(35)]),
        ({}, texts(0), [texts(5)]),
        ({}, Values(dropout=30).texts, [texts(30)]),
        (texts(30), Values(dropout=30).texts, [texts(30)]),
        ({}, texts(40, pattern="brushed range"), []),
    ],
)
def test_what_is_likely_to_be_asked_for_next(before, now, after):
    assert likely(before, now) == after
