"""A damaged file ends in a value or in one sentence of the project's own, in bounded time, whatever the damage."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

import iaca
from iaca.checkpoints import describe_file, save_checkpoint
from iaca.data.annotations import read_labels
from iaca.data.corpus_description import read_description
from iaca.data.episodes import read_episodes
from iaca.data.faces.places import read_faces_csv
from iaca.errors import InputError
from iaca.features.feature_files import read_feature_header, read_feature_labels, read_features, write_features
from tests.conftest import BACKBONES, make_features, make_model, write_small_backbones
from tests.damage import damaged_copies, rewritten
from tests.media_files import clicks, write_media

ROOT = Path(__file__).resolve().parent.parent
PATIENCE_S = 150

READ_ALL = """
import sys, traceback
from pathlib import Path
from iaca.data.media.container import MediaError
from iaca.data.media.sound import read_audio
from iaca.data.media.video import iterate_frames, probe
from tests.damage import damaged_copies

for path in damaged_copies(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3])):
    for read in (probe, read_audio, lambda path: sum(1 for _ in iterate_frames(path))):
        try:
            read(path)
        except MediaError as error:
            assert path.name in str(error) and "\\n" not in str(error), error
        except Exception:
            print(path.name, traceback.format_exc())
    path.unlink()
print("all read")
"""

MEDIA = {
    "a.mp4": {},
    "a.mkv": {"audio_codec": "pcm_s16le", "b_frames": 2},
    "a.avi": {"video_codec": "mpeg4", "audio_codec": "libmp3lame"},
    "a.webm": {"video_codec": "libvpx", "sound": None},
    "a.mpg": {"video_codec": "mpeg2video", "audio_codec": "mp2", "ticks_per_s": 25},
    "a.mov": {"sound_first": True},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", MEDIA)
def test_damaged_media(tmp_path, name):
    path = write_media(tmp_path / name, np.arange(24) / 25, **{"sound": clicks(1, (0.5,))} | MEDIA[name])
    command = [sys.executable, "-c", READ_ALL, path, tmp_path, "100"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE_S)
    assert done.stdout == "all read\n", done.stdout + done.stderr[-2000:]


def refusal(read: Callable[[Path], object], path: Path) -> str:
    """What the project says instead of reading a file; "" where it reads it. Any other error goes through."""
    try:
        read(path)
    except InputError as error:
        return str(error)
    return ""


def read_or_refused(path: Path, *reads: Callable[[Path], object]) -> None:
    """Every way to read a file gives a value, or one line that names the file."""
    for read in reads:
        told = refusal(read, path)
        assert not told or path.name in told
        assert "\n" not in told


def without_checksum(path: Path, **other: object) -> Path:
    """A copy in which nothing tells damage, as other programs and version 0.1.0 write it."""
    return rewritten(path, path.with_stem("unchecked"), lambda header, tensors: header.update(other), checked=False)


def test_damaged_features(tmp_path):
    write_features(tmp_path / "a.safetensors", make_features(num_frames=60))
    for original in (tmp_path / "a.safetensors", without_checksum(tmp_path / "a.safetensors")):
        read_features(original)
        for path in damaged_copies(original, tmp_path, 250):
            read_or_refused(path, read_features, read_feature_header, read_feature_labels)


def test_damaged_checkpoints(tmp_path):
    save_checkpoint(tmp_path / "a.safetensors", make_model(iaca=True), backbones=BACKBONES)
    for original in (tmp_path / "a.safetensors", without_checksum(tmp_path / "a.safetensors", format_version=1)):
        iaca.load_checkpoint(original)
        for path in damaged_copies(original, tmp_path, 150):
            read_or_refused(path, iaca.load_checkpoint, describe_file)


def test_damaged_backbones(tmp_path):
    write_small_backbones(tmp_path)
    older = without_checksum(tmp_path / "audio.safetensors", format_version=1)
    for original in (tmp_path / "visual.safetensors", older):
        iaca.load_backbone(original)
        for path in damaged_copies(original, tmp_path, 60):
            read_or_refused(path, iaca.load_backbone, describe_file)


@pytest.mark.parametrize("zipped", [True, False])
def test_damaged_files_of_torch(tmp_path, zipped):
    weights = {f"layer{k}.weight": torch.zeros(3, 4) for k in range(6)}
    content = {"net": weights, "best_Val_accV": np.float64(0.4), "best_Val_acc_epoch": 3}
    torch.save(content, tmp_path / "a.pt", _use_new_zipfile_serialization=zipped)
    for path in damaged_copies(tmp_path / "a.pt", tmp_path, 250):
        read_or_refused(path, iaca.load_checkpoint, describe_file)


TEXTS = {
    "labels.txt": ("valence,arousal\n0.5,-0.25\n-5,-5\n1,-1\n", read_labels),
    "faces.csv": ("subject,frame,x,y,size,roll\na,0,50,60,40,0\na,4,51,60.5,40,-3\n", read_faces_csv),
    "episodes.csv": ("subject,start_s,end_s,modality,kind,truth_modality\na,1,2.5,audio,noise,\n", read_episodes),
}


@pytest.mark.parametrize("name", TEXTS)
def test_damaged_texts(tmp_path, name):
    text, read = TEXTS[name]
    (tmp_path / name).write_text(text)
    read(tmp_path / name)
    for path in damaged_copies(tmp_path / name, tmp_path, 200):
        read_or_refused(path, read)


def test_damaged_descriptions(tmp_path):
    """A corpus description has a fixed name in its folder."""
    text = '{"name": "drawn faces", "synthetic": true, "subjects": {"a": {"condition": "strong"}}}'
    (tmp_path / "a.json").write_text(text)
    for path in damaged_copies(tmp_path / "a.json", tmp_path, 200):
        description = path.replace(tmp_path / "corpus.json")
        read_or_refused(description, lambda path: read_description(path.parent))
