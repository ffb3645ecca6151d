"""What is known of a recording: segments of frames, what misleads, and what a row is told."""

from __future__ import annotations

import numpy as np

from iaca.study.known import as_seen_by, flags, misleading, segments
from iaca.study.plan import ALL_FRAMES, CLEAN, alone_rows, table_rows, told_row
from iaca.types import Episode
from tests.conftest import make_features

DIMS = {"audio_dim": 12, "visual_dim": 12, "dim": 12}
NAME = "validation0"
EPISODES = [
    Episode(NAME, 1.0, 2.0, "audio", "stranger"),
    Episode(NAME, 3.0, 4.0, "visual", "stranger_control"),
    Episode(NAME, 5.0, 6.0, "visual", "conflict", "audio"),
    Episode(NAME, 7.0, 8.0, "visual", "restrained"),
    Episode(NAME, 9.0, 10.0, "visual", "blur"),
    Episode("somebody else", 0.0, 12.0, "visual", "blur"),
]


def subject():
    return make_features(300, 8, seed=0, subject=NAME)


def within(pts_s, *spans):
    return np.logical_or.reduce([(pts_s >= start) & (pts_s < end) for start, end in spans])


def test_frames_belong_to_what_goes_wrong_in_them_and_the_rest_is_clean():
    item = subject()
    overlapping = [Episode(NAME, 1.0, 3.0, "visual", "blur"), Episode(NAME, 2.0, 5.0, "visual", "hand")]
    parts = segments(item, overlapping)
    assert set(parts) == {ALL_FRAMES, CLEAN, "face corrupted"}
    np.testing.assert_array_equal(parts["face corrupted"], within(item.pts_s, (1, 5)))
    np.testing.assert_array_equal(parts[CLEAN], ~within(item.pts_s, (1, 5)))
    assert set(segments(item, [])) == {ALL_FRAMES}
    assert set(segments(item, EPISODES)) - {ALL_FRAMES, CLEAN} == {
        "another voice, with a cue", "another face, without a cue", "conflict with a cue", "face restrained",
        "face corrupted",
    }  # fmt: skip


def test_a_conflict_misleads_about_valence_alone_and_a_restrained_face_about_nothing():
    item = subject()
    face = misleading(item, EPISODES, "visual", "valence")
    np.testing.assert_array_equal(face, within(item.pts_s, (3, 4), (5, 6), (9, 10)))
    face = misleading(item, EPISODES, "visual", "arousal")
    np.testing.assert_array_equal(face, within(item.pts_s, (3, 4), (9, 10)))
    voice = misleading(item, EPISODES, "audio", "arousal")
    np.testing.assert_array_equal(voice, within(item.pts_s, (1, 2)))


def test_a_row_that_is_told_sees_which_episode_each_clip_is_in():
    item = subject()
    known = flags(item, EPISODES)
    pts_s = item.pts_s[item.frame]
    audio_another, visual_corrupted, visual_conflict = known[:, 2], known[:, 4], known[:, 7]
    np.testing.assert_array_equal(audio_another, within(pts_s, (1, 2)))
    np.testing.assert_array_equal(visual_corrupted, within(pts_s, (9, 10)))
    np.testing.assert_array_equal(visual_conflict, within(pts_s, (5, 6)))
    row = told_row(table_rows("ca", DIMS)[0])
    seen = as_seen_by(row, item, EPISODES)
    np.testing.assert_array_equal(seen.audio, np.concatenate((item.audio, known), axis=1))
    assert seen.audio.shape[1] == row.config.audio_dim == len(seen.audio_zero)
    assert (row.base, row.title) == ("ca", "CA, told the episodes")


def test_a_row_of_one_modality_sees_nothing_of_the_other():
    item = subject()
    item.audio_zero[:] = np.arange(12)
    audio, visual = alone_rows(DIMS)
    seen = as_seen_by(visual, item, [])
    np.testing.assert_array_equal(seen.visual, item.visual)
    np.testing.assert_array_equal(seen.audio, np.tile(item.audio_zero, (len(item.frame), 1)))
    assert as_seen_by(audio, item, []).audio is item.audio
    assert (audio.title, visual.title) == ("Audio alone", "Visual alone")
