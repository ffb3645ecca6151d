"""The positive control of the relationships, on influences that were put there."""

from __future__ import annotations

import io

import numpy as np
import pandas as pd
import pytest

from iaca.__main__ import main
from iaca.checkpoints import load_checkpoint, save_checkpoint
from iaca.features.feature_files import write_features
from iaca.inference import add_influence, infer
from iaca.inference.influence import relationships_of
from iaca.study.known import inside_episodes
from iaca.study.relationship_control import GROUPS, as_table, best_threshold, control, count_marks
from iaca.types import Episode
from tests.conftest import make_features, make_model

EPISODES = [
    Episode("s0", 1.0, 4.0, "visual", "stranger", ""),
    Episode("s0", 8.0, 10.0, "audio", "noise", ""),
    Episode("s1", 2.0, 6.0, "audio", "conflict", "visual"),
]
THRESHOLDS = (1e-3, 1e-2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root = tmp_path_factory.mktemp("control")
    (root / "features").mkdir()
    for i in range(3):
        item = make_features(300, 8, seed=i, subject=f"s{i}")
        write_features(root / "features" / f"s{i}.safetensors", item)
    model = make_model(iaca=False)
    save_checkpoint(root / "ca.safetensors", model, backbones=item.backbones)
    lines = ["subject,start_s,end_s,modality,kind,truth_modality"]
    lines += [
        ",".join(map(str, (e.subject, e.start_s, e.end_s, e.modality, e.kind, e.truth_modality))) for e in EPISODES
    ]
    (root / "episodes.csv").write_text("\n".join(lines) + "\n")
    return root


def test_shares_are_those_of_the_frames_in_episodes_and_outside_of_them(folder):
    checkpoint = load_checkpoint(folder / "ca.safetensors")
    features = [make_features(300, 8, seed=i, subject=f"s{i}") for i in range(3)]
    rows = control(
        count_marks(item, [checkpoint], [e for e in EPISODES if e.subject == item.subject], THRESHOLDS)
        for item in features
    )
    assert len(rows) == 2 * len(GROUPS) * 2 * len(THRESHOLDS)
    row = next(
        one
        for one in rows
        if (one.target, one.group, one.mark, one.threshold) == ("valence", "wrong person", "conflict", THRESHOLDS[0])
    )
    trace = add_influence(infer(features[0], checkpoint), features[0], checkpoint)
    conflict = relationships_of(trace, "valence", THRESHOLDS[0]) == "conflict"
    pts_s = features[0].pts_s
    own = [e for e in EPISODES if e.subject == "s0"]
    inside, outside = inside_episodes(pts_s, own[:1]), ~inside_episodes(pts_s, own)
    assert (row.frames, row.episodes, row.clean) == (inside.sum(), 1, outside.sum())
    assert row.marked == pytest.approx(conflict[inside].mean())
    assert row.false_alarms == pytest.approx(conflict[outside].mean())
    assert row.episodes_marked == (conflict[inside].mean() >= 0.5)
    everyone = next(one for one in rows if one[:5] == ("ca", "valence", "all", "conflict", THRESHOLDS[0]))
    spans = [inside_episodes(item.pts_s, [e]) for item in features for e in EPISODES if e.subject == item.subject]
    assert (everyone.frames, everyone.episodes) == (sum(int(span.sum()) for span in spans), len(EPISODES))
    table = as_table(rows)
    chosen = table[(table.group == "all") & (table.mark == "conflict")]
    gains = [chosen[chosen.threshold == threshold].gain.mean() for threshold in THRESHOLDS]
    assert best_threshold(rows, "conflict") == (THRESHOLDS[int(np.argmax(gains))], pytest.approx(max(gains)))


def test_the_command_prints_the_table_and_finds_the_episodes_beside_the_features(folder, capsys):
    given = ["relationships", "--features", str(folder / "features"), "--checkpoint", str(folder / "ca.safetensors")]
    assert main([*given, "--threshold", "0.001", "0.01"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("2 subjects with episodes")
    assert "conflict or dominance: marks most beyond its false alarms from" in said
    assert main([*given, "--csv"]) == 0
    table = pd.read_csv(io.StringIO(capsys.readouterr().out))
    assert set(table.threshold) > {0.1}
    np.testing.assert_allclose(table.gain, table.marked - table.false_alarms)


@pytest.mark.parametrize(
    ("extra", "said"),
    [
        (["--threshold", "0"], "--threshold is 0.0; expected numbers above 0"),
        (["--split", "dev"], "--split is 'dev'; expected one of: train, validation, test"),
        (["--episodes", "none.csv"], "--episodes is none.csv, which does not exist; expected a file"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(folder, capsys, extra, said):
    given = ["relationships", "--features", str(folder / "features"), "--checkpoint", str(folder / "ca.safetensors")]
    assert main([*given, *extra]) == 1
    assert said in capsys.readouterr().err


def test_two_files_of_one_subject_are_refused(folder, tmp_path, capsys):
    for name in ("s0", "copy"):
        write_features(tmp_path / f"{name}.safetensors", make_features(60, 8, subject="s0"))
    given = ["relationships", "--features", str(tmp_path), "--checkpoint", str(folder / "ca.safetensors")]
    assert main([*given, "--episodes", str(folder / "episodes.csv")]) == 1
    assert "are both of subject 's0'; expected one file a subject" in capsys.readouterr().err


def test_without_episodes_there_is_nothing_to_control(folder, tmp_path, capsys):
    (tmp_path / "features").mkdir()
    write_features(tmp_path / "features" / "s0.safetensors", make_features(60, 8, subject="s0"))
    given = ["relationships", "--features", str(tmp_path / "features"), "--checkpoint", str(folder / "ca.safetensors")]
    assert main(given) == 1
    assert "has no episodes.csv in it or beside it" in capsys.readouterr().err
