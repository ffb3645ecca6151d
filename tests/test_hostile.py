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
from iaca.checkpoints import save_checkpoint
from iaca.data.faces.places import read_faces_csv
from iaca.errors import InputError
from iaca.features.feature_files import FeatureError, read_features, write_features
from tests.conftest import BACKBONES, make_features, make_model
from tests.damage import rewritten

PROJECT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(
    "change",
    [
        lambda h, t: h.update(subject="../../escaped"),  # evaluate --predictions wrote outside its folder
        lambda h, t: h.update(backbones="x"),
        lambda h, t: h.update(problems=5),
        lambda h, t: t.update(pts_s=t["pts_s"].flip(0)),  # accepted in silence
        lambda h, t: t.update(pts_s=t["pts_s"] * 0),
        lambda h, t: t.update(valence=t["valence"] * 0 + 7),
        lambda h, t: t.update({k: v[:0] for k, v in t.items() if not k.endswith("_zero")}),
    ],
)
def test_features_that_cannot_be(tmp_path, change):
    write_features(tmp_path / "a.safetensors", make_features())
    with pytest.raises(FeatureError, match=r"; expected|has no frames") as error:
        read_features(rewritten(tmp_path / "a.safetensors", tmp_path / "x.safetensors", change))
    assert "damaged" not in str(error.value)  # the checksum agrees: the value itself is refused


def test_a_header_in_both_forms(tmp_path):
    write_features(tmp_path / "a.safetensors", make_features())
    with safe_open(tmp_path / "a.safetensors", "np") as file:
        tensors, metadata = {k: file.get_tensor(k) for k in file.keys()}, dict(file.metadata())  # noqa: SIM118
    (tmp_path / "x.safetensors").write_bytes(save(tensors, metadata | {"subject": '"another"'}))
    with pytest.raises(FeatureError, match="has 'subject' beside 'iaca_features'"):
        read_features(tmp_path / "x.safetensors")


@pytest.mark.parametrize(
    "change",
    [
        lambda h: h.update(backbones={"audio": "x"}),
        lambda h: h.update(backbones={"audio": {"name": 1, "sha256": 2}}),
        lambda h: h.update(backbones={}),
        lambda h: h.update(format_version=True),
        lambda h: h.update(format_version=-1),
    ],
)
def test_headers_that_cannot_be(tmp_path, change):
    save_checkpoint(tmp_path / "a.safetensors", make_model(), backbones=BACKBONES)
    with pytest.raises(InputError, match="; expected") as error:
        iaca.load_checkpoint(
            rewritten(tmp_path / "a.safetensors", tmp_path / "x.safetensors", lambda header, tensors: change(header))
        )
    assert "damaged" not in str(error.value)


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
    write_features(tmp_path / "features/strong-01.safetensors", make_features(subject="strong-01"))
    source = Source((tmp_path,), tmp_path / "features")
    corpus(Folders((source,), tmp_path, tmp_path, locked=False, own=tmp_path / "own"))
