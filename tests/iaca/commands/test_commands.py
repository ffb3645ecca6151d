"""index, extract and train-backbone from the command line, on paths that are not nice."""

from __future__ import annotations

import json

import numpy as np
import pytest

from iaca.__main__ import main
from iaca.checkpoints import load_backbone, save_backbone
from iaca.config import BackboneConfig
from iaca.data.annotations import write_labels
from iaca.data.faces.detectors import choose_detector
from iaca.features.feature_files import read_features
from iaca.models.backbones import build_backbone
from tests.media_files import clicks, write_media

TIMES_S = np.arange(40) / 30


@pytest.fixture
def root(tmp_path):
    """Two subjects with faces, one of whom is in the validation split."""
    root = tmp_path / '-it\'s a "root" ü'
    rows = "subject,frame,x,y,size,roll\n"
    for subject, split in (("a", "Train_Set"), ("b", "Validation_Set")):
        write_media(root / "batch1" / f"{subject}.mp4", TIMES_S, clicks(1.4, (0.5,)))
        write_labels(root / "VA_Set" / split / f"{subject}.txt", np.sin(TIMES_S), np.cos(TIMES_S))
        rows += "".join(f"{subject},{k},47.5,47.5,96,0\n" for k in range(40))
    (root / "faces.csv").write_text(rows)
    return root


@pytest.fixture
def backbones(tmp_path):
    options = []
    for modality in ("visual", "audio"):
        config = BackboneConfig(modality=modality, width=8, dim=6)
        save_backbone(tmp_path / f"{modality}.safetensors", build_backbone(config), config)
        options += [f"--{modality}", str(tmp_path / f"{modality}.safetensors")]
    return options


def test_index_prints_one_json_document_and_nothing_else(root, tmp_path, capsys):
    assert main(["index", "--json", "--cache", str(tmp_path / "c.json"), "--", str(root)]) == 0
    document = json.loads(capsys.readouterr().out)
    assert [s["subject"] for s in document["subjects"]] == ["a", "b"]
    assert document["problems"] == []


def test_index_of_nothing_exits_with_1_and_still_prints_json(tmp_path, capsys):
    assert main(["index", "--json", "--cache", str(tmp_path / "c.json"), str(tmp_path)]) == 1
    document = json.loads(capsys.readouterr().out)
    assert document["subjects"] == []
    assert document["problems"][0]["remedy"]


def test_strict_turns_a_problem_into_an_exit_status(root, tmp_path, capsys):
    arguments = ["--cache", str(tmp_path / "c.json"), "--", str(root)]
    assert main(["index", "--strict", *arguments]) == 0
    (root / "VA_Set" / "Train_Set" / "a.txt").write_text("nonsense")
    assert main(["index", *arguments]) == 0
    assert main(["index", "--strict", *arguments]) == 1
    assert "a.txt" in capsys.readouterr().out


def test_extract_writes_a_file_per_subject_and_the_second_time_none(root, tmp_path, backbones, capsys):
    arguments = ["extract", "--out", str(tmp_path / "out dir"), "--device", "cpu", *backbones, "--", str(root)]
    assert main(arguments) == 0
    assert "2 subjects written" in capsys.readouterr().out
    features = read_features(tmp_path / "out dir" / "a.safetensors")
    assert features.clip_stride == 8  # the default on a CPU
    assert main(arguments) == 0
    assert "0 subjects written, 2 were there" in capsys.readouterr().out


def test_extract_takes_one_subject_or_one_shard(root, tmp_path, backbones):
    for option, expected in ((["--subject", "b"], ["b"]), (["--shard", "0/2"], ["a"])):
        out = tmp_path / expected[0]
        assert main(["extract", "--out", str(out), *option, *backbones, "--", str(root)]) == 0
        assert [path.stem for path in out.glob("*.safetensors")] == expected


