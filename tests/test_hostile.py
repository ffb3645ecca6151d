"""Hostile files end in one sentence, at once, whichever door of the project they come through."""

from __future__ import annotations

import json
import struct
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save

import iaca
from iaca.data.faces.places import read_faces_csv
from iaca.errors import InputError
from iaca.features.feature_files import FeatureError, read_features

PROJECT = Path(__file__).resolve().parent.parent
FEATURES = PROJECT / "demo/features/strong-01.safetensors"
MODEL = PROJECT / "checkpoints/ca_iaca.safetensors"


def changed(path, target, change):
    with safe_open(path, "np") as file:
        tensors, metadata = {k: file.get_tensor(k) for k in file.keys()}, dict(file.metadata())  # noqa: SIM118  not a mapping
    change(tensors, metadata)
    target.write_bytes(save(tensors, metadata))
    return target


@pytest.mark.parametrize(
    "change",
    [
        lambda t, m: m.update(subject=json.dumps("../../escaped")),  # evaluate --predictions wrote outside its folder
        lambda t, m: m.update(backbones='"x"'),
        lambda t, m: m.update(problems="5"),
        lambda t, m: m.update(problems="[" * 100_000),
        lambda t, m: t.update(pts_s=t["pts_s"][::-1].copy()),  # accepted in silence
        lambda t, m: t.update(pts_s=t["pts_s"] * 0),
        lambda t, m: t.update(valence=t["valence"] * 0 + 7),
        lambda t, m: t.update({k: v[:0] for k, v in t.items() if not k.endswith("_zero")}),
    ],
)
def test_features_that_cannot_be(tmp_path, change):
    with pytest.raises(FeatureError):
        read_features(changed(FEATURES, tmp_path / "x.safetensors", change))


@pytest.mark.parametrize(
    "change",
    [
        lambda h: h.update(backbones={"audio": "x"}),
        lambda h: h.update(backbones={"audio": {"name": 1, "sha256": 2}}),
        lambda h: h.update(format_version=True),
        lambda h: h.update(format_version=-1),
    ],
)
def test_headers_that_cannot_be(tmp_path, change):
    def edit(tensors, metadata):
        header = json.loads(metadata["iaca"])
        change(header)
        metadata["iaca"] = json.dumps(header)

    with pytest.raises(InputError):
        iaca.load_checkpoint(changed(MODEL, tmp_path / "x.safetensors", edit))


def test_a_header_nested_without_end(tmp_path):
    content = json.dumps({"__metadata__": {"iaca": "[" * 100_000}}).encode()
    (tmp_path / "x.safetensors").write_bytes(struct.pack("<Q", len(content)) + content)
    with pytest.raises(InputError):
        iaca.load_checkpoint(tmp_path / "x.safetensors")


def test_faces_without_a_line(tmp_path):
    (tmp_path / "faces.csv").write_text("subject,frame,x,y,size,roll\n")
    assert read_faces_csv(tmp_path / "faces.csv") == {}


def test_a_picture_of_absurd_size(tmp_path):
    import cv2

    from iaca.data.faces.crops import read_picture

    content = bytearray(cv2.imencode(".jpg", np.zeros((64, 64, 3), np.uint8))[1].tobytes())
    place = content.find(b"\xff\xc0")
    content[place + 5 : place + 9] = struct.pack(">HH", 65500, 65500)
    (tmp_path / "1.jpg").write_bytes(content)
    assert read_picture(tmp_path / "1.jpg") is None


@pytest.mark.parametrize("content", ["[]", "null", '{"subjects":[]}', '{"subjects":{"strong-01":5}}'])
def test_a_description_of_another_shape(tmp_path, content):
    from dashboard.services.corpora import corpus
    from dashboard.state.folders import Folders, Source

    (tmp_path / "corpus.json").write_text(content)
    (tmp_path / "features").mkdir()
    (tmp_path / "features/strong-01.safetensors").write_bytes(FEATURES.read_bytes())
    source = Source((tmp_path,), tmp_path / "features")
    corpus(Folders((source,), tmp_path, tmp_path, locked=False, own=tmp_path / "own"))
