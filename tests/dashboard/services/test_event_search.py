"""Search for events over a corpus: as `find_events` finds them, kept on disk beside the measures of overviews."""

from __future__ import annotations

import time

import pytest

from dashboard.services import event_search, jobs, measure_store, overviews
from dashboard.services.corpora import Subject
from iaca.checkpoints import load_checkpoint
from iaca.config import UNCHANGED, DropoutConfig, WhatIf
from iaca.features.feature_files import read_features, write_features
from iaca.inference import add_influence, infer
from iaca.inference.conditions import find_events, query_of
from iaca.types import Episode
from tests.dashboard.projects import BACKBONES, Spec, make_features, write_model

NAMES = ("s0", "s1", "s2")
CHANGE = WhatIf(dropouts=(DropoutConfig(modality="audio", share=0.5, seed=3),))
EPISODES = {"s1": [Episode("s1", 1.0, 4.0, "visual", "blur")]}
MODEL = "ca_iaca.safetensors"


@pytest.fixture
def corpus(tmp_path):
    for k, name in enumerate(NAMES):
        write_features(tmp_path / f"{name}.safetensors", make_features(Spec(name, 160), k))
    write_model(tmp_path / MODEL, iaca=True, seed=1)
    return [Subject(name, "", None, tmp_path / f"{name}.safetensors", name == "s0") for name in NAMES]


def search(corpus, *conditions, change=UNCHANGED):
    folder = corpus[0].features.parent
    query = query_of(conditions, 0.2)
    return event_search.wanted(corpus, EPISODES, folder / MODEL, query, change, "cpu", folder / "cache")


def finish(asked):
    job = event_search.begin(asked)
    while not job.ended:
        time.sleep(0.01)
    assert not job.error
    return event_search.found(asked)


def test_hits_are_those_of_each_trace_with_the_what_if(corpus):
    asked = search(corpus, "valence_relationship is not conflict", "valence < 0.2", change=CHANGE)
    seen = finish(asked)
    assert seen.is_whole
    model = load_checkpoint(asked.model.path)
    for one in corpus:
        features = read_features(one.features)
        trace = add_influence(infer(features, model, CHANGE.dropouts), features, model, CHANGE.dropouts)
        assert seen.events[one.name] == find_events(trace, asked.query)
    table = event_search.event_table(seen, ["s2", "s0"], "CA+IACA")
    assert list(table["subject"].unique()) == ["s2", "s0"]
    counts = event_search.count_table(seen, {one.name: one for one in corpus}, "CA+IACA").set_index("subject")
    assert counts.loc["s2", "events"] == (table["subject"] == "s2").sum() > 0
    assert table["length_s"].min() >= 0.2 - 1e-6


def test_what_is_known_of_a_subject_is_its_episodes_or_that_it_is_rendered(corpus):
    seen = finish(search(corpus, "face is not corrupted"))
    assert {name: bool(found.events) for name, found in seen.events.items()} == {"s0": True, "s1": True, "s2": False}
    assert seen.events["s2"].known_s == (0.0,)


def test_what_was_found_is_there_for_a_new_server_and_damage_is_searched_anew(corpus):
    asked = search(corpus, "valence < 0")
    before = finish(asked)
    event_search.forget()
    assert event_search.found(asked) == before
    (asked.folder / measure_store.FILE).write_bytes(b"no database" * 100)
    event_search.forget()
    assert event_search.found(asked).done == 0
    jobs.forget(asked.key)
    assert finish(asked) == before
    overviews.forget()
    view = overviews.wanted(corpus, {}, [asked.folder.parent / MODEL], UNCHANGED, "cpu", asked.folder)
    assert overviews.found(view).done == 0  # one file holds both kinds


def test_a_subject_that_does_not_fit_is_told_and_the_others_are_searched(corpus):
    other = BACKBONES | {"audio": {"name": "x", "sha256": "c" * 64}}
    write_features(corpus[1].features, make_features(Spec("s1", 160), 9, other))
    seen = finish(search(corpus, "valence < 0"))
    assert seen.is_whole
    assert list(seen.events) == ["s0", "s2"]
    assert len(seen.problems) == 1
    assert "was made by backbone x" in seen.problems[0]
