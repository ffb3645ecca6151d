"""A face in few frames: what is said of it, and where to look."""

from __future__ import annotations

import numpy as np
import pytest

from iaca.features.extraction import FOUND_BY
from iaca.features.face_yield import is_poor, missed_frames, sentence
from tests.conftest import make_features


def with_faces(mask, detector="haar"):
    mask = np.asarray(mask, bool)
    return make_features(len(mask), 4)._replace(has_face=mask, problems=(f"{FOUND_BY}{detector}",))


def test_less_than_half_is_poor():
    assert is_poor(with_faces(np.arange(100) < 49))
    assert not is_poor(with_faces(np.arange(100) < 50))


@pytest.mark.parametrize(
    ("detector", "needs"),
    [
        ("haar", "upright, seen from the front"),
        ("yunet", "both eyes"),
        ("libfacedetection", "tilted by some 30 degrees at most"),
        ("mine", "see nothing."),
    ],
)
def test_the_sentence_names_the_share_the_detector_and_what_it_needs(detector, needs):
    said = sentence(with_faces(np.arange(100) < 16, detector))
    assert said.startswith(f"A face was found by {detector} in 16% of the frames")
    assert needs in said


def test_frames_to_look_at_lie_in_the_longest_spans_without_a_face():
    mask = np.ones(100, bool)
    mask[10:12] = mask[30:50] = mask[90:100] = False
    assert missed_frames(with_faces(mask), 2).tolist() == [39, 94]
    assert missed_frames(with_faces(mask), 9).tolist() == [10, 39, 94]
    assert missed_frames(with_faces(np.ones(9, bool)), 4).tolist() == []
