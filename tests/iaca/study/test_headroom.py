"""Headroom: switches between models by what is known, and a detector that is taught it."""

from __future__ import annotations

import numpy as np
import pytest

from iaca.checkpoints import load_checkpoint
from iaca.compute.engine import Engine
from iaca.config import ForcedGates, GateOverrides, TrainingConfig
from iaca.evaluation import SUM_COLUMNS, ccc_sums
from iaca.inference import predict
from iaca.study.headroom import Detector, headroom_rows, run_headroom
from iaca.study.known import as_seen_by
from iaca.study.plan import ALL_FRAMES, alone_rows, table_rows
from iaca.study.runs import model_file, run_study
from iaca.types import Episode
from tests.conftest import make_features

DIMS = {"audio_dim": 12, "visual_dim": 12, "dim": 12}
QUICK = TrainingConfig(epochs=2, steps_per_epoch=2, batch_windows=4)
ROWS = [*(row for row in table_rows("ca", DIMS, QUICK) if row.name in ("ca", "ca_iaca")), *alone_rows(DIMS, QUICK)]
EPISODES = [Episode("v0", 2.0, 6.0, "visual", "blur"), Episode("t0", 1.0, 5.0, "audio", "noise")]


def subjects(kind, count):
    return [make_features(300, 8, seed=i, subject=f"{kind}{i}") for i in range(count)]


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    out = tmp_path_factory.mktemp("study")
    scored = {"validation": subjects("v", 2)}
    run_study(subjects("t", 2), scored, ROWS, 1, out, episodes=EPISODES, engine=Engine(workers=1), progress=False)
    options = {"episodes": EPISODES, "engine": Engine(workers=1), "progress": False}
    table = run_headroom(subjects("t", 2), scored, ROWS, 1, out, **options)
    return out, table, lambda: run_headroom(subjects("t", 2), scored, ROWS, 1, out, **options)


def test_every_base_has_its_switches_and_every_iaca_its_forced_gates():
    rows = headroom_rows(ROWS)
    assert [row.name for row in rows] == [
        "ca_informed", "ca_attainable", "ca_iaca_forced_self", "ca_iaca_forced_cross", "ca_iaca_forced_intact",
        "ca_iaca_forced_both",
    ]  # fmt: skip
    assert {row.base for row in rows} == {"ca", "ca_iaca"}


def test_who_knows_takes_the_intact_modality_inside_the_episode_and_the_model_itself_elsewhere(done):
    out, table, _ = done
    item = subjects("v", 1)[0]
    models = {name: load_checkpoint(model_file(out, name)).model for name in ("ca", "ca_iaca", "audio_alone")}
    inside = (item.pts_s >= 2.0) & (item.pts_s < 6.0)
    alone = predict(as_seen_by(ROWS[2], item, []), models["audio_alone"])["valence"]
    expected = np.where(inside, alone, predict(item, models["ca"])["valence"])
    assert sums_of(table, "ca_informed") == pytest.approx(ccc_sums(item.valence, expected))

    forced = GateOverrides(forced=ForcedGates(stage2="audio"))
    expected = np.where(
        inside, predict(item, models["ca_iaca"], gates=forced)["valence"], predict(item, models["ca_iaca"])["valence"]
    )
    assert sums_of(table, "ca_iaca_forced_intact") == pytest.approx(ccc_sums(item.valence, expected))


def sums_of(table, variant):
    rows = table[(table.variant == variant) & (table.subject == "v0") & (table.target == "valence")]
    return rows[rows.segment == ALL_FRAMES][list(SUM_COLUMNS)].to_numpy()[0]


def test_what_is_there_is_not_computed_again_unless_a_model_is_another(done):
    out, table, again = done
    file = out / "runs" / "headroom-0.json"
    stamp = file.stat().st_mtime_ns
    assert again().equals(table)
    assert file.stat().st_mtime_ns == stamp
    weights = model_file(out, "ca")
    weights.write_bytes(model_file(out, "ca_iaca").read_bytes())
    assert not again().equals(table)


def test_a_detector_learns_what_the_features_show_and_nothing_else():
    draw = np.random.default_rng(0)

    def marked(name, visible):
        item = make_features(600, 8, seed=int(draw.integers(1 << 30)), subject=name)
        inside = (item.pts_s[item.frame] >= 8.0) & (item.pts_s[item.frame] < 16.0)
        if visible:
            item.visual[inside, 0] += 6.0
        return item, Episode(name, 8.0, 16.0, "visual", "blur")

    for visible, low, high in ((True, 0.9, 1.0), (False, 0.0, 0.9)):
        people = [marked(f"p{i}", visible) for i in range(6)]
        train, episodes = [item for item, _ in people], [episode for _, episode in people]
        detector = Detector(train[:5], episodes, "visual", "valence", seed=0)
        found = detector.probability(train[5])
        assert found.shape == train[5].pts_s.shape
        assert low <= np.mean(found[(train[5].pts_s >= 9) & (train[5].pts_s < 15)]) <= high
