"""Pictures of frames without a face, beside the features of their video."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from iaca.features.missed_pictures import HEIGHT, PICTURES, keep_missed, picture_file
from tests.conftest import make_features
from tests.media_files import write_media


@pytest.fixture
def video(tmp_path):
    return write_media(tmp_path / "a.mp4", np.arange(40) / 25)


def test_the_longest_spans_without_a_face_have_a_small_picture_each(tmp_path, video):
    has_face = np.zeros(40, bool)
    has_face[[3, 10, 20, 22, 30]] = True
    keep_missed(video, make_features(40, 8)._replace(has_face=has_face), tmp_path)
    kept = sorted(tmp_path.glob("missed-*.jpg"))
    assert len(kept) == PICTURES
    assert cv2.imread(str(picture_file(tmp_path, 15))).shape[0] == HEIGHT


def test_where_faces_were_found_none_is_kept_and_old_ones_go(tmp_path, video):
    picture_file(tmp_path, 7).write_bytes(b"old")
    keep_missed(video, make_features(40, 8)._replace(has_face=np.ones(40, bool)), tmp_path)
    assert not list(tmp_path.glob("missed-*"))
