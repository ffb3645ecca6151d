"""Training of a backbone: on the clips of extraction, resumable, and able to learn."""

from __future__ import annotations

import subprocess
import sys
import time

import numpy as np
import pytest
import torch

from iaca.checkpoints import load_backbone
from iaca.compute.gpu_memory import ShortMemoryError
from iaca.config import BackboneConfig, ConfigError
from iaca.config.training import BackboneTraining
from iaca.data.annotations import write_labels
from iaca.data.faces.crops import Crops, clip_pictures
from iaca.data.media.sound import read_audio
from iaca.data.media.video import probe
from iaca.data.recordings import find_recordings
from iaca.features.backbone_inputs import audio_clip, audio_input, visual_input
from iaca.metrics import ccc
from iaca.models.backbones import build_backbone, inflate
from iaca.training.backbone_training import SCORE_CLIP_STRIDE, BackboneStep, BackboneTrainingError, train_backbone
from iaca.training.clip_cache import cached_clips
from iaca.training.state import StateError
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


def ccc_clip_by_clip(recordings, model, cache_dir, pictures=8):
    """Target -> CCC over all annotated clips, one forward pass a clip."""
    truth, prediction = [], []
    for recording in recordings:
        clips = cached_clips(recording, model.config.modality, SCORE_CLIP_STRIDE, cache_dir)
        for i, target in enumerate(clips.targets):
            x = torch.from_numpy(clips.clip(i))[None]
            x = visual_input(x[:, -pictures:]) if model.config.modality == "visual" else x
            truth.append(target)
            prediction.append(model(x)[0].detach().numpy())
    truth, prediction = np.stack(truth), np.stack(prediction)
    return {target: ccc(truth[:, i], prediction[:, i]) for i, target in enumerate(("valence", "arousal"))}


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
            int(end): clip_pictures(clip)
            for end, clip in zip(range(0, 120, 8), Crops(recording, 120).clips(np.arange(0, 120, 8)), strict=True)
        }
        assert visual.ends.tolist() == [end for end, clip in expected.items() if clip is not None]
        assert all(np.array_equal(visual.clip(i), expected[end]) for i, end in enumerate(visual.ends))
    assert np.isnan(audio.targets[audio.ends == 8]).all()  # not annotated there


