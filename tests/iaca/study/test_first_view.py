"""The first view is where a living gate answers most, and a damaged file is told."""

from __future__ import annotations

import json

import numpy as np
import pytest

from iaca.checkpoints import load_checkpoint, save_checkpoint
from iaca.inference import infer
from iaca.study.first_view import FILE, MOST_GAIN, FirstViewError, choose_first_view, read_first_view, write_first_view
from iaca.types import Episode
from tests.conftest import columns_of, make_features, make_model

SIZE = 200
INSIDE = (np.arange(SIZE) / 25 >= 2) & (np.arange(SIZE) / 25 < 4)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """A trace of a model with both stages, to be changed."""
    features, file = make_features(SIZE), tmp_path_factory.mktemp("model") / "ca_iaca.safetensors"
    save_checkpoint(file, make_model(iaca=True), backbones=features.backbones, training={}, scores={})
    return infer(features, load_checkpoint(file))


def changed(trace, subject, **columns):
    """A trace of another subject; gates rest at even weights and predictions at 0 unless columns are given."""
    frames = trace.frames.copy()
    for target in ("valence", "arousal"):
        frames[target] = 0.0
        for name in [name for name in frames if name.startswith(f"{target}_stage1")]:
            frames[name] = 0.5
        for name in ("audio", "joint", "visual"):
            frames[f"{target}_stage2_{name}"] = 1 / 3
    return trace._replace(subject=subject, columns=columns_of(frames.assign(**columns)))


def episode(subject, modality="visual", truth_modality=""):
    return Episode(subject, 2.0, 4.0, modality, "blur", truth_modality)


def stage1(weight, modality="visual", target="valence"):
    return {f"{target}_stage1_{modality}_cross": weight, f"{target}_stage1_{modality}_self": 1 - weight}


def test_the_subject_and_the_gate_that_answer_most_are_chosen(plain):
    weak, strong = np.where(INSIDE, 0.6, 0.4), np.where(INSIDE, 0.1, 0.9)
    names = ("a", "b")
    traces = {
        "ca": [changed(plain, name) for name in names],
        "ca_iaca": [changed(plain, "a", **stage1(weak)), changed(plain, "b", **stage1(strong, target="arousal"))],
    }
    view = choose_first_view(traces, [episode(name) for name in names])
    assert (view.subject, view.base, view.gated, view.target) == ("b", "ca", "ca_iaca", "arousal")
    assert view.gate.startswith("stage1_visual_")
    assert sorted((view.inside, view.outside)) == pytest.approx([0.1, 0.9])
    assert view.score == pytest.approx(0.8)  # CCC of constants is 0 for both


def test_agreement_decides_between_gates_that_move_alike(plain):
    weight = np.where(INSIDE, 0.2, 0.8)
    truth = plain.frames.valence_truth.fillna(0).to_numpy()
    traces = {
        base + ending: [changed(plain, "a", **columns)]
        for base, right in (("ca", 0.0 * truth), ("jca", truth))
        for ending, columns in (("", {}), ("_iaca", stage1(weight) | {"valence": right}))
    }
    view = choose_first_view(traces, [episode("a")])
    assert view.base == "jca"
    assert view.gain == pytest.approx(1, abs=0.01)
    assert view.score == pytest.approx(0.6 + MOST_GAIN)


def test_dead_gates_lies_and_models_without_a_base_are_passed_over(plain):
    still = changed(plain, "a", **stage1(np.where(INSIDE, 0.5, 0.52)))
    moving = changed(plain, "a", **stage1(np.where(INSIDE, 0.2, 0.8)))
    base = changed(plain, "a")
    assert choose_first_view({"ca": [base], "ca_iaca": [still]}, [episode("a")]) is None
    for wrong in ([], [episode("a"), episode("a", "audio")], [episode("a", truth_modality="audio")], [episode("b")]):
        assert choose_first_view({"ca": [base], "ca_iaca": [moving]}, wrong) is None
    assert choose_first_view({"ca_iaca": [moving]}, [episode("a")]) is None
    assert choose_first_view({"ca": [base], "ca_iaca": [moving]}, [episode("a")]) is not None


def test_it_is_read_as_it_was_written_and_damage_is_told(plain, tmp_path):
    assert read_first_view(tmp_path) is None
    traces = {"ca": [changed(plain, "a")], "ca_iaca": [changed(plain, "a", **stage1(np.where(INSIDE, 0.2, 0.8)))]}
    view = choose_first_view(traces, [episode("a")])
    file = write_first_view(tmp_path, view)
    assert read_first_view(tmp_path) == view
    sound = json.loads(file.read_text())
    for wrong in ({"target": "joy"}, {"subject": "../a"}, {"gain": "much"}, {"auc": None}, {"version": 9}):
        file.write_text(json.dumps(sound | wrong))
        with pytest.raises(FirstViewError, match=FILE):
            read_first_view(tmp_path)
    file.write_text("{")
    with pytest.raises(FirstViewError, match="cannot be read"):
        read_first_view(tmp_path)
