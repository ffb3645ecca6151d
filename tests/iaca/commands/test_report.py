"""python -m iaca report."""

from __future__ import annotations

import json
import os
import re

import numpy as np
import pytest

from iaca.__main__ import main
from iaca.checkpoints import load_checkpoint, save_checkpoint
from iaca.evaluation import evaluate
from iaca.features.feature_files import read_features, write_features
from iaca.files import file_sha256
from tests.conftest import make_features, make_model

NAMES = ("anna", "ben & <b>co</b>".replace("/", "-"), "carl")


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    root = tmp_path_factory.mktemp("report")
    for k, name in enumerate(NAMES):
        split = "test" if k == 2 else "validation"
        write_features(
            root / "features" / f"s{k}.safetensors", make_features(300, 4, seed=k, subject=name, split=split)
        )
    for name, iaca in (("base", False), ("gated", True)):
        save_checkpoint(root / f"{name}.safetensors", make_model(iaca=iaca), backbones=make_features().backbones)
    (root / "corpus.json").write_text(json.dumps(
        {"name": "t", "synthetic": True, "subjects": {name: {"condition": "weak_face"} for name in NAMES}}
    ))  # fmt: skip
    (root / "episodes.csv").write_text(
        "subject,start_s,end_s,modality,kind,truth_modality\nanna,1,4,audio,noise,\n", encoding="utf-8"
    )
    return root


def report(project, out, *more, models=("base", "gated")):
    files = [str(project / f"{name}.safetensors") for name in models]
    options = ["--features", str(project / "features"), "--checkpoint", *files, "--out", str(project / out)]
    return main(["report", *options, *more])


def test_the_page_has_every_score_and_hash_and_needs_no_other_file(project):
    assert report(project, "all.html") == 0
    page = (project / "all.html").read_text(encoding="utf-8")
    features = [read_features(file) for file in sorted((project / "features").glob("*"))]
    for name in ("base", "gated"):
        file = project / f"{name}.safetensors"
        assert file_sha256(file) in page
        found = evaluate(load_checkpoint(file).model, features, {"all": [one.subject for one in features]})
        for target in ("valence", "arousal"):
            assert f"<td>{found.groups['all'][target].ccc:.3f}</td>" in page
            assert f"<td>{found.subjects['anna'][target].ccc:.3f}</td>" in page
    assert "ben &amp; &lt;b&gt;co" in page
    assert "Synthetic corpus" in page
    assert page.count("data:image/svg+xml;base64,") == 8  # of each target, scores and three groupings of clips
    assert not re.findall(r"(?:src|href)=\"(?!data:)", page)


def test_subjects_are_filtered_and_one_model_has_no_gain(project):
    assert report(project, "one.html", "--split", "test", models=("gated",)) == 0
    page = (project / "one.html").read_text(encoding="utf-8")
    assert "on 1 subject<" in page
    assert "anna" not in page
    assert ">gain<" not in page
    assert "each counting from 0.1.<" in page


def test_shares_are_those_of_the_threshold_that_is_asked_for(project):
    assert report(project, "far.html", "--split", "test", "--threshold", "1000000.0", models=("gated",)) == 0
    page = (project / "far.html").read_text(encoding="utf-8")
    assert "each counting from 1e+06.<" in page
    assert "threshold 1000000.0" in page
    assert len(re.findall(r"<td>1\.000</td>(?=<td>0\.)", page)) == 2  # all clips are neither, for both targets


def test_a_change_is_applied(project):
    assert report(project, "plain.html") == 0
    assert report(project, "lost.html", "--drop-audio", "1") == 0
    features, model = (
        read_features(project / "features" / "s0.safetensors"),
        load_checkpoint(project / "base.safetensors"),
    )
    silent = features._replace(audio=np.tile(features.audio_zero, (len(features.frame), 1)))
    score = evaluate(model.model, [silent], {"all": ["anna"]}).subjects["anna"]["arousal"].ccc
    page = (project / "lost.html").read_text(encoding="utf-8")
    assert f"<td>{score:.3f}</td>" in page
    assert "drop audio 1.0" in page
    assert f"<td>{score:.3f}</td>" not in (project / "plain.html").read_text(encoding="utf-8")


def test_notes_have_figures_and_nothing_that_was_written_is_taken_for_markup(project):
    notes = [
        {"subject": "anna", "start_s": 1.0, "end_s": 2.0, "text": "<script>alert(1)</script> $\\frac$"},
        {"subject": "anna", "start_s": 99.0, "end_s": None, "text": "late"},
        {"subject": "<img src=x>", "start_s": 1.0, "end_s": None, "text": "nobody"},
    ]
    views = [{"name": "<b>mine</b>", "address": "subject=anna&dropout=40&x=<script>"}]
    content = {"format": "iaca notes", "version": 1, "notes": notes, "views": views}
    (project / "notes.json").write_text(json.dumps(content), encoding="utf-8")
    assert report(project, "noted.html", "--notes", str(project / "notes.json")) == 0
    page = (project / "noted.html").read_text(encoding="utf-8")
    assert page.count("data:image/svg+xml;base64,") == 9  # that of the first note besides those of every report
    assert "anna, 0:01.0 to 0:02.0" in page
    assert "it lies behind the end of the recording" in page
    assert "&lt;img src=x&gt; is not among the subjects of this report" in page
    assert "&lt;b&gt;mine&lt;/b&gt;" in page
    assert "subject anna, dropout 40" in page
    assert not re.findall(r"<(?:script|b|img src=x)>", page)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (("--split", "tests"), "expected one of"),
        (("--pattern", "range"), "expected one of"),
        (("--gate-temperature", "0"), "above 0"),
        (("--drop-audio", "2"), "from 0 to 1"),
        (("--subjects", "zoe"), "'zoe'"),
        (("--out", "x.md"), "ends in .html"),
        (("--notes", "nowhere.json"), "does not exist"),
        (("--notes", __file__), "cannot be read"),
    ],
)
def test_what_cannot_be_reported_is_one_sentence(project, capsys, more, message):
    assert report(project, "none.html", *more) == 1
    assert message in capsys.readouterr().err
    assert not (project / "none.html").exists()


def test_a_name_that_is_no_text_is_refused_before_the_work(project, tmp_path, capsys):
    write_features(tmp_path / "a.safetensors", make_features(300, 4, subject=os.fsdecode(b"caf\xe9")))
    arguments = ["--features", tmp_path, "--checkpoint", project / "gated.safetensors", "--out", tmp_path / "r.html"]
    assert main(["report", *map(str, arguments)]) == 1
    assert r"a.safetensors has the features of 'caf\udce9', whose name is no UTF-8" in capsys.readouterr().err
