"""Scores, intervals, smoothing and the challenge's files."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest

from iaca.__main__ import main
from iaca.checkpoints import save_checkpoint
from iaca.evaluation import bootstrap_ccc, ccc_of_sums, ccc_sums, evaluate
from iaca.evaluation.smoothing import postprocess
from iaca.features.feature_files import write_features
from iaca.inference import predict
from iaca.metrics import ccc
from tests.conftest import make_features, make_model

BACKBONES = make_features().backbones


def subjects(count=4):
    return [make_features(300, 8, seed=i, subject=f"s{i}") for i in range(count)]


def test_pooled_ccc_is_that_of_the_concatenated_annotated_frames():
    model, features = make_model(), subjects()
    evaluation = evaluate(model, features, {"first": ["s0", "s1"], "nobody": ["x"]})
    truth = np.concatenate([f.valence for f in features])
    prediction = np.concatenate([predict(f, model)["valence"] for f in features])
    assert evaluation.groups["all"]["valence"].ccc == ccc(truth, prediction)
    assert evaluation.groups["all"]["valence"].valid_frames == np.isfinite(truth).sum()
    assert set(evaluation.groups) == {"all", "first"}
    assert evaluation.subjects["s2"]["arousal"].ccc == ccc(features[2].arousal, predict(features[2], model)["arousal"])


def test_sums_of_subjects_add_up_to_the_pooled_ccc():
    draw = np.random.default_rng(0)
    truths = [draw.normal(size=n) for n in (30, 50)]
    predictions = [t * 0.5 + draw.normal(size=len(t)) for t in truths]
    truths[0][:4] = np.nan
    sums = sum(ccc_sums(t, p) for t, p in zip(truths, predictions, strict=True))
    assert ccc_of_sums(sums) == pytest.approx(ccc(np.concatenate(truths), np.concatenate(predictions)))


@pytest.mark.parametrize("truth", [[], [0.3], [0.1] * 7, [0.995] * 1001])
def test_sums_of_what_is_undefined_give_nan_and_never_zero(truth):
    assert math.isnan(ccc_of_sums(ccc_sums(np.array(truth), np.array(truth))))
    assert math.isnan(ccc_of_sums(ccc_sums(np.array(truth[:1]), np.full(len(truth[:1]), 0.8))))


def test_the_interval_holds_the_pooled_value_and_is_undefined_for_one_subject():
    draw = np.random.default_rng(1)
    truths = [draw.normal(size=80) for _ in range(12)]
    predictions = [t * draw.uniform(0.2, 1) + 0.5 * draw.normal(size=80) for t in truths]
    low, high = bootstrap_ccc(truths, predictions)
    assert low < ccc(np.concatenate(truths), np.concatenate(predictions)) < high
    assert all(math.isnan(bound) for bound in bootstrap_ccc(truths[:1], predictions[:1]))


def test_a_subject_with_one_annotated_frame_is_nan_and_does_not_poison_the_pool():
    features = subjects(3)
    features[0].valence[1:] = np.nan
    evaluation = evaluate(make_model(), features)
    assert math.isnan(evaluation.subjects["s0"]["valence"].ccc)
    assert evaluation.subjects["s0"]["valence"].valid_frames == 1
    assert math.isfinite(evaluation.groups["all"]["valence"].ccc)
    assert all(map(math.isfinite, evaluation.groups["all"]["valence"].interval))


def test_smoothing_keeps_a_constant_to_both_ends_and_that_of_the_authors_does_not():
    constant = np.full(200, 0.5)
    np.testing.assert_allclose(postprocess(constant, "valence"), 0.5)
    theirs = postprocess(constant, "valence", authors=True)
    assert theirs[0] == pytest.approx(0.25, abs=0.05)
    assert theirs[100] == pytest.approx(0.5)


def test_smoothing_is_a_moving_mean_of_clipped_values_that_missing_frames_do_not_enter():
    values = np.random.default_rng(0).normal(size=300)
    smoothed = postprocess(values, "valence")
    assert smoothed[150] == pytest.approx(np.clip(values, -1, 1)[140:160].mean())
    values[100:110] = np.nan
    holed = postprocess(values, "valence")
    assert np.isnan(holed[100:110]).all()
    assert np.isfinite(np.delete(holed, range(100, 110))).all()


def test_scores_of_smoothed_curves_can_be_those_of_the_authors():
    model, features = make_model(), subjects()
    for how, authors in (("nearest", False), ("authors", True)):
        evaluation = evaluate(model, features, postprocess=how)
        smoothed = [postprocess(predict(f, model)["arousal"], "arousal", authors) for f in features]
        expected = ccc(np.concatenate([f.arousal for f in features]), np.concatenate(smoothed))
        assert evaluation.groups["all"]["arousal"].smoothed_ccc == expected


@pytest.fixture
def project(tmp_path):
    """A model, labelled subjects, and one without labels."""
    for item in subjects(2):
        write_features(tmp_path / "features" / f"{item.subject}.safetensors", item)
    blank = make_features(300, 8, seed=9, subject="blank", split="test")
    blank.valence[:] = blank.arousal[:] = np.nan
    write_features(tmp_path / "features" / "blank.safetensors", blank)
    save_checkpoint(tmp_path / "model.safetensors", make_model(iaca=True), backbones=BACKBONES)
    (tmp_path / "features" / "episodes.csv").write_text(
        "subject,start_s,end_s,modality,kind,truth_modality\ns1,1,2,audio,noise,\n"
    )
    return tmp_path


def evaluate_command(project, *more):
    options = ["--features", project / "features", "--checkpoint", project / "model.safetensors", *more]
    return main(["evaluate", *map(str, options)])


def test_the_command_prints_pooled_strong_weak_and_each_subject_as_json(project, capsys):
    assert evaluate_command(project, "--json") == 0
    document = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)["model"]
    assert set(document["groups"]) == {"all", "strong", "weak"}
    assert set(document["subjects"]) == {"s0", "s1"}
    assert document["groups"]["weak"]["valence"]["ccc"] == document["subjects"]["s1"]["valence"]["ccc"]
    assert document["subjects"]["s1"]["valence"]["interval"] is None
    assert len(document["groups"]["all"]["valence"]["interval"]) == 2


def test_files_of_unlabelled_subjects_have_a_row_for_every_frame(project):
    assert evaluate_command(project, "--predictions", project / "out") == 0
    (file,) = (project / "out" / "model").iterdir()
    lines = file.read_text().splitlines()
    assert file.name == "blank.txt"
    assert lines[0] == "valence,arousal"
    assert len(lines) == 301
    assert all(-1 <= float(v) <= 1 for line in lines[1:] for v in line.split(","))


def test_the_official_list_decides_which_rows_are_written(project, capsys):
    sample = project / "sample.txt"
    sample.write_text("image_location,valence,arousal\nblank/00007.jpg,,\nblank/00300.jpg,,\n")
    assert evaluate_command(project, "--predictions", project / "out", "--list", sample) == 0
    lines = (project / "out" / "model" / "predictions.txt").read_text().splitlines()
    assert [line.split(",")[0] for line in lines] == ["image_location", "blank/00007.jpg", "blank/00300.jpg"]


@pytest.mark.parametrize(
    ("row", "told"),
    [
        (
            "blank/00301.jpg",
            "asks for frame 301 of 'blank', which has 300; extract it again with this list",
        ),
        ("blank/00000.jpg", "asks for frame 0 of 'blank'"),
        ("s1/00001.jpg", "asks for 's1', which has labels; expected subjects without: take its rows out of the list"),
        (
            "batch1/blank/00007.jpg",
            "is 'batch1/blank/00007.jpg'; expected blank/00007.jpg: take the folder 'batch1' away",
        ),
        ("a/b/nobody/00007.jpg", "is 'a/b/nobody/00007.jpg'; expected nobody/00007.jpg: take the folder 'a/b' away"),
        ("nobody/00001.jpg", "asks for 'nobody', of which there are no features; extract it first"),
        ("blank/1.png", "is 'blank/1.png'; expected NAME/00001.jpg"),
    ],
)
def test_a_row_that_cannot_be_written_says_what_to_do_and_leaves_no_file(project, capsys, row, told):
    sample = project / "sample.txt"
    sample.write_text(f"image_location,valence,arousal\nblank/00007.jpg,,\n{row},,\n")
    assert evaluate_command(project, "--predictions", project / "out", "--list", sample) == 1
    assert f"line 3 {told}" in capsys.readouterr().err
    assert not (project / "out" / "model" / "predictions.txt").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--list", "sample.txt"], "--list is given without --predictions"),
        (["--checkpoint", "a/m.safetensors", "b/m.safetensors"], "names 'm' twice"),
        (["--split", "test"], "no subject with labels to score"),
    ],
)
def test_what_would_be_passed_over_in_silence_is_refused(project, capsys, options, message):
    assert evaluate_command(project, *options) == 1
    assert message in capsys.readouterr().err


def test_files_of_predictions_can_be_smoothed_as_the_authors_do(project):
    for how in ("nearest", "authors"):
        assert evaluate_command(project, "--predictions", project / how, "--postprocess", how) == 0
    ours, theirs = ((project / how / "model" / "blank.txt").read_text().split() for how in ("nearest", "authors"))
    assert ours[150] == theirs[150]
    assert ours[1] != theirs[1]


def test_an_empty_folder_is_told_in_one_sentence(project, capsys):
    for file in (project / "features").iterdir():
        file.unlink()
    assert evaluate_command(project) == 1
    error = capsys.readouterr().err
    assert "features holds no feature files" in error
    assert error.count("\n") == 1
