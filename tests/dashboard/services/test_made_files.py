"""Files that are made in the background."""

from __future__ import annotations

import os

from dashboard.services import jobs, made_files
from dashboard.services.made_files import Made
from iaca.files import write_whole


def test_a_file_is_made_once_and_newer_ones_take_the_place_of_the_oldest(tmp_path, monkeypatch):
    monkeypatch.setattr(made_files, "MOST_BYTES", 25)
    written = []

    def write(file, progress):
        progress(1, 2)
        written.append(file.name)
        write_whole(file, b"0123456789")

    made = [Made(tmp_path / "own", f"d{k}", "zip", "moments", write) for k in range(4)]
    for k, one in enumerate(made):
        one.begin("somebody").thread.join()
        os.utime(one.file, (k, k))
    assert written == ["d0.zip", "d1.zip", "d2.zip", "d3.zip"]
    assert [one.file.is_file() for one in made] == [False, False, True, True]
    made[3].begin("another").thread.join()
    assert len(written) == 4


def test_it_stops_with_the_folder_that_it_is_for(tmp_path):
    def write(file, progress):
        while True:
            progress(1, 2)

    made = Made(tmp_path / "visit", "d", "zip", "moments", write)
    job = made.begin("somebody")
    jobs.stop_all(str(tmp_path / "visit"))
    job.thread.join()
    assert job.stopped
    assert not made.folder.exists()
