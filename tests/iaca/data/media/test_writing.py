"""An mp4 that is written appears whole, with every picture at its time, or not at all."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from iaca.data.media.sound import read_audio
from iaca.data.media.video import iterate_frames, probe
from iaca.data.media.writing import Sound, open_mp4
from tests.media_files import RATE_HZ, clicks, number_of, numbered_picture

UNEVEN_S = np.cumsum(np.r_[0, np.tile([0.033, 0.05, 0.02], 13)])
FORM = {"width": 96, "height": 96, "rate": Fraction(25), "options": {"preset": "veryfast", "crf": "20", "bf": "0"}}


def test_pictures_are_shown_when_they_were_said_to_be_and_sound_runs_to_its_end(tmp_path):
    path = tmp_path / "folder" / "a.mp4"
    with open_mp4(path, **FORM, sound=Sound(clicks(2.0, (1.8,)), RATE_HZ)) as writer:
        for k, shown_s in enumerate(UNEVEN_S):
            writer.add(numbered_picture(k), shown_s)
    info = probe(path)
    assert info.browser_playable
    assert np.allclose(info.pts_s, UNEVEN_S, atol=2e-5)
    assert [number_of(picture) for _, picture in iterate_frames(path)] == list(range(len(UNEVEN_S)))
    loud = np.flatnonzero(np.abs(read_audio(path).samples) > 0.3)[0] / RATE_HZ
    assert loud == pytest.approx(1.8, abs=0.01)
    assert [file.name for file in path.parent.iterdir()] == ["a.mp4"]


def test_work_that_stops_half_way_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "a.mp4"
    path.write_bytes(b"old")

    def write_half():
        with open_mp4(path, **FORM, sound=Sound(clicks(1, ()), RATE_HZ)) as writer:
            writer.add(numbered_picture(0), 0.0)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["a.mp4"]
