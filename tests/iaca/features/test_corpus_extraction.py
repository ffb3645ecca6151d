"""Extraction of many subjects: what goes wrong with one stops nobody, and what is there is not done again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from iaca.checkpoints import load_backbone, save_backbone
from iaca.compute.engine import HERE, Engine
from iaca.config import BackboneConfig, ConfigError
from iaca.data.annotations import write_labels
from iaca.data.faces.places import read_faces_csv
from iaca.data.recordings import find_recordings
from iaca.features import corpus_extraction
from iaca.features.corpus_extraction import extract_all
from iaca.features.feature_files import read_features, write_features
from iaca.models.backbones import build_backbone
from tests.conftest import write_small_backbones
from tests.iaca.data.faces.test_detection import BrightSquares, film
from tests.iaca.features.detectors import Deadly
from tests.iaca.subject_files import TIMES_S, make_subject
from tests.media_files import write_media

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def backbones(tmp_path_factory):
    return write_small_backbones(tmp_path_factory.mktemp("backbones"))


def test_one_bad_subject_does_not_stop_the_others(tmp_path, backbones):
    make_subject(tmp_path, "good", TIMES_S[:20])
    make_subject(tmp_path, "cut", TIMES_S[:20])
    video = tmp_path / "batch1" / "cut.mp4"
    video.write_bytes(video.read_bytes()[:500])
    make_subject(tmp_path, "worded", TIMES_S[:20])
    (tmp_path / "VA_Set" / "Train_Set" / "worded.txt").write_text("valence,arousal\nno,no\n")
    write_labels(tmp_path / "VA_Set" / "Train_Set" / "gone.txt", np.zeros(5), np.zeros(5))
    write_media(tmp_path / "batch1" / "faceless.mp4", TIMES_S[:20])
    summary = extract_all(find_recordings(tmp_path).recordings, tmp_path / "out", *backbones, clip_stride=8, quiet=True)
    assert [path.stem for path in summary.written] == ["good"]
    told = {problem.file: problem.reason for problem in summary.problems}
    assert set(told) == {"cut", "worded", "gone", "faceless"}
    assert "cut.mp4" in told["cut"]
    assert "line 2" in told["worded"]
    assert all(problem.remedy and "\n" not in problem.reason for problem in summary.problems)
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["good.safetensors"]


def test_a_name_that_is_no_text_stops_nobody_and_can_be_printed(tmp_path, backbones):
    name = os.fsdecode(b"\xe9t\xe9")  # as Latin-1 wrote it
    make_subject(tmp_path, "good", TIMES_S[:10])
    (tmp_path / "batch1" / f"{name}.mp4").write_bytes((tmp_path / "batch1" / "good.mp4").read_bytes())
    crops = tmp_path / "cropped_aligned" / name
    crops.mkdir(parents=True)
    (crops / "00001.jpg").write_bytes(b"damaged")
    summary = extract_all(find_recordings(tmp_path).recordings, tmp_path / "out", *backbones, clip_stride=8, quiet=True)
    assert tmp_path / "out" / "good.safetensors" in summary.written
    assert len(summary.written) + len(summary.problems) == 2
    environment = os.environ | {"PYTHONIOENCODING": "utf-8:strict", "XDG_CACHE_HOME": str(tmp_path)}
    for options in ([], ["--json"]):
        command = [sys.executable, "-m", "iaca", "index", *options, str(tmp_path)]
        told = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True)
        assert told.returncode == 0, told.stderr
        told.stdout.decode("utf-8")


def test_running_again_keeps_what_is_whole_and_repeats_what_is_not(tmp_path, backbones):
    for subject in ("a", "b", "c"):
        make_subject(tmp_path, subject, TIMES_S[:10])
    recordings = find_recordings(tmp_path).recordings
    out = tmp_path / "out"

    def again(clip_stride=8, visual=backbones[0]):
        summary = extract_all(recordings, out, visual, backbones[1], clip_stride=clip_stride, quiet=True)
        return [path.stem for path in summary.written]

    assert again() == ["a", "b", "c"]
    assert again() == []
    (out / "b.safetensors").write_bytes((out / "b.safetensors").read_bytes()[:300])
    (out / "c.safetensors").unlink()
    assert again() == ["b", "c"]
    assert again(clip_stride=4) == ["a", "b", "c"]
    other = tmp_path / "other.safetensors"
    config = BackboneConfig(modality="visual", width=8, dim=6)
    save_backbone(other, build_backbone(config), config)
    assert again(4, load_backbone(other)) == ["a", "b", "c"]


def test_running_again_notices_other_labels_another_split_and_crops_that_came(tmp_path, backbones):
    film_folder, out = tmp_path / "batch1", tmp_path / "out"
    film_folder.mkdir()
    film(film_folder / "a.mp4", 12, lambda k: [(100, 100, 60)])

    def again():
        recordings = find_recordings(tmp_path).recordings
        extract_all(recordings, out, *backbones, clip_stride=4, detector=BrightSquares(), quiet=True)
        summary = extract_all(recordings, out, *backbones, clip_stride=4, detector=BrightSquares(), quiet=True)
        assert summary.written == ()
        return read_features(out / "a.safetensors")

    first = again()
    assert (first.split, np.isfinite(first.valence).any()) == (None, False)
    assert "squares" in first.problems[0]
    labels = tmp_path / "VA_Set" / "Train_Set" / "a.txt"
    for value in (0.5, 0.25):
        write_labels(labels, np.full(12, value), np.full(12, value))
        assert (again().valence == value).all()
    (labels.parent.parent / "Validation_Set").mkdir()
    labels.rename(labels.parent.parent / "Validation_Set" / "a.txt")
    assert again().split == "validation"
    crops = tmp_path / "cropped_aligned" / "a"
    crops.mkdir(parents=True)
    for k in range(12):
        cv2.imwrite(str(crops / f"{k + 1:05d}.jpg"), np.full((112, 112, 3), 90, np.uint8))
    assert again().problems == ()


def test_running_again_notices_another_video_of_the_same_name(tmp_path, backbones):
    for subject in ("a", "b"):
        make_subject(tmp_path, subject, TIMES_S[:10])
    out = tmp_path / "out"

    def again():
        summary = extract_all(find_recordings(tmp_path).recordings, out, *backbones, clip_stride=8, quiet=True)
        assert summary.problems == ()
        return [path.stem for path in summary.written]

    assert again() == ["a", "b"]
    video = next(tmp_path.rglob("a.mp4"))
    os.utime(video, (0, 0))  # a copy of the same
    assert again() == []
    with open(video, "ab") as file:
        file.write(b"\0" * 8)  # an empty box at the end: another file that plays alike
    assert again() == ["a"]
    assert again() == []
    # Files of older versions do not know their video, and stay valid.
    write_features(out / "b.safetensors", read_features(out / "b.safetensors")._replace(media=""))
    assert again() == []


def test_shards_share_the_work_without_meeting(tmp_path, backbones):
    for i in range(5):
        make_subject(tmp_path, f"s{i}", TIMES_S[:3])
    recordings = find_recordings(tmp_path).recordings
    parts = [
        extract_all(recordings, tmp_path / "out", *backbones, clip_stride=8, shard=(i, 3), quiet=True).written
        for i in range(3)
    ]
    names = [path.stem for part in parts for path in part]
    assert sorted(names) == [f"s{i}" for i in range(5)]
    with pytest.raises(ConfigError, match="shard is 3 of 3"):
        extract_all(recordings, tmp_path / "out", *backbones, clip_stride=8, shard=(3, 3))


ONE, TWO = ([torch.device("cuda", number) for number in range(count)] for count in (1, 2))


@pytest.mark.parametrize(
    ("gpus", "engine", "processes", "share", "seen"),
    [
        (ONE, HERE, 3, 1 / 3, []),
        (TWO, HERE, 3, 1 / 2, ["GPU-b", "5"]),
        (ONE, Engine(workers=1), 1, 1.0, []),
        (ONE, Engine("ray", gpus_per_worker=0.25), 3, 0.25, []),
    ],
)
def test_subjects_share_gpus_so_that_one_is_prepared_while_another_is_computed(
    tmp_path, backbones, monkeypatch, gpus, engine, processes, share, seen
):
    for subject in ("a", "b", "c"):
        make_subject(tmp_path, subject, TIMES_S[:3])
    asked = []

    def run_all(work, task, jobs, *, processes, variables, **_):
        asked.append((processes, task.device, task.share_of_gpu, variables))
        return iter(())

    monkeypatch.setattr(corpus_extraction, "run_all", run_all)
    monkeypatch.setattr(corpus_extraction, "processes_for", lambda devices: 4 * len(devices))
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "GPU-b, 5")
    recordings = find_recordings(tmp_path).recordings
    extract_all(
        recordings, tmp_path / "out", *backbones, clip_stride=8, apart=True, devices=gpus, engine=engine, quiet=True
    )
    assert asked == [(processes, "cuda:0", share, [{"CUDA_VISIBLE_DEVICES": name} for name in seen])]


@pytest.mark.skipif(sys.platform == "win32", reason="the system has no signals")
def test_a_subject_that_ends_its_process_is_a_problem_and_all_others_are_extracted(tmp_path, backbones):
    for subject in ("a", "b"):
        make_subject(tmp_path, subject, TIMES_S[:10])
    (tmp_path / "batch2").mkdir()
    film(tmp_path / "batch2" / "faceless.mp4", 12, lambda k: [])
    recordings, out = find_recordings(tmp_path).recordings, tmp_path / "out"
    summary = extract_all(recordings, out, *backbones, clip_stride=8, detector=Deadly(), quiet=True, apart=True)
    assert [path.stem for path in summary.written] == ["a", "b"]
    problem = summary.problems[0]
    assert problem.file == "faceless"
    assert problem.reason == "Its process was ended by SIGSEGV in each of 2 attempts."
    assert problem.remedy.startswith("Convert the video")
    chosen = ["faceless"]
    alone = extract_all(
        recordings, out, *backbones, clip_stride=8, subjects=chosen, detector=Deadly(), quiet=True, apart=True
    )
    assert alone.problems == (problem,)
    here = tmp_path / "here"
    extract_all(recordings, here, *backbones, clip_stride=8, subjects=["a"], quiet=True)
    apart, beside = (read_features(folder / "a.safetensors") for folder in (out, here))
    assert np.array_equal(apart.visual, beside.visual)
    assert np.array_equal(apart.audio, beside.audio)


def test_a_person_extracted_alone_is_still_told_from_the_other_one(tmp_path, backbones):
    (tmp_path / "batch1").mkdir()
    film(tmp_path / "batch1" / "v.mp4", 12, lambda k: [(70, 100, 80), (250, 120, 40)])
    for person in ("left", "right"):
        write_labels(tmp_path / "VA_Set" / "Train_Set" / f"v_{person}.txt", np.zeros(12), np.zeros(12))
    recordings, detector, out = find_recordings(tmp_path).recordings, BrightSquares(), tmp_path / "out"
    extract_all(recordings, out, *backbones, clip_stride=4, subjects=["v_right"], detector=detector, quiet=True)
    assert [path.name for path in out.glob("*.safetensors")] == ["v_right.safetensors"]
    found = out / "faces" / "v_right.squares.csv"
    assert np.allclose(read_faces_csv(found)["v_right"].x, 250, atol=3)
    whole = found.read_bytes()
    for damaged in (whole[:40], b"", b"subject,frame,x,y,size,roll\n"):
        found.write_bytes(damaged)
        (out / "v_right.safetensors").unlink()
        extract_all(recordings, out, *backbones, clip_stride=4, subjects=["v_right"], detector=detector, quiet=True)
        assert found.read_bytes() == whole
        assert (out / "v_right.safetensors").is_file()


def test_a_name_too_long_for_a_file_stops_nobody(tmp_path, backbones):
    for name in ("good", "x" * 250):
        make_subject(tmp_path, name, TIMES_S[:10])
    summary = extract_all(find_recordings(tmp_path).recordings, tmp_path / "out", *backbones, clip_stride=8, quiet=True)
    assert [path.stem for path in summary.written] == ["good"]
    assert [problem.file for problem in summary.problems] == ["x" * 250]


@pytest.mark.slow
def test_a_kill_leaves_only_whole_files(tmp_path, backbones):
    for i in range(12):
        make_subject(tmp_path, f"s{i:02d}", TIMES_S[:25])
    out = tmp_path / "out"
    code = (
        "import sys; from iaca.checkpoints import load_backbone; from iaca.data.recordings import find_recordings\n"
        "from iaca.features.corpus_extraction import extract_all\n"
        "v, a, root, out = sys.argv[1:]\n"
        "extract_all(find_recordings(root).recordings, out, load_backbone(v), load_backbone(a), clip_stride=1)"
    )
    paths = [str(b.path) for b in backbones]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *paths, str(tmp_path), str(out)], cwd=ROOT, stderr=subprocess.DEVNULL
    )
    while process.poll() is None and len(list(out.glob("s*.safetensors"))) < 2:
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    whole = sorted(out.glob("s*.safetensors"))
    assert len(whole) >= 2
    for path in whole:
        read_features(path)
    summary = extract_all(find_recordings(tmp_path).recordings[:5], out, *backbones, clip_stride=1, quiet=True)
    assert len(summary.skipped) >= 2


def test_the_bars_show_subjects_and_the_clips_of_the_one_in_hand(tmp_path, backbones, capsys):
    for subject, frames in (("a", 90), ("b", 30)):
        make_subject(tmp_path, subject, TIMES_S[:frames])
    extract_all(find_recordings(tmp_path).recordings, tmp_path / "out", *backbones, clip_stride=1)
    shown = capsys.readouterr().err
    assert "extract: 100%" in shown
    assert "2/2" in shown
    assert "90/90" in shown
    assert "30/30" in shown
    assert "clip/s" in shown
