"""Training learns, repeats itself, and goes on after a kill as if nothing had happened."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace

import numpy as np
import pytest
import torch

from iaca.__main__ import main
from iaca.checkpoints import load_checkpoint
from iaca.compute import repeatable
from iaca.config import PRESETS, FusionConfig, TrainingConfig
from iaca.evaluation import evaluate
from iaca.features.feature_files import write_features
from iaca.training import TrainingError, train_fusion
from iaca.training.fusion_batches import draw_batch, make_pool
from iaca.training.state import StateError, TrainingState
from tests.conftest import make_features

CONFIG = FusionConfig(iaca=True, audio_dim=12, visual_dim=12, dim=12)
QUICK = TrainingConfig(epochs=4, steps_per_epoch=4, batch_windows=8)


def subjects(count=6, **settings):
    return [make_features(600, 8, seed=i, subject=f"s{i}", **settings) for i in range(count)]


def equal(one, other):
    return all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))


def test_a_model_learns_what_the_features_hold():
    training = TrainingConfig(epochs=15, steps_per_epoch=10, batch_windows=16)
    model, report = train_fusion(subjects(), CONFIG, training, progress=False)
    unseen = [make_features(600, 8, seed=20 + i, subject=f"u{i}") for i in range(3)]
    scores = evaluate(model, unseen).groups["all"]
    assert scores["valence"].ccc > 0.5
    assert scores["arousal"].ccc > 0.5
    assert report["history"][-1]["loss"] < report["history"][0]["loss"]


def test_a_seed_gives_the_same_weights_and_another_seed_others():
    one, other = (train_fusion(subjects(), CONFIG, QUICK, progress=False)[0] for _ in range(2))
    assert equal(one, other)
    third, _ = train_fusion(subjects(), CONFIG, TrainingConfig(**QUICK.to_dict() | {"seed": 1}), progress=False)
    assert not equal(one, third)


def test_a_subject_whose_name_is_no_text_is_learnt_from_like_any_other():
    named = [make_features(600, 8, seed=0, subject="s0")]
    nameless = [named[0]._replace(subject=os.fsdecode(b"\xe9t\xe9"))]
    assert equal(*(train_fusion(items, CONFIG, QUICK, progress=False)[0] for items in (named, nameless)))


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"patience": 2},
        {"schedule": "plateau", "optimiser": "adam"},
        {"schedule": "loss_plateau"},
        {"keep": "best_per_target", "late_rate": 0.01, "late_from": 2},
    ],
)
def test_a_run_that_was_interrupted_ends_with_the_same_weights(tmp_path, monkeypatch, settings):
    training = TrainingConfig(**QUICK.to_dict() | settings)
    arguments = {"validation": subjects(2), "progress": False}
    whole, at_once = train_fusion(subjects(), CONFIG, training, **arguments)
    state = tmp_path / "run.state"

    class Interrupted(Exception):
        pass

    class Stop:
        def __init__(self):
            self.epochs = 0

    stop, save = Stop(), TrainingState.save

    def save_and_stop(*args):
        save(*args)
        stop.epochs += 1
        if stop.epochs == 2:
            raise Interrupted

    with monkeypatch.context() as patch:
        patch.setattr(TrainingState, "save", save_and_stop)
        with pytest.raises(Interrupted):
            train_fusion(subjects(), CONFIG, training, state_file=state, **arguments)
    monkeypatch.setattr(repeatable, "device_label", lambda device: "another")
    resumed, report = train_fusion(subjects(), CONFIG, training, state_file=state, **arguments)
    assert equal(whole, resumed)
    (place,), another = at_once["repeatable"]["computed_on"], f"another with torch {torch.__version__}"
    assert at_once["repeatable"]["exact"]
    moved = {"exact": False, "why_not": f"it was computed on {place} and then on {another}"}
    assert report["repeatable"] == {"computed_on": [place, another]} | moved
    assert [record["epoch"] for record in report["history"]] == list(range(len(report["history"])))


def test_the_rate_halves_where_the_training_loss_stays():
    settings = {"schedule": "loss_plateau", "plateau_patience": 1, "epochs": 12, "learning_rate": 1e-6}
    training = TrainingConfig(**QUICK.to_dict() | settings)
    _, report = train_fusion(subjects(), CONFIG, training, progress=False)
    optimiser = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=training.learning_rate)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimiser, mode="min", factor=0.5, patience=1)
    expected = []
    for record in report["history"]:
        expected.append(optimiser.param_groups[0]["lr"])
        plateau.step(record["loss"])
    assert [record["learning_rate"] for record in report["history"]] == pytest.approx(expected)
    assert expected[-1] < expected[0]


@pytest.mark.parametrize(
    ("preset", "first", "late", "start"), [("authors_dca", 3e-4, 1e-3, 5), ("authors_ca", 1e-4, 1e-4, 15)]
)
def test_the_rate_is_that_of_the_authors_released_loop(preset, first, late, start):
    training = TrainingConfig(**PRESETS[preset]["training"] | {"epochs": 20, "steps_per_epoch": 1, "batch_windows": 2})
    _, report = train_fusion(subjects(2), CONFIG, training, validation=subjects(1), progress=False)
    expected = [late * 0.8 ** ((epoch - start) // 2) if epoch > start else first for epoch in range(20)]
    assert [record["learning_rate"] for record in report["history"]] == pytest.approx(expected)


@pytest.mark.slow
def test_the_command_can_be_killed_at_any_moment_and_gives_the_same_file(tmp_path):
    folder = tmp_path / "features"
    for item in subjects(4, split="train"):
        write_features(folder / f"{item.subject}.safetensors", item)
    settings = tmp_path / "settings.toml"
    settings.write_text("[training]\nepochs = 40\nsteps_per_epoch = 2\nbatch_windows = 4\n")

    def command(out):
        options = ["--features", folder, "--config", settings, "--iaca", "--out", out]
        return [sys.executable, "-m", "iaca", "train", *map(str, options)]

    subprocess.run(command(tmp_path / "whole.safetensors"), check=True, capture_output=True)
    process = subprocess.Popen(command(tmp_path / "killed.safetensors"), stderr=subprocess.DEVNULL)
    while process.poll() is None and not (tmp_path / "killed.state").exists():
        time.sleep(0.01)
    process.kill()
    process.wait()
    subprocess.run(command(tmp_path / "killed.safetensors"), check=True, capture_output=True)
    assert (tmp_path / "killed.safetensors").read_bytes() == (tmp_path / "whole.safetensors").read_bytes()
    assert not (tmp_path / "killed.state").exists()


def test_the_state_of_another_run_is_refused(tmp_path):
    state = tmp_path / "run.state"
    train_fusion(subjects(), CONFIG, QUICK, state_file=state, progress=False)
    other = TrainingConfig(**QUICK.to_dict() | {"learning_rate": 0.5})
    with pytest.raises(StateError, match="belongs to another run"):
        train_fusion(subjects(), CONFIG, other, state_file=state, progress=False)
    with pytest.raises(StateError, match="belongs to another run"):
        train_fusion(subjects(), CONFIG, QUICK, validation=subjects(1), state_file=state, progress=False)
    whole = state.read_bytes()
    state.write_bytes(whole.replace(b"identity", b"\xff\x80\x80\x80tity"))
    with pytest.raises(StateError, match="remove it to start again"):
        train_fusion(subjects(), CONFIG, QUICK, state_file=state, progress=False)
    state.write_bytes(whole[:500])
    with pytest.raises(StateError, match="remove it to start again"):
        train_fusion(subjects(), CONFIG, QUICK, state_file=state, progress=False)


def test_the_best_epoch_is_kept_with_patience():
    training = TrainingConfig(**QUICK.to_dict() | {"patience": 1, "epochs": 12, "learning_rate": 0.3})
    validation = subjects(2)
    model, report = train_fusion(subjects(), CONFIG, training, validation=validation, progress=False)
    best = max((r["validation_valence"] + r["validation_arousal"]) / 2 for r in report["history"])
    ours = evaluate(model, validation).groups["all"]
    assert (ours["valence"].ccc + ours["arousal"].ccc) / 2 == pytest.approx(best, abs=1e-6)


def test_the_best_epoch_of_each_target_is_kept_by_itself():
    settings = {"keep": "best_per_target", "epochs": 12, "learning_rate": 0.3}
    training = TrainingConfig(**QUICK.to_dict() | settings)
    validation = subjects(2)
    model, report = train_fusion(subjects(), CONFIG, training, validation=validation, progress=False)
    ours = evaluate(model, validation).groups["all"]
    for target in ("valence", "arousal"):
        scores = [record[f"validation_{target}"] for record in report["history"]]
        assert report["kept_epochs"][target] == int(np.argmax(scores))
        assert ours[target].ccc == pytest.approx(max(scores), abs=1e-6)
    assert len(set(report["kept_epochs"].values())) == 2


@pytest.mark.parametrize("changed", [{"trunk": "shared"}, {"dim": 4}])
def test_weights_of_several_targets_have_no_best_epoch_of_each(changed):
    training = TrainingConfig(**QUICK.to_dict() | {"keep": "best_per_target"})
    with pytest.raises(TrainingError, match="serve both targets; expected"):
        train_fusion(subjects(), replace(CONFIG, **changed), training, validation=subjects(1), progress=False)


def test_windows_lie_within_one_subject_and_lose_what_the_settings_say():
    features = subjects(3)
    for i, item in enumerate(features):
        item.audio[:] = i
        item.visual[:] = np.arange(len(item.frame))[:, None]
    pool = make_pool(features, "cpu")
    training = TrainingConfig(batch_windows=500, modality_dropout=0.0, short_windows=0.5)
    audio, visual, truth = draw_batch(pool, training, 16, np.random.default_rng(0))
    empty = (audio == torch.from_numpy(features[0].audio_zero)).all(-1)
    assert 0.2 < empty.any(1).float().mean() < 0.6
    assert (empty.long().diff(dim=1) <= 0).all()  # empty places come first
    assert truth[empty].isnan().all()
    for a, v, e in zip(audio[..., 0], visual[..., 0], empty, strict=True):
        assert len(a[~e].unique()) == 1
        assert (v[~e].diff() == 4).all()
    training = TrainingConfig(batch_windows=500, modality_dropout=1.0, short_windows=0.0)
    audio, visual, truth = draw_batch(pool, training, 16, np.random.default_rng(0))
    lost_audio = (audio == torch.from_numpy(features[0].audio_zero)).all(-1)
    lost_visual = (visual == torch.from_numpy(features[0].visual_zero)).all(-1)
    assert not (lost_audio.any(1) & lost_visual.any(1)).any()
    assert 0.4 < (lost_audio | lost_visual).float().mean() < 0.6


@pytest.mark.parametrize("num_frames", [1, 9, 33, 40, 121, 130])
def test_recordings_shorter_than_a_window_are_drawn_too(num_frames):
    pool = make_pool([make_features(num_frames, 8), make_features(600, 8)], "cpu")
    audio, _, _ = draw_batch(pool, TrainingConfig(batch_windows=200), 16, np.random.default_rng(0))
    assert audio.isfinite().all()


def test_a_loss_that_is_not_finite_ends_the_run_and_names_the_rate():
    training = TrainingConfig(**QUICK.to_dict() | {"learning_rate": 100.0, "weight_decay": 1e6, "epochs": 9})
    with pytest.raises(TrainingError, match=r"the loss is nan in epoch \d with learning_rate 100"):
        train_fusion(subjects(2), CONFIG, training, progress=False)


def test_windows_of_a_single_clip_are_drawn_too():
    audio, _, _ = draw_batch(make_pool(subjects(1), "cpu"), QUICK, 1, np.random.default_rng(0))
    assert audio.shape == (8, 1, 12)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('fusion = "ca"', "has fusion = 'ca'; expected a table [fusion]"),
        ('[fusion]\niaca = "false"', "iaca is 'false'; expected true or false"),
        ('[training]\nlearning_rate = "1e-3"', "learning_rate is '1e-3'; expected a number above 0"),
        ("[training]\nweight_decay = nan", "weight_decay is nan; expected a number of at least 0"),
    ],
)
def test_settings_of_a_wrong_type_are_told_in_one_sentence(tmp_path, capsys, text, message):
    write_features(tmp_path / "s.safetensors", make_features(split="train"))
    (tmp_path / "settings.toml").write_text(text)
    options = ["--features", tmp_path, "--config", tmp_path / "settings.toml", "--out", tmp_path / "m.safetensors"]
    assert main(["train", *map(str, options)]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("out", "told"),
    [
        ("model.pt", "model.pt; expected a file that ends in .safetensors"),
        ("file/model.safetensors", "file cannot be written (File exists); expected a folder for the checkpoint"),
    ],
)
def test_a_checkpoint_that_cannot_be_written_is_told_before_anything_is_learnt(tmp_path, capsys, out, told):
    (tmp_path / "features").mkdir()
    write_features(tmp_path / "features" / "s.safetensors", make_features(split="train"))
    (tmp_path / "file").write_text("in the way")
    assert main(["train", "--features", str(tmp_path / "features"), "--out", str(tmp_path / out)]) == 1
    error = capsys.readouterr().err
    assert told in error
    assert error.count("\n") == 1


def test_one_subject_in_two_files_is_refused(tmp_path, capsys):
    """The same person to learn from and to validate on."""
    write_features(tmp_path / "s.safetensors", make_features(split="train"))
    write_features(tmp_path / "t.safetensors", make_features(split="validation"))
    assert main(["train", "--features", str(tmp_path), "--out", str(tmp_path / "out" / "m.safetensors")]) == 1
    assert "t.safetensors and " in (error := capsys.readouterr().err)
    assert "are both of subject" in error


def test_features_that_do_not_go_together_are_refused():
    with pytest.raises(TrainingError, match="no feature files"):
        train_fusion([], CONFIG, QUICK)
    with pytest.raises(TrainingError, match="odd has clip stride 4; expected 8, as s0"):
        train_fusion([*subjects(1), make_features(600, 4, subject="odd")], CONFIG, QUICK)
    blank = make_features(600, 8)
    blank.valence[:] = np.nan
    with pytest.raises(TrainingError, match="annotated with valence"):
        train_fusion([blank], CONFIG, QUICK)
    same = make_features(600, 8)
    same.arousal[:] = 0.25
    with pytest.raises(TrainingError, match=r"every label of arousal is 0\.25; expected labels that differ"):
        train_fusion([same], CONFIG, QUICK)
    with pytest.raises(TrainingError, match="no validation subjects"):
        train_fusion(subjects(1), CONFIG, TrainingConfig(patience=3))


@pytest.mark.slow
def test_two_processes_train_one_model_as_torchrun_starts_them(tmp_path):
    folder = tmp_path / "features"
    for item in subjects(4, split="train"):
        write_features(folder / f"{item.subject}.safetensors", item)
    settings = tmp_path / "settings.toml"
    settings.write_text("[training]\nepochs = 12\nbatch_windows = 16\n")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "iaca"]
    options = [
        "--features",
        folder,
        "--config",
        settings,
        "--iaca",
        "--device",
        "cpu",
        "--out",
        tmp_path / "m.safetensors",
    ]
    subprocess.run([*command, "train", *map(str, options)], check=True, capture_output=True)
    model = load_checkpoint(tmp_path / "m.safetensors").model
    assert evaluate(model, subjects(4)).groups["all"]["valence"].ccc > 0.4


@pytest.mark.slow
def test_the_first_of_two_processes_decides_where_their_scores_differ(tmp_path):
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m"]
    subprocess.run(
        [*command, "tests.iaca.training.disagreeing_ranks", str(tmp_path)], check=True, capture_output=True, timeout=300
    )
    first, second = (json.loads((tmp_path / f"{name}.json").read_text()) for name in ("first", "second"))
    assert first == second
    assert first[0]["epochs"] == 2


def test_scalars_are_written_for_tensorboard(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    train_fusion(subjects(2), CONFIG, QUICK, validation=subjects(1), log_dir=tmp_path, progress=False)
    events = EventAccumulator(str(tmp_path)).Reload()
    assert set(events.Tags()["scalars"]) == {"loss", "learning_rate", "validation_valence", "validation_arousal"}
    assert [event.step for event in events.Scalars("loss")] == [0, 1, 2, 3]
