"""Training of a backbone: on the clips of extraction, resumable, and able to learn."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from iaca.backbone_training import BackboneTraining, BackboneTrainingError, score_backbone, train_backbone
from iaca.config import BackboneConfig, ConfigError
from iaca.data.annotations import write_labels
from iaca.data.clip_cache import cached_clips
from iaca.data.crops import Crops
from iaca.data.index import find_recordings
from iaca.data.media import probe, read_audio
from iaca.data.transforms import audio_clip, audio_input
from tests.media_files import write_media

SMALL = {"visual": BackboneConfig(modality="visual", width=8, dim=4),
         "audio": BackboneConfig(modality="audio", width=8, dim=8)}  # fmt: skip
SECONDS = 12
RATE = 10


@pytest.fixture(scope="module")
def recordings(tmp_path_factory):
    """Two subjects whose arousal is the loudness of a tone."""
    root = tmp_path_factory.mktemp("corpus")
    frames = SECONDS * RATE
    rows = "subject,frame,x,y,size,roll\n"
    for i, subject in enumerate(("a", "b")):
        times_s = np.arange(frames) / RATE
        arousal = 0.9 * np.sin(0.3 * times_s + i)
        loudness = 10 ** np.interp(np.arange(SECONDS * 44_100) / 44_100, times_s, arousal)
        tone = 0.05 * loudness * np.sin(np.arange(SECONDS * 44_100) * 0.06)
        write_media(root / "batch1" / f"{subject}.mp4", times_s, tone.astype(np.float32), size=48)
        valence = arousal.copy()
        valence[5:9] = np.nan
        write_labels(root / "VA_Set" / "Train_Set" / f"{subject}.txt", valence, arousal)
        rows += "".join(f"{subject},{k},23.5,23.5,48,0\n" for k in range(frames) if not 40 <= k < 90)
    (root / "faces.csv").write_text(rows)
    return find_recordings(root).recordings


def test_training_sees_exactly_the_clips_of_extraction(recordings, tmp_path):
    recording = recordings[0]
    pts_s, track = probe(recording.video_file).pts_s, read_audio(recording.video_file)
    for _ in range(2):  # decoded, then read back
        audio = cached_clips(recording, "audio", 8, tmp_path)
        for i, end in enumerate(audio.ends):
            expected = audio_input(torch.from_numpy(audio_clip(track, pts_s, int(end)))[None])[0]
            assert np.allclose(audio.clip(i), expected, atol=2e-3)  # kept as float16
        visual = cached_clips(recording, "visual", 8, tmp_path)
        expected = {
            int(end): clip
            for end, clip in zip(range(0, 120, 8), Crops(recording, 120).clips(np.arange(0, 120, 8)), strict=True)
        }
        assert visual.ends.tolist() == [end for end, clip in expected.items() if clip is not None]
        assert all(np.array_equal(visual.clip(i), expected[end]) for i, end in enumerate(visual.ends))
    assert np.isnan(audio.targets[audio.ends == 8]).all()  # not annotated there


def test_the_cache_notices_that_labels_changed(recordings, tmp_path):
    first = cached_clips(recordings[0], "audio", 8, tmp_path)
    copy = tmp_path / "other.txt"
    write_labels(copy, np.full(100, 0.5), np.full(100, 0.5))
    second = cached_clips(recordings[0]._replace(label_file=copy), "audio", 8, tmp_path)
    assert len(second.ends) < len(first.ends)
    assert (second.targets == 0.5).all()


def test_a_backbone_learns_what_can_be_heard(recordings, tmp_path):
    training = BackboneTraining(epochs=30, batch=8, learning_rate=5e-3)
    model, report = train_backbone(
        recordings, SMALL["audio"], training, cache_dir=tmp_path, validation=recordings, progress=False
    )
    assert not model.training
    assert report["validation_ccc"]["arousal"] > 0.6
    assert score_backbone(recordings, model, cache_dir=tmp_path, progress=False) == report["validation_ccc"]
    assert report["losses"][-1] < report["losses"][0]
    assert len(report["losses"]) == 30


@pytest.mark.parametrize("modality", ["audio", "visual"])
def test_a_run_that_was_killed_goes_on_to_the_same_weights(recordings, tmp_path, modality, monkeypatch):
    training = BackboneTraining(epochs=3, batch=4)
    options = {"cache_dir": tmp_path, "progress": False}
    unbroken, _ = train_backbone(recordings, SMALL[modality], training, **options)

    state = tmp_path / "state.pt"
    optimiser_step, count = torch.optim.AdamW.step, [0]

    def killed(self, *args, **kwargs):
        count[0] += 1
        if count[0] == 4:
            raise KeyboardInterrupt
        return optimiser_step(self, *args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(torch.optim.AdamW, "step", killed)
        with pytest.raises(KeyboardInterrupt):
            train_backbone(recordings, SMALL[modality], training, state_file=state, **options)
    assert state.is_file()
    resumed, report = train_backbone(recordings, SMALL[modality], training, state_file=state, **options)
    assert len(report["losses"]) == 3
    for name, tensor in unbroken.state_dict().items():
        assert torch.equal(tensor, resumed.state_dict()[name]), name


def test_the_state_of_another_run_is_refused(recordings, tmp_path):
    state = tmp_path / "state.pt"
    options = {"cache_dir": tmp_path, "state_file": state, "progress": False}
    train_backbone(recordings, SMALL["audio"], BackboneTraining(epochs=1), **options)
    with pytest.raises(BackboneTrainingError, match="another run"):
        train_backbone(recordings, SMALL["audio"], BackboneTraining(epochs=2), **options)


def test_the_same_seed_gives_the_same_weights_and_another_does_not(recordings, tmp_path):
    def weights(seed):
        training = BackboneTraining(epochs=1, seed=seed)
        return train_backbone(recordings, SMALL["audio"], training, cache_dir=tmp_path, progress=False)[0].head.weight

    assert torch.equal(weights(0), weights(0))
    assert not torch.equal(weights(0), weights(1))


def test_recordings_without_labels_are_refused(recordings, tmp_path):
    unlabelled = [recording._replace(label_file=None) for recording in recordings]
    with pytest.raises(BackboneTrainingError, match="0 audio clips of 2 recordings are annotated"):
        train_backbone(unlabelled, SMALL["audio"], cache_dir=tmp_path, progress=False)


@pytest.mark.parametrize("field", [{"epochs": 0}, {"batch": 1}, {"learning_rate": 0}, {"clip_stride": 5}])
def test_settings_that_cannot_be_are_refused(field):
    with pytest.raises(ConfigError, match=next(iter(field))):
        BackboneTraining(**field)
