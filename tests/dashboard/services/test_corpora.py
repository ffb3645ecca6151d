"""Whom the pages can show: features that say they are of somebody else."""

from __future__ import annotations

import shutil

import pytest

from dashboard.services.corpora import corpus, rescan, unlike_formats
from dashboard.services.recordings import truth
from dashboard.state.folders import Folders, Source
from iaca.data.media.container import MediaError
from iaca.features.feature_files import read_features, write_features
from tests.dashboard.projects import Spec, write_project


@pytest.fixture
def root(tmp_path):
    return write_project(tmp_path / "data", [Spec("anna", 60), Spec("berta", 60)])


def look(root):
    rescan()
    return corpus(Folders((Source((root,), root / "features"),), root, root, locked=False, own=root / "own"))


def test_features_of_another_person_are_not_drawn_over_a_video(root):
    shutil.copy(root / "features/anna.safetensors", root / "features/berta.safetensors")
    found = look(root)
    subjects = {one.name: one for one in found.subjects}
    assert subjects["anna"].features is not None
    assert subjects["berta"].features is None
    assert [one for one in found.problems if "features/berta.safetensors" in one] == [
        f"{root}/features/berta.safetensors holds the features of anna, not of berta, and is not drawn over the video "
        "of berta; rename it, or extract the subject again."
    ]


def test_features_without_a_video_that_bear_another_name_are_told(root):
    shutil.copy(root / "features/anna.safetensors", root / "features/someone.safetensors")
    found = look(root)
    assert "someone" in {one.name for one in found.subjects}
    assert any("someone.safetensors holds the features of anna; it is listed by" in one for one in found.problems)


def test_features_that_were_exchanged_since_the_folders_were_looked_through_are_refused(root):
    subject = next(one for one in look(root).subjects if one.name == "berta")
    shutil.copy(root / "features/anna.safetensors", root / "features/berta.safetensors")
    with pytest.raises(MediaError, match=r"berta\.safetensors holds the features of anna, not of berta"):
        truth(subject)


def test_nothing_is_said_of_features_that_bear_their_own_name(root):
    assert not [one for one in look(root).problems if "holds the features" in one]


def test_unlike_number_formats_are_told_of_those_that_are_asked_for_as_their_files_are_now(root):
    def compute(name, number_format):
        file = root / "features" / f"{name}.safetensors"
        how = {"visual": {"format": number_format, "device": "CPU"}}
        write_features(file, read_features(file)._replace(computed=how))
        return look(root).subjects

    assert unlike_formats(compute("anna", "float32")) == ""  # of berta nothing is recorded
    subjects = compute("berta", "float16")
    assert unlike_formats(subjects) == (
        "Visual features have unlike number formats, 1 subject (such as berta) in float16 and 1 subject (such as "
        "anna) in float32, and differ by rounding."
    )
    assert unlike_formats(subjects[:1]) == ""
    assert unlike_formats(compute("berta", "float32")) == ""
