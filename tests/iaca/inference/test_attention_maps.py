"""The attention of the window at a frame."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from iaca.config import DropoutConfig
from iaca.inference.attention_maps import MOST_CELLS, ordered, window_maps
from tests.conftest import make_features
from tests.iaca.inference.test_trace import checkpoint_of


@pytest.mark.parametrize("fusion", ["ca", "tca"])
def test_columns_sum_to_one_and_the_clip_of_the_frame_is_in_its_window(tmp_path, fusion):
    features, checkpoint = make_features(2000, 8), checkpoint_of(tmp_path, fusion=fusion)
    for frame in (0, 7, 8, 1000, 1999):
        found = window_maps(features, checkpoint, frame, "arousal")
        assert found.over_clips
        for values in found.maps.values():
            np.testing.assert_allclose(values.sum(axis=0), 1, rtol=1e-5)
        assert found.clip_frame[found.place] == frame - frame % 8
        assert set(np.diff(found.clip_frame[found.clip_frame >= 0])) <= {32}


def test_a_map_is_that_of_the_model_for_the_clips_that_are_named(tmp_path):
    features, checkpoint = make_features(700, 4), checkpoint_of(tmp_path, fusion="ca")
    found = window_maps(features, checkpoint, 300, "valence")
    rows = np.searchsorted(features.frame, found.clip_frame)
    assert (found.clip_frame >= 0).all()
    audio, visual = (torch.from_numpy(getattr(features, m)[rows])[None] for m in ("audio", "visual"))
    expected = checkpoint.model(audio, visual).explanations["valence"].audio_attention[0]
    np.testing.assert_allclose(found.maps["audio"], expected.detach().numpy(), rtol=1e-4)
    assert not np.allclose(found.maps["audio"], window_maps(features, checkpoint, 300, "arousal").maps["audio"])


def test_a_short_recording_has_empty_places_first(tmp_path):
    found = window_maps(make_features(100, 32), checkpoint_of(tmp_path), 99, "valence")
    assert found.clip_frame.tolist() == [-1] * 12 + [0, 32, 64, 96]
    assert found.place == 15


def test_dropout_changes_the_map_and_gates_name_rows_by_fusion(tmp_path):
    features, checkpoint = make_features(700, 4), checkpoint_of(tmp_path, iaca=True)
    before = window_maps(features, checkpoint, 300, "valence")
    after = window_maps(features, checkpoint, 300, "valence", [DropoutConfig(share=1.0)])
    assert not np.allclose(before.maps["visual"], after.maps["visual"])
    assert before.row_modality["audio"] == "audio"
    tca = window_maps(features, checkpoint_of(tmp_path, fusion="tca"), 300, "valence")
    assert tca.row_modality["audio"] == "visual"


def test_maps_of_features_are_not_over_clips_and_concat_has_none(tmp_path):
    features = make_features(700, 4)
    jca = window_maps(features, checkpoint_of(tmp_path, fusion="jca"), 300, "valence")
    assert not jca.over_clips
    assert jca.maps["audio"].shape == (12, 24)
    assert window_maps(features, checkpoint_of(tmp_path, fusion="concat"), 300, "valence").maps == {}


def test_the_order_brings_blocks_together_that_were_scattered():
    rng = np.random.default_rng(0)
    rows, columns = rng.permutation(40) % 2, np.concatenate([rng.permutation(40) % 2 for _ in range(2)])
    values = (np.where(rows[:, None] == columns[None], 0.8, -0.8) + rng.normal(0, 0.05, (40, 80))).astype(np.float32)
    shown = ordered(values)
    assert shown.divide == 40
    assert (shown.row_span, shown.column_span) == (1, 1)
    for line in (shown.values[0, :40], shown.values[0, 40:], shown.values[:, 0]):
        assert (np.diff(np.sign(line)) != 0).sum() == 1  # two blocks, one border
    np.testing.assert_allclose(np.sort(shown.values.ravel()), np.sort(values.ravel()))


def test_a_large_map_is_averaged_to_what_a_screen_shows():
    shown = ordered(np.random.default_rng(0).normal(size=(512, 1024)).astype(np.float32))
    assert shown.values.shape == (256, 256)
    assert shown.divide == 128
    assert max(shown.values.shape) <= MOST_CELLS
    constant = ordered(np.full((300, 600), 0.25, np.float32))
    np.testing.assert_allclose(constant.values, 0.25)