def test_one_video_of_any_format_with_labels_goes_through_the_whole_chain(tmp_path, backbones, capsys):
    from tests.iaca.data.faces.test_detection import drawn_head, film

    video = film(tmp_path / "someone's.avi", 24, lambda k: [], background=drawn_head(240), codec="mpeg4")
    write_labels(tmp_path / "labels.txt", np.zeros(24), np.zeros(24))
    out = tmp_path / "out"
    arguments = ["--video", str(video), "--labels", str(tmp_path / "labels.txt"), "--out", str(out)]
    assert main(["extract", *arguments, *backbones, "--clip-stride", "4"]) == 0
    features = read_features(out / "someone's.safetensors")
    assert features.has_face.any()
    assert np.isfinite(features.valence).all()
    assert f"found in the video by {choose_detector().name}" in features.problems[0]
    assert not features.has_audio.any()


def test_a_face_in_few_frames_is_warned_of_and_known_places_can_be_given(tmp_path, backbones, capsys):
    video = write_media(tmp_path / "turned.mp4", TIMES_S[:20])
    places = [f"turned,{frame},32,24,20,0" for frame in range(4)]
    for name, rows in (("faces.csv", places), ("other.csv", ["somebody,0,32,24,20,0"])):
        (tmp_path / name).write_text("\n".join(["subject,frame,x,y,size,roll", *rows]))
    arguments = ["extract", "--video", str(video), "--out", str(tmp_path / "out"), *backbones]
    assert main([*arguments, "--faces", str(tmp_path / "faces.csv")]) == 0
    assert read_features(tmp_path / "out" / "turned.safetensors").has_face.sum() == 4
    told = capsys.readouterr().err
    assert "turned: A face was found in 20% of the frames" in told
    assert "Crop the video" in told
    assert main([*arguments, "--faces", str(tmp_path / "other.csv")]) == 1
    assert "other.csv has somebody; expected the subject turned" in capsys.readouterr().err


def test_a_video_in_which_no_face_is_found_fails_with_a_remedy(tmp_path, backbones, capsys):
    video = write_media(tmp_path / "bars.mp4", TIMES_S[:10])
    assert main(["extract", "--video", str(video), "--out", str(tmp_path / "out"), *backbones]) == 1
    told = capsys.readouterr().err
    assert "found no face in" in told
    assert "needs a face" in told
    assert "YuNet" in told
    assert "let a detector" not in told


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ([], "expected either ROOT"),
        (["x", "--video", "y.mp4"], "expected either ROOT"),
        (["x", "--labels", "y.txt"], "--labels is given without --video"),
        (["x", "--faces", "y.csv"], "--faces is given without --video"),
        (["x", "--shard", "2/2"], "--shard is '2/2'"),
        (["--video", "missing.mp4"], "missing.mp4 does not exist"),
        (["x", "--clip-stride", "3"], "clip_stride is 3"),
        (["x", "--clip-stride", "0"], "clip_stride is 0"),
        (["x", "--visual", "missing.pth"], "missing.pth is neither"),
    ],
)
def test_arguments_that_do_not_go_together_are_one_sentence(tmp_path, backbones, capsys, monkeypatch, arguments, told):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").mkdir()
    options = backbones if "--visual" not in arguments else backbones[2:]
    assert main(["extract", *arguments, *options, "--out", str(tmp_path / "out")]) == 1
    error = capsys.readouterr().err
    assert told in error
    assert "Traceback" not in error


def test_an_output_that_is_no_folder_is_refused_before_anything_is_computed(root, tmp_path, backbones, capsys):
    out = tmp_path / "file"
    out.write_text("in the way")
    assert main(["extract", "--out", str(out), *backbones, "--", str(root)]) == 1
    assert (
        capsys.readouterr().err
        == f"error: {out} cannot be written (File exists); expected a folder for feature files\n"
    )


def test_train_backbone_trains_scores_and_saves(root, tmp_path, capsys):
    out = tmp_path / "mine.safetensors"
    arguments = ["train-backbone", "--modality", "audio", "--epochs", "1", "--out", str(out), "--device", "cpu"]
    assert main([*arguments, "--", str(root)]) == 0
    assert "validation CCC: valence" in capsys.readouterr().out
    backbone = load_backbone(out)
    assert backbone.config == BackboneConfig(modality="audio")
    assert backbone.training["recordings"] == 1
    assert not out.with_suffix(".state").exists()
