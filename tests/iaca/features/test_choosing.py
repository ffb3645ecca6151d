"""Who is meant is chosen before features are extracted, on the command line."""

from __future__ import annotations

import numpy as np
import pytest

from iaca.data.faces.detection import with_found_faces
from iaca.data.faces.places import FacesError, read_faces_csv
from iaca.features.choosing import about_others, choose_person, choose_tracks, list_people
from iaca.features.corpus_extraction import single_recording
from tests.iaca.data.faces.test_tracks import CYAN, NIGHT, WIDTH, YELLOW, BrightSquares, film
from tests.iaca.data.media.test_container import write_tracks


@pytest.fixture
def recording(tmp_path):
    faces = [(80, 90, 60, YELLOW), (240, 90, 40, CYAN)]
    return single_recording(film(tmp_path / "v.mp4", [(24, NIGHT, faces)]))


def place(file):
    return round(float(np.median(read_faces_csv(file)["v"].x)) / WIDTH, 2)


def test_the_choice_decides_whose_places_are_kept_and_the_same_choice_writes_nothing(recording, tmp_path):
    out = tmp_path / "out"
    people, folder = list_people(recording, BrightSquares(), out)
    assert [one.number for one in people] == [1, 2]
    assert sorted(file.name for file in folder.glob("*.jpg")) == ["1.jpg", "2.jpg"]
    choose_person(recording, BrightSquares(), out, (2,))
    file = with_found_faces(recording, [], BrightSquares(), out / "faces").faces_file
    assert place(file) == 0.75
    before = file.stat().st_mtime_ns
    choose_person(recording, BrightSquares(), out, (2,))
    assert file.stat().st_mtime_ns == before
    choose_person(recording, BrightSquares(), out, (1,))
    assert place(file) == 0.25
    with pytest.raises(FacesError, match="there is no person 3; expected a number from 1 to 2"):
        choose_person(recording, BrightSquares(), out, (3,))
    assert place(file) == 0.25


def test_without_a_choice_the_one_seen_most_is_taken_and_the_others_are_mentioned(recording, tmp_path):
    assert about_others(recording, BrightSquares(), tmp_path) == ""
    file = with_found_faces(recording, [], BrightSquares(), tmp_path / "faces").faces_file
    assert place(file) == 0.25
    assert "v.mp4: 2 people were found" in about_others(recording, BrightSquares(), tmp_path)


def test_a_choice_among_nobody_is_refused(tmp_path):
    nobody = single_recording(film(tmp_path / "n.mp4", [(8, NIGHT, [])]))
    with pytest.raises(FacesError, match=r"squares found no face in .*n\.mp4"):
        choose_person(nobody, BrightSquares(), tmp_path, (1,))


def test_the_chosen_tracks_are_the_video_of_the_recording_under_its_name(tmp_path):
    video = write_tracks(tmp_path / "v.mp4", (True, False), "v")
    recording = choose_tracks(single_recording(video), tmp_path / "out", 2, None)
    assert recording.subject == "v"
    assert recording.video_file == tmp_path / "out" / "tracks-2-1" / "v.mp4"
    assert choose_tracks(recording, tmp_path / "out", None, None).video_file == recording.video_file


def test_places_found_in_one_track_are_not_those_of_another(recording, tmp_path):
    out = tmp_path / "faces"
    with_found_faces(recording, [], BrightSquares(), out)
    (tmp_path / "other").mkdir()
    moved = film(tmp_path / "other" / "v.mp4", [(24, NIGHT, [(160, 90, 60, YELLOW)])])
    file = with_found_faces(single_recording(moved), [], BrightSquares(), out).faces_file
    assert place(file) == 0.5
