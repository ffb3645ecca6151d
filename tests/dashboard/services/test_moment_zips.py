"""Zips of moments show what the page shows."""

from __future__ import annotations

import csv
import io
import zipfile
from dataclasses import replace

import pytest

from dashboard.export.bundle import MANIFEST
from dashboard.services import moment_zips
from dashboard.services.corpora import Subject
from dashboard.services.model_files import Chosen
from dashboard.services.moment_zips import BEST, WORST, Wanted, Wish
from dashboard.services.selection import Applied
from dashboard.timeline.declared import Note
from iaca.checkpoints import load_checkpoint
from iaca.config import DropoutConfig, WhatIf
from iaca.features.feature_files import write_features
from iaca.figures import palette
from iaca.inference import infer
from iaca.study.overview import best_and_worst
from tests.dashboard.projects import Spec, make_features, write_model

CHANGE = WhatIf(dropouts=(DropoutConfig(modality="audio", share=0.5),))
NOTE = "a note that is drawn"


@pytest.fixture(scope="module")
def wanted(tmp_path_factory):
    root = tmp_path_factory.mktemp("zips")
    for k, name in enumerate(("anna", "ben")):
        write_features(root / f"{name}.safetensors", make_features(Spec(name, 160), k))
    models = []
    for k, name in enumerate(("ca", "ca_iaca")):
        write_model(root / f"{name}.safetensors", iaca=bool(k), seed=k)
        model = load_checkpoint(root / f"{name}.safetensors")
        models.append(Chosen(model.title, model, palette.MODELS[k]))
    anna, ben = (Subject(name, "", None, root / f"{name}.safetensors", False) for name in ("anna", "ben"))
    gone = Subject("gone", "", None, None, False)
    wishes = (Wish(anna, BEST), Wish(anna, "note", 1.0, 3.0, NOTE), Wish(ben, WORST), Wish(gone, "note", 1.0))
    return Wanted(
        wishes=wishes, models=tuple(models), device="cpu", applied=Applied(CHANGE, named="lost"), corrupted_of="",
        words="50% lost", target="arousal", score="contribution", scaled=True, smooth=False, influence=None, rows=None,
        episodes={}, notes={"anna": [Note(1, 1.0, 3.0, NOTE)]}, kinds=("svg",), width=next(iter(moment_zips.WIDTHS)),
        around_s=2.0, folder=root / "own", cache=root / "cache",
    )  # fmt: skip


def test_moments_are_found_named_and_drawn_with_the_what_if_and_notes(wanted):
    made = moment_zips.made(wanted)
    job = made.begin("someone")
    job.thread.join()
    assert not job.error
    assert made.stem == "moments_3-subjects_ca-vs-ca_iaca_lost"
    with zipfile.ZipFile(made.file) as archive:
        rows = list(csv.DictReader(io.StringIO(archive.read(MANIFEST).decode())))
        figure = archive.read(rows[1]["file"]).decode()
    for row, subject, which in ((rows[0], "anna", 0), (rows[2], "ben", 1)):
        features = make_features(Spec(subject, 160), subject == "ben")
        traces = [infer(features, model.checkpoint, CHANGE.dropouts) for model in wanted.models]
        place = best_and_worst(traces[1], "arousal", traces[0])[which]
        assert int(row["first_frame"]) <= place <= int(row["last_frame"])
        assert float(row["end_s"]) - float(row["start_s"]) == pytest.approx(2.0)
    assert rows[0]["file"].startswith("001_anna_ca-vs-ca_iaca_lost_")
    assert rows[0]["what_if"] == "50% lost"
    assert rows[1]["file"] == "002_anna_ca-vs-ca_iaca_lost_1.0-3.0s_note.svg"
    assert NOTE in figure
    assert "no dropout" in figure  # the curve as it was
    assert "gone has no features" in rows[3]["problem"]


def test_another_zip_has_another_key_and_the_same_one_has_the_same(wanted):
    others = [
        wanted._replace(around_s=3.0),
        wanted._replace(kinds=("pdf",)),
        wanted._replace(notes={}),
        wanted._replace(applied=Applied(replace(CHANGE, dropouts=()))),
        wanted._replace(wishes=wanted.wishes[1:]),
    ]
    made = list(map(moment_zips.made, [wanted, *others]))
    assert len({one.key for one in made}) == 6
    assert str(wanted.folder) in made[0].key
    again = wanted._replace(models=tuple(wanted.models), notes=dict(wanted.notes))
    assert moment_zips.made(again).key == made[0].key


def test_too_much_film_nothing_chosen_and_no_moment_are_refused(wanted):
    assert not moment_zips.refusal(wanted)
    assert "kind of file" in moment_zips.refusal(wanted._replace(kinds=()))
    assert "no such moment" in moment_zips.refusal(wanted._replace(wishes=()))
    assert "minutes" in moment_zips.refusal(wanted._replace(kinds=("mp4",), around_s=900.0))
    mixed = moment_zips.listed([wanted.wishes[k] for k in (0, 2, 1)])
    assert [wish.subject.name for wish in mixed] == ["anna", "anna", "ben"]
