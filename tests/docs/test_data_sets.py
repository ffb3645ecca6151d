"""The recipes of docs/data-sets.md, each tried on files in the shape that the data set is published in."""

from __future__ import annotations

import json
import re
import wave
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from dashboard.services import corpora
from dashboard.state.folders import Source
from dashboard.state.known_files import known_state
from iaca.__main__ import main
from iaca.data.recordings import find_recordings
from iaca.data.timeline import read_timeline
from iaca.features.feature_files import read_features
from tests.conftest import write_small_backbones
from tests.media_files import clicks, numbered_picture, write_media

PAGE = Path(__file__).resolve().parents[2] / "docs" / "data-sets.md"
RECIPE = re.compile(r"^```csv\n(.*?)^```", re.DOTALL | re.MULTILINE)
SUBJECTS = ("P16", "dev_1", "Devel_DE_01", "S1-user-Poppy", "train001", "muse-1", "afew-001")
FRAMES, RATE = 100, 25
PTS_S = np.arange(FRAMES) / RATE


def valence(time_s):
    """The truth that all files of the test tell: on a grid of ten steps, so that every scale can write it."""
    return np.round(0.5 * np.sin(time_s), 6)


def arousal(time_s):
    return np.round(0.2 * time_s - 0.5, 6)


def recipe(subject: str) -> pd.DataFrame:
    for text in RECIPE.findall(PAGE.read_text(encoding="utf-8")):
        lines = text.strip().splitlines()
        table = pd.DataFrame([dict(zip(lines[0].split(","), lines[1].split(","), strict=True))])
        if table.subject[0] == subject:
            return table
    raise AssertionError(f"the page has no recipe for {subject}")


def put(path: Path, lines) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def write_sound(path: Path, samples: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(44_100)
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())


def write_labels(root: Path, row: pd.Series) -> None:
    """Labels in the published shape; where the recipe has a lag, they are written by so much too late."""
    lag_s = float(row.get("lag_s") or 0)
    if row.subject == "P16":  # RECOLA: six raters, who lie around the truth
        times_s = np.round(np.arange(0, 7, 0.04), 2)
        for name, truth in (("valence", valence), ("arousal", arousal)):
            spread = (-0.03, -0.02, -0.01, 0.01, 0.02, 0.03)
            rows = [
                ";".join(f"{value:.6f}" for value in (t, *(truth(t - lag_s) + offset for offset in spread)))
                for t in times_s
            ]
            put(root / row[f"{name}_labels"], ["time;FM1 ;FM2 ;FM3 ;FF1 ;FF2 ;FF3", *rows])
    elif row.subject == "dev_1":
        for name, truth in (("valence", valence), ("arousal", arousal)):
            head = ["@relation GOLDSTANDARD", "", "@attribute Instance_name string", "@attribute frameTime numeric",
                    "@attribute GoldStandard numeric", "", "@data", ""]  # fmt: skip
            put(root / row[f"{name}_labels"], [*head, *(f"dev_1,{t:g},{truth(t):.6f}" for t in PTS_S)])
    elif row.subject == "Devel_DE_01":  # SEWA
        times_s = np.round(np.arange(0, 6.2, 0.1), 1)
        lines = [f"'Devel_DE_01';{t};{arousal(t - lag_s)};{valence(t - lag_s)};0.1" for t in times_s]
        put(root / row.labels, ["name;timestamp;arousal;valence;liking", *lines])
    elif row.subject == "S1-user-Poppy":  # SEMAINE: two raters
        for column, truth in (("valence_labels", valence), ("arousal_labels", arousal)):
            for rater, offset in (("1S1TUPo", 0.04), ("2S1TUPo", -0.04)):
                times_s = np.arange(0, 6.2, 0.02)
                lines = [f"{t:.2f}   {truth(t - lag_s) + offset:.6f}" for t in times_s]
                put(root / row[column].replace("*", rater), lines)
    elif row.subject == "train001":
        for name, truth in (("valence", valence), ("arousal", arousal)):
            put(root / row[f"{name}_labels"], [f"{truth(k / 50):.6f}" for k in range(2 * FRAMES)])
    elif row.subject == "muse-1":
        for name, truth in (("valence", valence), ("arousal", arousal)):
            lines = [f"{ms},{truth(ms / 1000):.6f},1" for ms in range(0, 4000, 250)]
            put(root / row[f"{name}_labels"], ["timestamp,value,segment_id", *lines])
    elif row.subject == "afew-001":
        frames = {
            f"{k:05}": {
                "landmarks": [[1.0, 2.0]] * 68,
                "arousal": round(10 * arousal(t)),
                "valence": round(10 * valence(t)),
            }
            for k, t in enumerate(PTS_S)
        }
        put(root / row.labels, [json.dumps({"video_id": "001", "actor": "x", "frames": frames})])


