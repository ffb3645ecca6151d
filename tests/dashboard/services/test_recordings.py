"""Features and the video that they are drawn over belong together."""

from __future__ import annotations

import pytest

from dashboard.services.corpora import Subject
from dashboard.services.recordings import check_same_video
from iaca.data.media.container import MediaError
from iaca.features.feature_files import write_features
from iaca.files import fingerprint
from iaca.types import Recording
from tests.conftest import make_features


@pytest.mark.parametrize("known", ["same", "another", ""])
def test_features_of_another_video_are_told(tmp_path, known):
    video, file = tmp_path / "a.mp4", tmp_path / "a.safetensors"
    video.write_bytes(b"pictures")
    media = fingerprint(video) if known == "same" else known
    write_features(file, make_features(subject="a")._replace(media=media))
    subject = Subject("a", "", Recording("a", "a", None, video, None), file, False)
    if known == "another":
        with pytest.raises(MediaError, match="was made from another video than"):
            check_same_video(subject)
    else:
        check_same_video(subject)
