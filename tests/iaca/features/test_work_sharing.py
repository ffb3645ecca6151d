"""Parts of a corpus for machines that share the work."""

from __future__ import annotations

import numpy as np

from iaca.data.recordings import find_recordings
from iaca.features.work_sharing import cut_by_length
from tests.media_files import write_media


def test_parts_take_about_as_long_as_each_other_and_keep_the_order(tmp_path):
    for subject, frames in {"a": 60, "b": 6, "c": 40, "d": 30, "e": 6}.items():
        write_media(tmp_path / "batch1" / f"{subject}.mp4", np.arange(frames) / 30)
    recordings = sorted(find_recordings(tmp_path).recordings, key=lambda recording: recording.subject)
    (tmp_path / "batch1" / "e.mp4").write_bytes(b"no video")
    names = [[one.subject for one in part] for part in cut_by_length(recordings, 2)]
    assert names == [["a", "b", "e"], ["c", "d"]]  # nothing is known of e
    assert cut_by_length(recordings, 1) == [recordings]
    assert sum(map(len, cut_by_length(recordings, 9))) == 5
