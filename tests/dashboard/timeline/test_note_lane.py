"""Notes as a lane, as ticks and as words of frames."""

from __future__ import annotations

import numpy as np

from dashboard.timeline.declared import Note
from dashboard.timeline.note_lane import note_bands, note_marks, note_words

PTS_S = np.arange(10) / 10
NOTES = (Note(1, 0.2, 0.5, "span"), Note(2, 0.44, None, "bookmark"))


def test_a_span_is_in_all_its_frames_and_a_bookmark_in_the_nearest():
    words = note_words(NOTES, PTS_S).tolist()
    assert words == ["", "", "span", "span", "span | bookmark", "span", "", "", "", ""]


def test_each_note_has_a_band_behind_no_row_and_a_tick_where_it_begins():
    bands, marks = note_bands(NOTES, PTS_S), note_marks(NOTES)
    assert [(band.label, band.spans, band.rows, band.lane) for band in bands] == [
        ("span", [(0.2, 0.5)], (), "notes"),
        ("bookmark", [(0.44, 0.54)], (), "notes"),
    ]
    assert [(mark.second, mark.label) for mark in marks] == [(0.2, "span"), (0.44, "bookmark")]
    assert note_bands(NOTES, PTS_S[:0]) == []