def write_recipe(root: Path, subject: str, **columns: str) -> Path:
    """The manifest of a recipe, and its files."""
    table = recipe(subject).assign(**columns)
    row = table.iloc[0]
    has_sound = subject != "afew-001"
    sound = clicks(FRAMES / RATE, (1.0,)) if has_sound else None
    write_media(root / row.video, PTS_S, None if "audio" in row else sound,
                video_codec="mpeg4" if row.video.endswith(".avi") else "libx264",
                audio_codec="mp3" if row.video.endswith(".avi") else "aac")  # fmt: skip
    if "audio" in row:
        write_sound(root / row.audio, sound)
    write_labels(root, row)
    path = root / "recordings.csv"
    table.to_csv(path, index=False)
    return path


def test_every_recipe_of_the_page_is_tried():
    tables = RECIPE.findall(PAGE.read_text(encoding="utf-8"))
    assert {text.splitlines()[1].split(",")[0] for text in tables} == set(SUBJECTS)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_a_recipe_gives_every_frame_its_label(tmp_path, subject):
    path = write_recipe(tmp_path, subject)
    index = find_recordings(path)
    assert not index.problems
    (recording,) = index.recordings
    timeline = read_timeline(recording)
    assert not timeline.problems
    known = np.isfinite(timeline.valence)
    # Where labels are farther apart than frames, those after the last one have none; a lag uses up those at the end.
    assert known[:93].all()
    # Between labels 0.25 s apart, a line stands for the curve; AFEW-VA knows tenths alone.
    tolerance = {"muse-1": 0.005, "afew-001": 0.051}.get(subject, 1e-3)
    np.testing.assert_allclose(timeline.valence[known], valence(timeline.pts_s[known]), atol=tolerance)
    np.testing.assert_allclose(timeline.arousal[known], arousal(timeline.pts_s[known]), atol=tolerance)


@pytest.mark.parametrize("subject", SUBJECTS)
def test_index_reports_a_recipe(tmp_path, subject, capsys):
    path = write_recipe(tmp_path, subject)
    assert main(["index", "--manifest", str(path), "--json", "--cache", str(tmp_path / "facts.json")]) == 0
    report = json.loads(capsys.readouterr().out)
    (found,) = report["subjects"]
    assert found["annotated"] >= 93
    assert found["frames"] == FRAMES
    assert (found["audio_offset_s"] is None) == (subject == "afew-001")
    faceless, *others = (problem["reason"] for problem in report["problems"])
    assert "It has no faces" in faceless
    assert not others


def test_everything_after_the_index_takes_a_manifest(tmp_path, capsys):
    """RECOLA, whose sound lies beside the video, from its manifest to scores and to the page."""
    path = write_recipe(tmp_path, "P16", crops="crops")
    (tmp_path / "crops").mkdir()
    for k in range(FRAMES):
        cv2.imwrite(str(tmp_path / "crops" / f"{k + 1:05}.jpg"), numbered_picture(k, 112 // 12 * 12))
    write_small_backbones(tmp_path)
    features = tmp_path / "features"
    given = ["--visual", str(tmp_path / "visual.safetensors"), "--audio", str(tmp_path / "audio.safetensors")]
    command = ["extract", str(path), *given, "--clip-stride", "8", "--out", str(features)]
    assert main(command) == 0
    made = read_features(features / "P16.safetensors")
    np.testing.assert_allclose(made.valence, valence(PTS_S), atol=1e-3)
    assert made.has_audio.all()
    assert made.has_face.all()
    capsys.readouterr()
    assert main(command) == 0
    assert "0 subjects written, 1 were there" in capsys.readouterr().out
    table = pd.read_csv(path).assign(lag_s=1)
    table.to_csv(path, index=False)
    assert main(command) == 0
    assert "1 subjects written, 0 were there" in capsys.readouterr().out

    model = tmp_path / "models" / "ca.safetensors"
    main(["train", "--features", str(features), "--fusion", "ca", "--out", str(model), "--set", "training.epochs=1"])
    capsys.readouterr()
    main(["evaluate", "--features", str(features), "--checkpoint", str(model), "--ccc", "mean"])
    assert "mean over their recordings" in capsys.readouterr().out

    backbone = ["train-backbone", "--manifest", str(path), "--modality", "audio", "--epochs", "1"]
    main([*backbone, "--out", str(tmp_path / "heard.safetensors"), "--device", "cpu"])
    assert (tmp_path / "heard.safetensors").is_file()

    corpora.rescan()
    found = corpora._corpus(Source((path,), features), known_state(features))
    assert [subject.name for subject in found.subjects] == ["P16"]
    assert found.subjects[0].features == features / "P16.safetensors"
    assert not found.problems
