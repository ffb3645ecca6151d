"""A look at a foreign video in a process of its own: what ends that process is a sentence here."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from iaca.compute.kept import call
from iaca.compute.lanes import Limits
from iaca.data.media import apart
from iaca.data.media.container import MediaError
from iaca.features.vetting import vet
from tests.iaca.features.detectors import Deadly, Endless, Greedy, Nowhere, grown
from tests.media_files import clicks, write_media


@pytest.fixture
def video(tmp_path):
    return write_media(tmp_path / "é b.mp4", np.arange(20) / 20, clicks(1, (0.5,)))


def test_a_video_that_can_be_read_passes(video):
    look = vet(video, Nowhere())
    assert len(look.info.pts_s) == 20
    assert look.frame_s > 0


def test_what_is_no_video_is_refused_as_everywhere(tmp_path):
    (tmp_path / "text.mp4").write_text("text")
    with pytest.raises(MediaError, match=r"text\.mp4 cannot be decoded .*; expected a video in one of the containers"):
        vet(tmp_path / "text.mp4", Nowhere())
    with pytest.raises(MediaError, match="does not exist"):
        vet(tmp_path / "none.mp4", Nowhere())


@pytest.mark.skipif(sys.platform != "linux", reason="the system limits no memory")
def test_a_video_that_takes_all_memory_is_one_sentence(video, monkeypatch):
    monkeypatch.setattr(apart, "READING_BYTES", 2**30)
    with pytest.raises(MediaError, match="it needs more memory than it may take; expected a whole video"):
        vet(video, Greedy())


@pytest.mark.skipif(sys.platform != "linux", reason="the system limits no memory")
def test_what_the_process_has_from_earlier_calls_leaves_a_video_as_much_as_before(video, monkeypatch):
    monkeypatch.setattr(apart, "READING_BYTES", 2**30)
    assert call(grown, 2**30, limits=Limits(2**32)) == call(grown, 0, limits=Limits(2**32))  # one process
    assert len(vet(video, Nowhere()).info.pts_s) == 20


def test_a_video_that_never_ends_is_one_sentence(video, monkeypatch):
    monkeypatch.setattr(apart, "READING_S", 5.0)
    with pytest.raises(MediaError, match="showed no progress for 5 s and was ended; expected a whole video"):
        vet(video, Endless())


@pytest.mark.skipif(sys.platform == "win32", reason="the system has no signals")
def test_a_video_that_ends_the_process_is_one_sentence(video):
    with pytest.raises(MediaError, match="its process was ended by SIGSEGV; expected a whole video"):
        vet(video, Deadly())
