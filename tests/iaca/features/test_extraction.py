"""From media to feature files: masks, times, stops and what is wrong with one subject."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from iaca.checkpoints import load_backbone, save_backbone
from iaca.clips import clip_ends, clip_frame_indices
from iaca.config import BackboneConfig, ConfigError
from iaca.data.annotations import write_labels
from iaca.data.recordings import find_recordings
from iaca.features.extraction import extract
from iaca.models.backbones import build_backbone
from tests.conftest import write_small_backbones
from tests.iaca.subject_files import TIMES_S, make_subject
from tests.media_files import clicks, write_media

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def backbones(tmp_path_factory):
    return write_small_backbones(tmp_path_factory.mktemp("backbones"))


def run(root, backbones, clip_stride=8, subject="s"):
    return extract(find_recordings(root).find(subject), *backbones, clip_stride=clip_stride)


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    root = tmp_path_factory.mktemp("plain")
    sound = np.random.default_rng(1).normal(0, 0.1, 3 * 44_100).astype(np.float32)
    make_subject(root, "s", TIMES_S, sound=sound)
    return root


def test_features_have_a_clip_for_every_stride_and_a_label_for_every_frame(plain, backbones):
    features = run(plain, backbones)
    assert features.audio.shape == features.visual.shape == (12, 6)
    assert features.frame.tolist() == list(range(0, 90, 8))
    assert np.allclose(features.pts_s, TIMES_S)
    assert np.allclose(features.valence, np.linspace(-0.5, 0.5, 90), atol=1e-6)
    assert np.allclose(features.arousal, -features.valence)
    assert (features.subject, features.video, features.split) == ("s", "s", "train")
    assert features.has_face.all()
    assert features.has_audio.all()
    assert features.problems == ()
    assert features.backbones["visual"] == {"name": "visual", "sha256": backbones[0].sha256}
    assert features.computed == {m: {"format": "float32", "device": "CPU"} for m in ("visual", "audio")}


def test_a_network_that_overflows_is_told_and_every_feature_is_finite(plain, backbones):
    narrow = {"audio": (torch.float16, torch.float32)}
    loud = copy.deepcopy(backbones[1].model)
    loud.body[0].weight.mul_(3e4)  # sound overflows float16, and the answer to zeros does not
    ears = replace(backbones[1], model=loud)
    features = extract(find_recordings(plain).find("s"), backbones[0], ears, clip_stride=8, formats=narrow)
    exact = extract(find_recordings(plain).find("s"), backbones[0], ears, clip_stride=8)
    assert features.computed["audio"]["format"] == "float16+float32"
    assert features.computed["visual"]["format"] == "float32"
    (told,) = features.problems
    assert told.startswith("the network for sound: clips that overflow float16 were computed again,")
    assert np.allclose(features.audio, exact.audio, rtol=1e-2)


def test_a_clip_has_the_same_feature_at_every_stride(plain, backbones):
    fine, coarse = run(plain, backbones, 4), run(plain, backbones, 16)
    assert np.allclose(fine.audio[::4], coarse.audio, atol=1e-5)
    assert np.allclose(fine.visual[::4], coarse.visual, atol=1e-5)


def test_a_clip_has_the_same_feature_in_a_batch_of_any_size(plain, backbones):
    told = []
    recording = find_recordings(plain).find("s")
    small = extract(recording, *backbones, clip_stride=8, at_once=5, progress=lambda *step: told.append(step[0]))
    assert told == [5, 10, 12, 12]
    large = run(plain, backbones)
    assert np.allclose(small.audio, large.audio, atol=1e-5)
    assert np.allclose(small.visual, large.visual, atol=1e-5)


def test_what_is_missing_is_exactly_the_answer_to_zeros(tmp_path, backbones):
    make_subject(
        tmp_path, "s", TIMES_S, faces=[0, 1, *range(60, 90)], sound=clicks(1, (0.1,)), sound_start_s=0.5
    )  # fmt: skip
    features = run(tmp_path, backbones)
    with torch.inference_mode():
        assert np.allclose(features.visual_zero, backbones[0].model.features(torch.zeros(1, 3, 8, 112, 112))[0])
        assert np.allclose(features.audio_zero, backbones[1].model.features(torch.zeros(1, 1, 64, 104))[0])
    no_face = (features.visual == features.visual_zero).all(axis=1)
    no_sound = (features.audio == features.audio_zero).all(axis=1)
    seen = [features.has_face[clip_frame_indices(int(end))].any() for end in features.frame]
    assert no_face.tolist() == [not any_face for any_face in seen]
    assert 0 < no_face.sum() < len(no_face)
    # Sound from 0.5 to 1.5 s: frames 15 to 45; a clip hears the 31 intervals before its end.
    assert features.frame[no_sound].tolist() == [0, 8, 80, 88]
    assert np.flatnonzero(features.has_face).tolist() == [0, 1, *range(60, 90)]
    assert np.flatnonzero(features.has_audio)[[0, -1]].tolist() == pytest.approx([15, 45], abs=1)


def test_a_video_without_sound_is_masked_and_not_a_failure(tmp_path, backbones):
    make_subject(tmp_path, "s", TIMES_S[:40])
    features = run(tmp_path, backbones)
    assert not features.has_audio.any()
    assert (features.audio == features.audio_zero).all()
    assert not (features.visual == features.visual_zero).all(axis=1).any()


@pytest.mark.parametrize(("video_start_s", "sound_start_s"), [(0, 0), (0, 0.4), (0.3, 0)])
def test_a_click_changes_the_clips_that_hear_it_and_no_other(tmp_path, backbones, video_start_s, sound_start_s):
    heard = []
    for at_s in ((), (1.7,)):
        root = tmp_path / str(len(at_s))
        media = {"sound": clicks(3.2, at_s), "sound_start_s": sound_start_s, "audio_codec": "pcm_s16le"}
        make_subject(root, "s", TIMES_S + video_start_s, video="s.mkv", **media)
        heard.append(run(root, backbones, 1).audio)
    changed = np.flatnonzero((heard[0] != heard[1]).any(axis=1))
    click_s = 1.7 + sound_start_s - video_start_s
    first = np.searchsorted(TIMES_S, click_s)
    # Of the last clip's first frame the click may begin up to an interval before: it is then outside.
    assert changed[0] == pytest.approx(first, abs=1)
    assert changed[-1] == pytest.approx(min(first + 31, 89), abs=1)
    assert np.array_equal(changed, np.arange(changed[0], changed[-1] + 1))


@pytest.mark.parametrize("extra", [-3, 1, 2])
def test_the_label_file_says_how_many_frames_there_are(tmp_path, backbones, extra):
    make_subject(tmp_path, "s", TIMES_S[:40], labels=40 + extra)
    features = run(tmp_path, backbones)
    assert len(features.pts_s) == len(features.valence) == len(features.has_face) == 40 + extra
    assert np.allclose(np.diff(features.pts_s), 1 / 30)
    assert f"{40 + extra} frames" in features.problems[0]
    assert features.has_face.tolist() == [k < 40 for k in range(40 + extra)]


@pytest.mark.parametrize("num_frames", [1, 2, 7, 8, 9, 31, 32, 33])
def test_videos_shorter_than_a_clip_are_extracted(tmp_path, backbones, num_frames):
    make_subject(tmp_path, "s", np.arange(num_frames) / 25, sound=clicks(num_frames / 25, ()))
    features = run(tmp_path, backbones, 4)
    assert features.frame.tolist() == clip_ends(num_frames, 4).tolist()
    assert not (features.visual == features.visual_zero).all(axis=1).any()


def test_two_people_of_one_video_share_its_sound_and_not_its_faces(tmp_path, backbones):
    write_media(tmp_path / "batch1" / "v.mp4", TIMES_S[:40], clicks(1.4, (0.5,)))
    table = "subject,frame,x,y,size,roll\n"
    for subject, x in (("v_left", 20), ("v_right", 70)):
        table += "".join(f"{subject},{k},{x},40,30,0\n" for k in range(40))
        write_labels(tmp_path / "VA_Set" / "Train_Set" / f"{subject}.txt", np.zeros(40), np.zeros(40))
    (tmp_path / "faces.csv").write_text(table)
    left, right = run(tmp_path, backbones, subject="v_left"), run(tmp_path, backbones, subject="v_right")
    assert np.array_equal(left.audio, right.audio)
    assert not np.array_equal(left.visual, right.visual)
    assert left.video == right.video == "v"


@pytest.mark.parametrize("clip_stride", [0, 3, 64])
def test_a_stride_that_does_not_divide_a_clip_is_refused(plain, backbones, clip_stride):
    with pytest.raises(ConfigError, match=f"clip_stride is {clip_stride}"):
        run(plain, backbones, clip_stride)


def test_backbones_in_the_wrong_place_are_refused(plain, backbones):
    with pytest.raises(ConfigError, match="backbone for audio; expected visual"):
        run(plain, backbones[::-1])


def test_progress_counts_every_clip(plain, backbones):
    counts = []
    extract(find_recordings(plain).find("s"), *backbones, clip_stride=4, progress=lambda *step: counts.append(step))
    assert counts == sorted(counts)
    assert counts[-1] == (23, 23)
    assert {total for _, total in counts} == {23}


def test_timestamps_that_jump_are_told_and_take_the_sound_of_the_clips_across(tmp_path, backbones):
    make_subject(tmp_path, "s", np.r_[TIMES_S[:40], TIMES_S[:40] + 7200], sound=clicks(2, (0.5,)))
    features = run(tmp_path, backbones)
    is_missing = (features.audio == features.audio_zero).all(axis=1)
    assert not is_missing[features.frame == 32].any()
    assert is_missing[features.frame >= 40].all()
    assert "31 clips span over 60 s" in features.problems[0]


def test_a_backbone_that_knows_only_single_pictures_is_refused(plain, backbones, tmp_path):
    config = BackboneConfig(modality="visual", width=8, dim=6)
    save_backbone(tmp_path / "still.safetensors", build_backbone(config), config, {"settings": {"pictures": 1}})
    with pytest.raises(ConfigError, match="trained on single pictures"):
        run(plain, (load_backbone(tmp_path / "still.safetensors"), backbones[1]))
