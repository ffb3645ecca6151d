"""From features to a Trace."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from iaca.checkpoints import Checkpoint
from iaca.compute import gpu_memory
from iaca.config import DropoutConfig
from iaca.inference import MismatchError, attention_maps, dropped_by, infer, predict, trace
from iaca.inference.attention_maps import window_maps
from iaca.metrics import ccc
from iaca.models.fusion_model import FusionModel
from iaca.types import TRACE_COLUMNS
from tests.conftest import make_features, make_model


def checkpoint_of(tmp_path, **settings):
    model = make_model(**settings)
    return Checkpoint(tmp_path / "model.safetensors", model, model.config)


@pytest.mark.parametrize("stride", [1, 4, 32])
@pytest.mark.parametrize("num_frames", [1, 31, 33, 513, 700])
def test_every_frame_is_predicted_once(tmp_path, num_frames, stride):
    features = make_features(num_frames, stride)
    trace = infer(features, checkpoint_of(tmp_path, iaca=True))
    assert tuple(trace.frames.columns) == TRACE_COLUMNS
    assert trace.frames.frame.tolist() == list(range(num_frames))
    assert trace.frames[["valence", "arousal", "valence_stage2_joint"]].notna().all().all()
    assert trace.frames.interpolated.sum() == num_frames - len(features.frame)


@pytest.mark.parametrize("holds", [3, 0])
def test_where_a_gpus_memory_is_short_fewer_windows_or_the_cpu_give_the_same_curves(
    tmp_path, features, monkeypatch, holds
):
    checkpoint = checkpoint_of(tmp_path, iaca=True)
    expected = infer(features, checkpoint)
    maps = window_maps(features, checkpoint, 100, "valence")
    forward, seen = FusionModel.forward, []

    def on_a_small_card(model, audio, *more, **settings):
        if model is checkpoint.model and len(audio) > holds:
            raise torch.cuda.OutOfMemoryError
        seen.append((model is checkpoint.model, len(audio)))
        return forward(model, audio, *more, **settings)

    monkeypatch.setattr(FusionModel, "forward", on_a_small_card)
    monkeypatch.setattr(gpu_memory, "_shortages", {})
    for room in (trace, attention_maps):  # "cpu:0" is a device of its own here, with the CPU behind it
        monkeypatch.setattr(room, "device_of", lambda model: torch.device("cpu:0"))
    found = infer(features, checkpoint)
    for name, values in expected.columns.items():
        np.testing.assert_allclose(found.columns[name], values, atol=1e-6)
    assert all(there == bool(holds) and 0 < windows <= (holds or 99) for there, windows in seen)
    assert ("computed on the CPU" in gpu_memory.shortages()[0]) == (holds == 0)
    again = window_maps(features, checkpoint, 100, "valence")
    np.testing.assert_allclose(again.maps["audio"], maps.maps["audio"], atol=1e-6)


def test_a_clip_has_the_prediction_of_its_place_in_a_window(tmp_path, features):
    checkpoint = checkpoint_of(tmp_path, iaca=True)
    trace = infer(features, checkpoint)
    rows = [1 + 4 * i for i in range(6)]  # phase 1: six clips, so ten empty places come first
    audio = np.concatenate((np.tile(features.audio_zero, (10, 1)), features.audio[rows]))[None]
    visual = np.concatenate((np.tile(features.visual_zero, (10, 1)), features.visual[rows]))[None]
    output = checkpoint.model(torch.from_numpy(audio), torch.from_numpy(visual))
    np.testing.assert_allclose(trace.frames.valence[features.frame[rows]], output.valence[0, 10:].detach(), rtol=1e-4)


def test_predictions_between_clips_are_linear_and_gates_are_held(tmp_path, features):
    frames = infer(features, checkpoint_of(tmp_path, iaca=True)).frames
    a, b = frames.valence[16], frames.valence[24]
    assert frames.valence[20] == pytest.approx((a + b) / 2, abs=1e-6)
    assert (frames.valence_stage2_joint[16:24] == frames.valence_stage2_joint[16]).all()
    assert frames.interpolated[16:25].tolist() == [False] + [True] * 7 + [False]


def test_what_is_after_the_last_clip_is_held(tmp_path):
    frames = infer(make_features(39, 32), checkpoint_of(tmp_path)).frames
    assert (frames.valence[32:] == frames.valence[32]).all()


def test_dropped_clips_are_what_the_backbone_answers_to_zeros(tmp_path, features):
    checkpoint = checkpoint_of(tmp_path, iaca=True)
    dropped = infer(features, checkpoint, [DropoutConfig(share=0.5, seed=4)])
    audio = features.audio.copy()
    lost = dropped.frames.audio_dropped[features.frame].to_numpy()
    audio[lost] = features.audio_zero
    by_hand = infer(features._replace(audio=audio), checkpoint)
    np.testing.assert_array_equal(dropped.frames.valence, by_hand.frames.valence)
    assert lost.sum() == round(0.5 * len(features.frame))
    assert not dropped.frames.visual_dropped.any()
    assert (infer(features, checkpoint).frames.valence != dropped.frames.valence).any()


def test_frames_are_marked_dropped_with_their_own_clip(tmp_path, features):
    dropout = DropoutConfig(modality="visual", share=0.3, pattern="block")
    trace = infer(features, checkpoint_of(tmp_path), [dropout])
    lost = dropped_by(features, [dropout])["visual"]
    np.testing.assert_array_equal(trace.frames.visual_dropped, np.repeat(lost, 8)[:200])
    assert not trace.frames.audio_dropped.any()


def test_scores_are_ccc_over_annotated_frames_only(tmp_path, features):
    trace = infer(features, checkpoint_of(tmp_path))
    assert trace.scores["valence"].ccc == ccc(features.valence, trace.frames.valence)
    assert trace.scores["valence"].valid_frames == 195


def test_a_part_that_the_model_lacks_is_a_column_of_nan(tmp_path, features):
    frames = infer(features, checkpoint_of(tmp_path, fusion="concat", targets=("arousal",))).frames
    assert frames.valence.isna().all()
    assert frames.arousal_stage2_joint.isna().all()
    assert frames.arousal_audio_contribution.isna().all()


def test_predict_equals_infer_without_dropout(tmp_path, features):
    checkpoint = checkpoint_of(tmp_path, iaca=True)
    np.testing.assert_array_equal(
        predict(features, checkpoint.model)["arousal"], infer(features, checkpoint).frames.arousal
    )


def test_features_that_do_not_fit_are_refused_in_one_sentence(tmp_path, features):
    checkpoint = checkpoint_of(tmp_path)
    with pytest.raises(MismatchError, match="someone: audio has dimension 13; model model expects 12"):
        infer(features._replace(audio=np.zeros((25, 13), np.float32)), checkpoint)
    with pytest.raises(MismatchError, match="someone: audio has 22 clips; expected 25"):
        infer(features._replace(audio=features.audio[:22]), checkpoint)
    broken = features.visual.copy()
    broken[3, 5] = np.nan
    with pytest.raises(MismatchError, match="visual of the clip that ends at frame 24 is not finite"):
        infer(features._replace(visual=broken), checkpoint)
    other = Checkpoint(
        checkpoint.path, checkpoint.model, checkpoint.config, {"audio": {"name": "z", "sha256": "c" * 64}}
    )
    with pytest.raises(MismatchError, match=r"made by backbone a \(aaaaaaaa\); model model expects z \(cccccccc\)"):
        infer(features, other)
