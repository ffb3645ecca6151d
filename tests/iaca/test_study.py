"""The study: resumable, refusing to mix, and saying no more than it saw."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from iaca import study
from iaca.__main__ import main
from iaca.checkpoints import load_checkpoint
from iaca.data.features import write_features
from iaca.inference import predict
from iaca.metrics import ccc
from iaca.training_config import TrainingConfig
from tests.conftest import make_features

QUICK = TrainingConfig(epochs=2, steps_per_epoch=2, batch_windows=4)
DIMS = {"audio_dim": 12, "visual_dim": 12, "dim": 12}


def subjects(split, count):
    return [make_features(300, 8, seed=i, subject=f"{split}{i}", split=split) for i in range(count)]


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A study of CA over two seeds: folder, variants, results."""
    out = tmp_path_factory.mktemp("study")
    variants = study.variants_of("ca", DIMS, QUICK)
    results = study.run_study(subjects("train", 3), subjects("validation", 6), variants, 2, out, progress=False)
    return out, variants, results


def test_scores_follow_from_the_stored_models(done):
    out, _, results = done
    model = load_checkpoint(out / "runs" / "ca_iaca-1.safetensors").model
    validation = subjects("validation", 6)
    truth = np.concatenate([item.valence for item in validation])
    expected = ccc(truth, np.concatenate([predict(item, model)["valence"] for item in validation]))
    rows = results[(results.variant == "ca_iaca") & (results.seed == 1) & (results.target == "valence")]
    moments = rows[[f"moment_{i}" for i in range(6)]].sum().to_numpy()
    assert study.ccc_of_moments(moments) == pytest.approx(expected, abs=1e-9)


def test_what_is_there_is_not_repeated_and_a_run_again_agrees(done, tmp_path):
    out, variants, results = done
    stamps = {file: file.stat().st_mtime_ns for file in (out / "runs").iterdir()}
    (out / "runs" / "ca-0.json").unlink()
    again = study.run_study(subjects("train", 3), subjects("validation", 6), variants, 2, out, progress=False)
    pd.testing.assert_frame_equal(again, results)
    changed = {file.stem for file, stamp in stamps.items() if file.stat().st_mtime_ns != stamp}
    assert changed == {"ca-0"}


def test_results_of_other_features_are_refused_and_not_mixed(done):
    out, variants, _ = done
    with pytest.raises(study.StudyError, match="other features or settings"):
        study.run_study(subjects("train", 2), subjects("validation", 6), variants, 2, out, progress=False)


def made_up_results(difference):
    """Two variants whose predictions are better by `difference` for every subject and seed, with noise."""
    draw = np.random.default_rng(0)
    rows = []
    for subject in range(12):
        truth = draw.normal(size=200)
        noise = draw.normal(size=200)
        for seed in range(3):
            for variant, error in (("ca", 0.8), ("ca_iaca", 0.8 - difference)):
                moments = study.ccc_moments(truth, truth + error * noise + 0.05 * draw.normal(size=200))
                for target in ("valence", "arousal"):
                    row = {"variant": variant, "seed": seed, "subject": f"s{subject:02d}", "target": target}
                    rows.append(row | {"parameters": 1} | {f"moment_{i}": m for i, m in enumerate(moments)})
    return pd.DataFrame(rows)


@pytest.mark.parametrize(("difference", "verdict"), [(0.4, "helps"), (-0.4, "hurts"), (0.0, "cannot be told apart")])
def test_the_verdict_follows_the_interval(difference, verdict):
    variants = study.variants_of("ca", DIMS, QUICK)[:2]
    groups = {"all": [f"s{i:02d}" for i in range(12)], "few": ["s00", "s01"]}
    told = study.differences(made_up_results(difference), variants, groups)
    assert set(told[told.group == "all"].verdict) == {verdict}
    assert set(told[told.group == "few"].verdict) == {"too few subjects"}
    assert ((told.low <= told.difference) & (told.difference <= told.high)).all()


def test_the_command_writes_its_report_and_results(tmp_path, capsys, monkeypatch):
    folder = tmp_path / "features"
    for item in [*subjects("train", 2), *subjects("validation", 2)]:
        write_features(folder / f"{item.subject}.safetensors", item)
    variants_of = study.variants_of
    monkeypatch.setattr(study, "variants_of", lambda fusion, settings: variants_of(fusion, settings, QUICK)[:1])
    options = ["--features", folder, "--out", tmp_path / "out", "--seeds", 1, "--fusion", "concat"]
    assert main(["reproduce", *map(str, options)]) == 0
    report = (tmp_path / "out" / "report.md").read_text()
    assert report in capsys.readouterr().out
    assert "| Concat |" in report
    assert len(pd.read_parquet(tmp_path / "out" / "results.parquet")) == 4
