"""What a study found: the sentences follow from the facts, and no file of another shape is read."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from iaca.study.findings import FILE, FindingsError, Study, digests, records

CONTRAST = {
    "question": "is it the choice?", "model": "ca_iaca", "against": "ca_blind_gates", "frames": "all",
    "target": "valence", "model_title": "CA+IACA", "against_title": "CA+blind gates", "draw": "validation",
    "value": 0.004, "low": -0.011, "high": 0.019, "p": 0.6, "p_holm": 1.0, "smallest_detectable": 0.021, "subjects": 90,
    "seeds": 5, "verdict": "equivalent",
}  # fmt: skip
GAIN = {"base": "ca", "base_title": "CA", "frames": "all", "target": "valence", "draw": "validation", "ccc": 0.7}


def study(**changes):
    facts = {
        "synthetic": True, "seeds": 5, "training_subjects": 110, "validation_subjects": 90, "test_subjects": 0,
        "annotated_frames": 1000, "clip_stride": 16, "groups": {"all": 90}, "primary_sha256": "0" * 64,
        "primary": [CONTRAST], "missing_subject": None, "attention_subjects": [],
    }  # fmt: skip
    return Study(**facts | changes)


def test_every_contrast_is_in_the_sentence_whatever_it_says():
    other = CONTRAST | {"frames": "corrupted or misleading", "value": -0.03, "low": -0.05, "high": -0.01}
    told = study(primary=[CONTRAST, other | {"verdict": "hurts"}]).follows
    assert told.strip() == (
        "On 90 validation subjects:\n\n- **CA+IACA - CA+blind gates** (is it the choice?): valence, all frames +0.004 "
        "[-0.011, +0.019] (equivalent); valence, corrupted or misleading -0.030 [-0.050, -0.010] (hurts)."
    )


@pytest.mark.parametrize(("gain", "words"), [(0.019, "nothing to gain here"), (0.021, "something to gain")])
def test_headroom_is_said_beside_the_contrasts(gain, words):
    known = GAIN | {"row": "informed switch", "gain": 0.05, "low": 0.03, "high": 0.07}
    taught = GAIN | {"row": "attainable switch", "gain": gain, "low": 0.0, "high": 0.04}
    assert f"+0.050 [+0.030, +0.070] for who knows the episodes, +{gain:.3f} [+0.000, +0.040]" in (
        told := study(headroom=[known, taught]).follows
    )
    assert words in told


def test_a_study_without_the_models_of_the_contrasts_says_that_nothing_is_decided():
    assert "nothing is decided" in study(primary=[]).follows


def test_facts_are_read_as_they_were_written_and_what_is_not_defined_stays_so(tmp_path):
    table = pd.DataFrame([CONTRAST | {"value": np.nan, "low": np.nan, "high": np.nan}])
    written = study(primary=records(table))
    written.write(tmp_path)
    assert "NaN" not in (tmp_path / FILE).read_text(encoding="utf-8")
    read = Study.read(tmp_path)
    assert read.primary[0]["value"] is None
    assert "valence, all frames – (equivalent)" in read.follows


@pytest.mark.parametrize(
    "damage",
    [
        lambda facts: facts | {"version": 1},
        lambda facts: facts | {"unknown": 1},
        lambda facts: {name: value for name, value in facts.items() if name != "seeds"},
        lambda facts: facts | {"primary": [{"draw": "validation"}]},
        lambda facts: facts | {"primary": [CONTRAST | {"verdict": "wonderful"}]},
        lambda facts: facts | {"primary": [CONTRAST | {"value": "much"}]},
        lambda facts: facts | {"headroom": 3},
        lambda facts: [],
    ],
)
def test_a_file_of_another_shape_is_named(tmp_path, damage):
    study().write(tmp_path)
    facts = json.loads((tmp_path / FILE).read_text(encoding="utf-8"))
    (tmp_path / FILE).write_text(json.dumps(damage(facts)), encoding="utf-8")
    with pytest.raises(FindingsError, match=r"study\.json cannot be read"):
        Study.read(tmp_path)


def test_tables_are_known_by_their_digest(tmp_path):
    (tmp_path / "scores.parquet").write_bytes(b"a")
    assert digests([tmp_path / "scores.parquet"]) == {
        "scores.parquet": "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb"
    }
