"""The whole corpus: what is measured stays in memory and on disk, through a stop and a new server."""

from __future__ import annotations

import time

import pytest

from dashboard.services import measure_store, overviews
from dashboard.services.corpora import Subject
from dashboard.state import known_files
from iaca.checkpoints import load_checkpoint
from iaca.config import UNCHANGED, DropoutConfig, WhatIf
from iaca.features.feature_files import read_features, write_features
from iaca.inference import infer
from iaca.study.overview_table import SHARES
from tests.dashboard.projects import BACKBONES, Spec, make_features, write_model
from tests.dashboard.stopping import stopped_after_its_first_part

NAMES = tuple(f"s{k:02}" for k in range(12))
CHANGE = WhatIf(dropouts=(DropoutConfig(modality="audio", share=0.5, seed=3),))


@pytest.fixture
def corpus(tmp_path):
    for k, name in enumerate(NAMES):
        write_features(tmp_path / f"{name}.safetensors", make_features(Spec(name, 160), k))
    for k, name in enumerate(("ca", "ca_iaca")):
        write_model(tmp_path / "models" / f"{name}.safetensors", iaca=bool(k), seed=k)
    return [Subject(name, "weak", None, tmp_path / f"{name}.safetensors", True) for name in NAMES]


def view(corpus, change=UNCHANGED):
    folder = corpus[0].features.parent
    models = [folder / "models" / f"{name}.safetensors" for name in ("ca", "ca_iaca")]
    return overviews.wanted(corpus, {}, models, change, "cpu", folder / "cache")


def finish(job):
    while not job.ended:
        time.sleep(0.01)
    assert not job.error
    return job


def test_scores_are_those_of_the_traces_with_and_without_the_what_if(corpus):
    asked = view(corpus, CHANGE)
    finish(overviews.begin(asked))
    seen = overviews.found(asked)
    assert seen.is_whole
    assert list(seen.pairs) == list(NAMES)
    table = overviews.rows_of(asked, seen, "arousal").set_index("subject")
    for number, title in enumerate(("ccc_base", "ccc_gated")):
        model = load_checkpoint(asked.models[number].path)
        score = infer(read_features(corpus[3].features), model, CHANGE.dropouts).scores["arousal"]
        assert table.loc["s03", title] == pytest.approx(score.ccc, abs=1e-6)
    assert seen.unchanged["s03"].gated.sums[0, 0, 0] != seen.pairs["s03"].gated.sums[0, 0, 0]
    plain = view(corpus)
    assert overviews.found(plain).is_whole  # measured beside the change
    far = plain._replace(threshold=1e6)
    assert not overviews.found(far).done  # with another threshold other shares
    finish(overviews.begin(far))
    shares = overviews.rows_of(far, overviews.found(far), "arousal")[list(SHARES)]
    assert (shares.to_numpy() == (0, 0, 0, 0, 1)).all()
    assert not (overviews.rows_of(plain, overviews.found(plain), "arousal")["share_neither"] == 1).all()


def test_what_was_measured_before_a_stop_is_there_again_for_a_new_server(corpus):
    asked = view(corpus)
    with stopped_after_its_first_part():
        finish(overviews.begin(asked))
    half = overviews.found(asked).done
    assert 0 < half < len(NAMES)
    overviews.forget()
    assert overviews.found(asked).done == half
    job = finish(overviews.begin(asked))
    assert job.total == len(NAMES) - half
    assert overviews.found(asked).is_whole


def test_a_changed_file_is_measured_again_and_one_that_does_not_fit_is_told(corpus):
    finish(overviews.begin(view(corpus)))
    other = BACKBONES | {"audio": {"name": "x", "sha256": "c" * 64}}
    write_features(corpus[5].features, make_features(Spec(NAMES[5], 170), 9, other))
    known_files.refresh()
    asked = view(corpus)
    assert overviews.found(asked).done == len(NAMES) - 1
    finish(overviews.begin(asked))
    seen = overviews.found(asked)
    assert seen.is_whole
    assert NAMES[5] not in seen.pairs
    assert len(seen.problems) == 1
    assert "was made by backbone x" in seen.problems[0]


def test_a_damaged_file_of_measures_is_made_anew(corpus):
    asked = view(corpus)
    finish(overviews.begin(asked))
    (asked.folder / measure_store.FILE).write_bytes(b"no database" * 100)
    overviews.forget()
    assert overviews.found(asked).done == 0
    overviews.jobs.forget(asked.key)
    finish(overviews.begin(asked))
    overviews.forget()
    assert overviews.found(asked).is_whole