@pytest.mark.parametrize("modality", ["audio", "visual"])
def test_damaged_clips_on_disk_are_decoded_again(recordings, tmp_path, modality):
    whole = cached_clips(recordings[0], modality, 8, tmp_path)
    expected = [whole.clip(i).copy() for i in range(len(whole.ends))]
    del whole
    for ending in (".npy", ".npz"):
        for damage in (lambda content: content[: len(content) // 3], lambda content: b"", lambda content: b"no file"):
            file = next(tmp_path.glob(f"*{ending}"))
            file.write_bytes(damage(file.read_bytes()))
            found = cached_clips(recordings[0], modality, 8, tmp_path)
            assert all(np.array_equal(found.clip(i), clip) for i, clip in enumerate(expected))


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
    assert report["validation_ccc"] == pytest.approx(ccc_clip_by_clip(recordings, model, tmp_path), abs=1e-4)
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


def test_a_batch_that_does_not_fit_the_gpu_stops_with_what_does(recordings, tmp_path, monkeypatch):
    forward, seen = BackboneStep.forward, []

    def on_a_small_card(step, groups, targets, *more):
        assert sum(map(len, groups)) == len(targets)
        seen.append(len(targets))
        if len(targets) > 3:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return forward(step, groups, targets, *more)

    monkeypatch.setattr(BackboneStep, "forward", on_a_small_card)
    with pytest.raises(ShortMemoryError, match=r"clips does not fit .* --batch=[23]"):
        train_backbone(recordings, SMALL["audio"], BackboneTraining(epochs=1), cache_dir=tmp_path, progress=False)
    assert seen[-1] in (2, 3)


def test_the_state_of_another_run_is_refused(recordings, tmp_path):
    state = tmp_path / "state.pt"
    options = {"cache_dir": tmp_path, "state_file": state, "progress": False}
    train_backbone(recordings, SMALL["audio"], BackboneTraining(epochs=1), **options)
    with pytest.raises(StateError, match="another run"):
        train_backbone(recordings, SMALL["audio"], BackboneTraining(epochs=2), **options)
    start = build_backbone(SMALL["audio"])
    with pytest.raises(StateError, match="another run"):  # the same settings from another start
        train_backbone(recordings, SMALL["audio"], BackboneTraining(epochs=1), start=start, **options)


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


def test_a_recording_that_cannot_be_read_is_left_out_and_named(recordings, tmp_path):
    broken = recordings[1]._replace(subject="gone", video_file=None)
    _, report = train_backbone(
        [recordings[0], broken], SMALL["audio"], BackboneTraining(epochs=1), cache_dir=tmp_path, progress=False
    )
    assert report["recordings"] == 1
    assert [reason.split(":")[0] for reason in report["left_out"]] == ["gone is left out"]


def test_links_that_lead_nowhere_are_left_out_and_stop_nobody(recordings, tmp_path):
    broken = []
    for subject, target in (("nowhere", "missing.mp4"), ("circle", "circle.mp4")):
        video = tmp_path / f"{subject}.mp4"
        video.symlink_to(target)
        broken.append(recordings[1]._replace(subject=subject, video_file=video))
    _, report = train_backbone(
        [*broken, recordings[0]], SMALL["audio"], BackboneTraining(epochs=1), cache_dir=tmp_path, progress=False
    )
    assert report["recordings"] == 1
    for recording, told in zip(broken, report["left_out"], strict=True):
        assert told.startswith(f"{recording.subject} is left out: {recording.video_file} cannot be read")


def test_single_pictures_teach_a_network_that_then_starts_on_whole_clips(recordings, tmp_path):
    options = {"cache_dir": tmp_path, "progress": False}
    still, report = train_backbone(
        recordings, SMALL["visual"], BackboneTraining(epochs=2, batch=4, pictures=1), validation=recordings, **options
    )
    seen_as_taught, seen_whole = (ccc_clip_by_clip(recordings, still, tmp_path, pictures) for pictures in (1, 8))
    assert report["validation_ccc"] == pytest.approx(seen_as_taught, abs=1e-4)
    assert report["validation_ccc"] != pytest.approx(seen_whole, abs=1e-4)
    torch.manual_seed(0)
    untaught = build_backbone(SMALL["visual"]).state_dict()
    for name, after in still.state_dict().items():
        if after.ndim == 5 and after.shape[2] == 3:  # only the middle in time can have learnt; the rest but decays
            ratio = after / untaught[name]
            assert torch.allclose(ratio[:, :, ::2], ratio[0, 0, 0, 0, 0].expand_as(ratio[:, :, ::2]), rtol=1e-3), name
            assert ratio[:, :, 1].std() > 1e-3, name
    _, report = train_backbone(
        recordings, SMALL["visual"], BackboneTraining(epochs=1, batch=4), start=inflate(still), **options
    )
    assert np.isfinite(report["losses"]).all()
    with pytest.raises(ConfigError, match="pictures is 1 and modality is 'audio'"):
        train_backbone(recordings, SMALL["audio"], BackboneTraining(pictures=1), **options)


@pytest.fixture(scope="module")
def two_processes(recordings, tmp_path_factory):
    """The weights that two processes reach, with a batch small enough for several steps, and what they printed."""
    folder = tmp_path_factory.mktemp("two")
    ran = subprocess.run(two_processes_train(recordings, folder), check=True, capture_output=True, text=True)
    return folder / "audio.safetensors", ran


def two_processes_train(recordings, folder, *options):
    root = recordings[0].video_file.parent.parent
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "iaca"]
    settings = ["--modality", "audio", "--epochs", "6", "--batch", "4", "--device", "cpu", *options]
    return [*command, "train-backbone", *settings, "--out", str(folder / "audio.safetensors"), str(root)]


@pytest.mark.slow
def test_two_processes_train_one_backbone_and_one_of_them_writes(two_processes):
    file, ran = two_processes
    backbone = load_backbone(file)
    assert backbone.training["losses"][-1] < backbone.training["losses"][0]
    assert backbone.training["recordings"] == 2
    assert ran.stdout.count("trained in") == 1
    assert sorted(path.name for path in file.parent.iterdir()) == ["audio.safetensors", "clips"]
    assert len(list((file.parent / "clips").glob("*.npy"))) == 2  # each recording decoded once


@pytest.mark.slow
def test_two_processes_that_were_killed_go_on_to_the_same_weights(two_processes, recordings, tmp_path):
    file, _ = two_processes
    state = tmp_path / "audio.state"
    process = subprocess.Popen(two_processes_train(recordings, tmp_path), stderr=subprocess.DEVNULL)
    while process.poll() is None and not state.exists():
        time.sleep(0.01)
    process.terminate()  # torchrun passes it on
    process.wait()
    assert state.exists()
    subprocess.run(two_processes_train(recordings, tmp_path), check=True, capture_output=True)
    whole, resumed = load_backbone(file).model.state_dict(), load_backbone(tmp_path / file.name).model.state_dict()
    assert all(torch.equal(tensor, resumed[name]) for name, tensor in whole.items())


@pytest.mark.slow
def test_a_batch_too_small_to_be_shared_is_refused(recordings, tmp_path):
    command = two_processes_train(recordings, tmp_path, "--batch", "3")
    ran = subprocess.run(command, capture_output=True, text=True)
    assert ran.returncode != 0
    assert "2 processes share it; expected at least 2 for each" in ran.stderr
    assert not (tmp_path / "audio.safetensors").exists()


@pytest.mark.parametrize(
    "field",
    [
        {"epochs": 0}, {"batch": 1}, {"learning_rate": 0}, {"clip_stride": 5}, {"pictures": 0}, {"pictures": 9},
        {"within_weight": 1.5}, {"mse_weight": -1},
    ],
)  # fmt: skip
def test_settings_that_cannot_be_are_refused(field):
    with pytest.raises(ConfigError, match=next(iter(field))):
        BackboneTraining(**field)
