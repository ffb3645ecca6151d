"""A look at a foreign video in a process of its own: what ends that process is a sentence here."""

from __future__ import annotations

import numpy as np
import pytest

from iaca.data.media import vetting
from iaca.data.media.container import MediaError
from iaca.data.media.vetting import vet
from tests.media_files import clicks, write_media


@pytest.fixture
def video(tmp_path):
    return write_media(tmp_path / "é b.mp4", np.arange(20) / 20, clicks(1, (0.5,)))


def test_a_video_that_can_be_read_passes(video):
    vet(video)


def test_what_is_no_video_is_refused_as_everywhere(tmp_path):
    (tmp_path / "text.mp4").write_text("text")
    with pytest.raises(MediaError, match=r"text\.mp4 cannot be decoded .*; expected a video in one of the containers"):
        vet(tmp_path / "text.mp4")
    with pytest.raises(MediaError, match="does not exist"):
        vet(tmp_path / "none.mp4")


@pytest.mark.skipif(not hasattr(vetting.os, "fork"), reason="the system limits no memory")
def test_a_video_that_takes_all_memory_is_one_sentence(video, monkeypatch):
    monkeypatch.setattr(vetting, "MEMORY_BYTES", 2**20)
    with pytest.raises(MediaError, match="took all its memory"):
        vet(video)


def test_a_video_that_never_ends_is_one_sentence(video, monkeypatch):
    monkeypatch.setattr(vetting, "PATIENCE_S", 0.01)
    with pytest.raises(MediaError, match="expected a whole video"):
        vet(video)
