"""Features of a recording that is never written: those that extraction makes of the same recording in a file."""

import json

import numpy as np
import pytest

from iaca.checkpoints import load_backbone
from iaca.data.recordings import find_recordings
from iaca.demo.corpus import build_corpus
from iaca.demo.corpus_plan import CorpusError, plan_corpus
from iaca.demo.direct_features import direct_features
from iaca.demo.feature_corpus import build_features
from iaca.features.extraction import extract
from iaca.features.feature_files import read_features
from iaca.features.folder import groups_of, read_folder
from iaca.resources import weights_file

SECONDS = 8
PLANNED = {
    "role": "test",
    "identities": 2,
    "first_identity": 3,
    "seconds": SECONDS,
    "conditions": [["mixed"], ["strong"]],
}
SIZE = 192


@pytest.fixture(scope="module")
def backbones():
    return load_backbone(weights_file("visual_slim")), load_backbone(weights_file("audio_slim"))


def test_they_are_those_of_the_video(backbones, tmp_path):
    build_corpus(tmp_path, crops=False, video_size=SIZE, crf=4, preset="veryfast", progress=False, **PLANNED)
    for plan in plan_corpus(**PLANNED):
        written = extract(find_recordings([tmp_path]).find(plan.subject), *backbones, clip_stride=16)
        direct = direct_features(plan, "validation", *backbones, clip_stride=16, video_size=SIZE)
        np.testing.assert_array_equal(direct.audio, written.audio)
        for one, other in zip(direct.visual, written.visual, strict=True):  # pictures were encoded
            assert np.corrcoef(one, other)[0, 1] > 0.998
        for name in ("frame", "has_face", "has_audio", "valence", "arousal", "audio_zero", "visual_zero"):
            np.testing.assert_array_equal(getattr(direct, name), getattr(written, name))
        np.testing.assert_allclose(direct.pts_s, written.pts_s, atol=1e-6)
        assert (direct.subject, direct.split, direct.backbones) == (written.subject, written.split, written.backbones)


def test_a_folder_of_them_resumes_and_says_what_is_in_it(tmp_path):
    subjects = build_features(tmp_path, progress=False, processes=1, **PLANNED)
    files = {subject: (tmp_path / f"{subject}.safetensors").read_bytes() for subject in subjects}
    (tmp_path / f"{subjects[1]}.safetensors").unlink()
    build_features(tmp_path, progress=False, processes=1, **PLANNED)
    for subject, content in files.items():
        assert (tmp_path / f"{subject}.safetensors").read_bytes() == content
    features = read_folder(tmp_path)
    assert {item.subject for item in features} == set(subjects) == {"mixed-3005", "strong-3004"}
    assert groups_of(tmp_path, features) == {
        "all": ["mixed-3005", "strong-3004"],
        "strong": ["strong-3004"],
        "weak": ["mixed-3005"],
    }
    assert json.loads((tmp_path / "corpus.json").read_text())["emotion_memory_s"] == 11.0
    assert read_features(tmp_path / "mixed-3005.safetensors").clip_stride == 16
    with pytest.raises(CorpusError, match=r"corpus.json describes a corpus built with other values"):
        build_features(tmp_path, progress=False, emotion_memory_s=2.2, **PLANNED)
