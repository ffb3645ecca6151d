"""Of a file with several tracks, a copy has the chosen ones alone, as they are."""

from __future__ import annotations

import numpy as np
import pytest

from iaca.data.media.chosen_tracks import list_tracks, with_tracks
from iaca.data.media.container import MediaError
from iaca.data.media.sound import read_audio
from iaca.data.media.video import iterate_frames, probe
from tests.iaca.data.media.test_container import TIMES_S, needs_ffmpeg, write_tracks
from tests.media_files import clicks, number_of, write_media


@needs_ffmpeg
@pytest.mark.parametrize("name", ["a.mp4", "a.mkv", "a.mov"])
def test_the_chosen_film_alone_is_read_and_shown_with_every_frame_at_its_time(tmp_path, name):
    path = write_tracks(tmp_path / name, (True, False), "v")
    first, second = list_tracks(path).pictures
    assert (first.number, first.is_played, second.number, second.is_played) == (1, True, 2, False)
    assert "48 × 48" in first.facts
    assert "96 × 96" in second.facts
    copy = with_tracks(path, tmp_path / "out", pictures=2)
    assert copy == tmp_path / "out" / "tracks-2-1" / name
    frames = [(k, number_of(picture), picture.shape[0]) for k, picture in iterate_frames(copy)]
    assert frames == [(k, k, 96) for k in range(len(TIMES_S))]
    assert np.allclose(probe(copy).pts_s, TIMES_S, atol=1e-3)
    assert probe(copy).remarks == ()
    assert np.abs(read_audio(copy).samples).max() > 0.3


@needs_ffmpeg
@pytest.mark.parametrize(("sound", "loud"), [(1, False), (2, True)])
@pytest.mark.parametrize("defaults", [(True, False), (False, True)])
def test_the_chosen_sound_alone_is_heard_at_its_time(tmp_path, defaults, sound, loud):
    path = write_tracks(tmp_path / "a.mp4", defaults, "a")
    copy = with_tracks(path, tmp_path / "out", sound=sound)
    assert (copy == path) == defaults[sound - 1]  # what is played anyway needs no copy
    samples = read_audio(copy).samples
    assert (np.abs(samples).max() > 0.3) == loud
    if loud:
        assert np.flatnonzero(np.abs(samples) > 0.3)[0] / 44_100 == pytest.approx(0.5, abs=0.01)
    assert probe(copy).browser_playable or copy == path


@needs_ffmpeg
def test_a_copy_is_made_once_and_again_when_the_file_changes(tmp_path):
    path = write_tracks(tmp_path / "a.mp4", (True, False), "v")
    copy = with_tracks(path, tmp_path / "out", pictures=2)
    made = copy.stat().st_mtime_ns
    assert with_tracks(path, tmp_path / "out", pictures=2).stat().st_mtime_ns == made
    path.unlink()
    write_tracks(path, (True, False), "v")
    assert with_tracks(path, tmp_path / "out", pictures=2).stat().st_mtime_ns > made


@needs_ffmpeg
@pytest.mark.parametrize("number", [0, 3, -1])
def test_a_track_that_there_is_not_is_refused_by_what_there_is(tmp_path, number):
    path = write_tracks(tmp_path / "a.mp4", (True, False), "v")
    with pytest.raises(MediaError, match=rf"a\.mp4 has no video track {number}; expected one of 1 \(h264, 48 × 48 p"):
        with_tracks(path, tmp_path / "out", pictures=number)
    assert not (tmp_path / "out").exists()


def test_one_track_of_each_kind_leaves_nothing_to_choose(tmp_path):
    path = write_media(tmp_path / "a.mp4", TIMES_S, clicks(1, (0.5,)))
    assert not list_tracks(path).are_several
    assert with_tracks(path, tmp_path / "out", 1, 1) == path
    silent = write_media(tmp_path / "b.mp4", TIMES_S)
    assert with_tracks(silent, tmp_path / "out") == silent
    with pytest.raises(MediaError, match=r"b\.mp4 has no sound track 1; expected one of none"):
        with_tracks(silent, tmp_path / "out", sound=1)
