"""The study's runs: resumable, refusing to mix, the same however many run side by side."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from iaca.checkpoints import load_checkpoint
from iaca.compute.engine import Engine
from iaca.config import TrainingConfig
from iaca.evaluation import SUM_COLUMNS, ccc_of_sums
from iaca.inference import predict
from iaca.metrics import ccc
from iaca.study.plan import ALL_FRAMES, ablations, table_rows
from iaca.study.runs import StudyError, model_file, run_study
from iaca.types import Episode
from tests.conftest import make_features

QUICK = TrainingConfig(epochs=2, steps_per_epoch=2, batch_windows=4)
DIMS = {"audio_dim": 12, "visual_dim": 12, "dim": 12}


def subjects(split, count):
    return [make_features(300, 8, seed=i, subject=f"{split}{i}", split=split) for i in range(count)]


EPISODES = [Episode("validation0", 1.0, 3.0, "visual", "blur"), Episode("validation0", 2.0, 5.0, "visual", "hand")]


def study(out, variants, train=3, **options):
    return run_study(
        subjects("train", train), {"validation": subjects("validation", 4)}, variants, 2, out,
        episodes=EPISODES, progress=False, **options,
    )  # fmt: skip


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A study of CA over two seeds: folder, variants, results."""
    out = tmp_path_factory.mktemp("study")
    variants = table_rows("ca", DIMS, QUICK)[:2]
    return out, variants, study(out, variants, engine=Engine(workers=1))


def test_scores_follow_from_the_stored_models(done):
    out, _, results = done
    model = load_checkpoint(model_file(out, "ca_iaca", 1)).model
    validation = subjects("validation", 4)
    truth = np.concatenate([item.valence for item in validation])
    expected = ccc(truth, np.concatenate([predict(item, model)["valence"] for item in validation]))
    rows = results[(results.variant == "ca_iaca") & (results.seed == 1) & (results.target == "valence")]
    sums = rows[rows.segment == ALL_FRAMES][list(SUM_COLUMNS)].sum().to_numpy()
    assert ccc_of_sums(sums) == pytest.approx(expected, abs=1e-9)


@pytest.mark.slow
def test_what_is_there_is_not_repeated_and_runs_side_by_side_agree_with_runs_in_turn(done):
    out, variants, results = done
    stamps = {file: file.stat().st_mtime_ns for file in (out / "runs").iterdir()}
    for name in ("ca-0.json", "ca_iaca-1.json"):
        (out / "runs" / name).unlink()
    again = study(out, variants, engine=Engine(workers=2))
    pd.testing.assert_frame_equal(again.drop(columns="seconds"), results.drop(columns="seconds"))
    changed = {file.stem for file, stamp in stamps.items() if file.stat().st_mtime_ns != stamp}
    assert changed == {"ca-0", "ca_iaca-1"}


def test_results_of_other_features_are_refused_and_not_mixed(done):
    out, variants, _ = done
    with pytest.raises(StudyError, match="other features or settings"):
        study(out, variants, train=2)


def test_every_row_of_the_tables_can_be_built_and_ablations_change_one_thing_each():
    rows = [row for fusion in ("concat", "ca", "transformer") for row in table_rows(fusion, DIMS)]
    assert [row.name for row in rows] == [
        "concat", "concat_strict", "ca", "ca_iaca", "ca_iaca_own", "ca_constant_gates", "ca_blind_gates", "ca_strict",
        "ca_iaca_strict", "transformer",
    ]  # fmt: skip
    whole = rows[3]
    for changed in ablations(rows):
        before = whole.config.to_dict() | whole.training.to_dict()
        after = changed.config.to_dict() | changed.training.to_dict()
        assert sum(before[name] != after[name] for name in before) == 1, changed.title
