"""Checkpoints: what is saved is loaded, and what cannot be loaded is told."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file

import iaca
from iaca.checkpoints import describe_file, load_backbone, load_checkpoint, save_backbone, save_checkpoint
from iaca.config import BackboneConfig
from iaca.inference import infer
from iaca.models.backbones import build_backbone
from iaca.models.published.network import PublishedNetwork
from tests.conftest import BACKBONES, make_features, make_model
from tests.damage import rewritten

FUSIONS = ("concat", "ca", "tca", "jca", "rjca")


def windows():
    torch.manual_seed(0)
    return torch.randn(2, 16, 12), torch.randn(2, 16, 12)


@pytest.mark.parametrize("fusion", FUSIONS)
@pytest.mark.parametrize("gated", [False, True])
def test_a_loaded_model_gives_equal_output(tmp_path, fusion, gated):
    model = make_model(fusion=fusion, iaca=gated).requires_grad_(False)
    model.set_standardisation(torch.randn(30, 12) * 4, torch.randn(30, 12) + 1)
    save_checkpoint(tmp_path / "m.safetensors", model, backbones=BACKBONES)
    loaded = load_checkpoint(tmp_path / "m.safetensors")
    for ours, expected in zip(loaded.model(*windows())[:2], model(*windows())[:2], strict=True):
        assert torch.equal(ours, expected)
    assert loaded.config == model.config
    assert loaded.backbones == BACKBONES
    assert loaded.describe()["checksum"] == loaded.checksum != ""


def test_a_description_has_what_other_programs_rely_on(tmp_path):
    save_checkpoint(tmp_path / "m.safetensors", make_model(iaca=True), backbones=BACKBONES, scores={"valence": 0.5})
    description = iaca.load_checkpoint(tmp_path / "m.safetensors").describe()
    assert (description["fusion"], description["iaca"]) == ("ca", True)
    assert description["scores"] == {"valence": 0.5}
    state = load_checkpoint(tmp_path / "m.safetensors").model.state_dict()
    assert all(any(key.startswith(name) for key in state) for name in description["symbols"].values())
    assert json.loads(json.dumps(description)) == description


@pytest.mark.parametrize("fusion", ["ca", "jca", "rjca"])
def test_every_matrix_of_an_attention_has_a_symbol(tmp_path, fusion):
    save_checkpoint(tmp_path / "m.safetensors", make_model(fusion=fusion, iaca=True), backbones=BACKBONES)
    checkpoint = load_checkpoint(tmp_path / "m.safetensors")
    named = tuple(checkpoint.describe()["symbols"].values())
    learnt = [name for name in checkpoint.model.state_dict() if name.startswith("trunks.") and "lstm" not in name]
    assert [name for name in learnt if not name.startswith(named)] == []
    assert len(set(named)) == len(named)


def test_half_precision_halves_the_file_and_is_loaded_as_float32(tmp_path):
    for name, dtype in (("whole", torch.float32), ("half", torch.float16)):
        save_checkpoint(tmp_path / f"{name}.safetensors", make_model(dim=96), backbones=BACKBONES, dtype=dtype)
    whole, half = (os.path.getsize(tmp_path / f"{name}.safetensors") for name in ("whole", "half"))
    assert half < 0.6 * whole
    assert load_checkpoint(tmp_path / "half.safetensors").model.audio_mean.dtype == torch.float32


def test_a_backbone_is_loaded_by_path_and_refused_as_a_model(tmp_path):
    config = BackboneConfig(modality="audio", dim=8, width=8)
    network = build_backbone(config).eval()
    file = tmp_path / "ears.safetensors"
    save_backbone(file, network, config, dtype=torch.float32)
    loaded = load_backbone(file)
    clip = torch.randn(1, 1, 64, 40)
    assert torch.allclose(loaded.model.features(clip), network.features(clip), atol=1e-6)
    assert loaded.config == config
    with pytest.raises(iaca.CheckpointError, match=r"ears.safetensors is a backbone.*iaca.load_backbone"):
        load_checkpoint(file)
    assert describe_file(file)["kind"] == "backbone"


def test_a_fusion_model_is_refused_as_a_backbone(tmp_path):
    save_checkpoint(tmp_path / "m.safetensors", make_model(), backbones=BACKBONES)
    with pytest.raises(iaca.CheckpointError, match=r"use iaca\.load_checkpoint"):
        load_backbone(tmp_path / "m.safetensors")


def test_each_file_that_cannot_be_used_is_told_in_one_sentence(tmp_path):
    file = tmp_path / "m.safetensors"
    with pytest.raises(iaca.CheckpointError, match=r"m\.safetensors does not exist"):
        load_checkpoint(file)
    with pytest.raises(iaca.CheckpointError, match="is no file; expected a checkpoint"):
        load_checkpoint(tmp_path)
    save_checkpoint(file, make_model(), backbones=BACKBONES)
    content = file.read_bytes()
    file.write_bytes(content[: len(content) // 2])
    with pytest.raises(iaca.CheckpointError, match=r"m\.safetensors is damaged"):
        load_checkpoint(file)
    save_file({"x": torch.zeros(2)}, file)
    with pytest.raises(iaca.CheckpointError, match="no 'iaca' header"):
        load_checkpoint(file)


def with_header(file, change):
    rewritten(file, file, change)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda h, t: h.update(format_version=99), "format version 99"),
        (lambda h, t: h["config"].update(fusion="unheard"), "expected one of: concat"),
        (lambda h, t: h["config"].update(surprise=1), "unknown field 'surprise'"),
        (lambda h, t: t.pop("audio_mean"), r"'audio_mean' is missing; expected \(12,\)"),
        (lambda h, t: t.update(extra=torch.zeros(3)), r"'extra' is \(3,\); expected none"),
        (lambda h, t: t.update(audio_mean=torch.zeros(5)), r"'audio_mean' is \(5,\); expected \(12,\)"),
        (lambda h, t: t.update(audio_mean=torch.full((12,), torch.nan)), "'audio_mean' has a value that is not finite"),
        (lambda h, t: t.update(audio_mean=torch.full((12,), 1e30)), "'audio_mean' has a value of 1e.30"),
        (lambda h, t: t.update(audio_mean=torch.zeros(12, dtype=torch.int32)), "'audio_mean' is int32"),
        (lambda h, t: t.update(audio_mean=torch.zeros(12, dtype=torch.bool)), "'audio_mean' is bool"),
        (lambda h, t: t.update(audio_scale=-t["audio_scale"]), "'audio_scale' falls to 0 or below"),
        (lambda h, t: h.update(kind="x"), "is a 'x'; expected 'fusion' or 'backbone'"),
        (lambda h, t: h.update(format_version=True), "format version True"),
        (lambda h, t: h.update(format_version=-1), "format version -1"),
        (lambda h, t: h.update(backbones={"audio": "x"}), "'backbones' of the header"),
        (lambda h, t: h.update(backbones={"audio": {"name": 1, "sha256": 2}}), "'backbones' of the header"),
        (lambda h, t: h.update(backbones={}), "'backbones' of the header names none for audio and visual; expected"),
        (lambda h, t: h["backbones"].pop("audio"), "names none for audio; expected name and sha256 of the backbones"),
        (lambda h, t: h.update(training={"settings": 5}), "'settings' of its training"),
        (lambda h, t: h.update(plugin="os"), "needs plugin 'os' for 'ca', which needs none"),
        (lambda h, t: h.update(format_version="x"), "format version 'x'; expected a whole number"),
        (lambda h, t: h.pop("format_version"), "format version None; expected a whole number"),
        (lambda h, t: h.pop("config"), "'config' of the header is None; expected dict"),
        (lambda h, t: h.update(scores=[1]), r"'scores' of the header is \[1\]; expected dict"),
        (lambda h, t: h["config"].update(iaca="false"), "iaca is 'false'; expected true or false"),
        (lambda h, t: h["config"].update(head_dropout="0.3"), "head_dropout is '0.3'; expected a share"),
        (lambda h, t: h["config"].update(dim=10**9), "dim is 1000000000; expected at most 65536"),
        (
            lambda h, t: h["config"].update(fusion="tca", num_layers=10**6),
            "num_layers is 1000000; expected at most 256",
        ),
        # 17 GB for each matrix of the attention, if they were made.
        (lambda h, t: h["config"].update(dim=2**16), r"expected \(.*65536"),
    ],
)
def test_a_file_that_cannot_be_rebuilt_names_what_is_wrong(tmp_path, change, message):
    file = tmp_path / "m.safetensors"
    save_checkpoint(file, make_model(), backbones=BACKBONES)
    with_header(file, change)
    with pytest.raises(iaca.CheckpointError, match=message):
        load_checkpoint(file)


def test_a_header_that_is_no_json_and_a_backbone_that_cannot_be_are_told(tmp_path):
    file = tmp_path / "m.safetensors"
    save_file({"x": torch.zeros(2)}, file, {"iaca": "{oops"})
    with pytest.raises(iaca.CheckpointError, match="damaged 'iaca' header"):
        load_checkpoint(file)
    config = BackboneConfig(modality="audio", dim=8, width=8)
    save_backbone(file, build_backbone(config), config)
    with_header(file, lambda h, t: h["config"].update(arch="r3d_18"))
    with pytest.raises(iaca.CheckpointError, match="cannot be rebuilt: arch is 'r3d_18' and modality is audio"):
        load_backbone(file)
    save_backbone(file, build_backbone(config), config)
    with_header(file, lambda h, t: h["config"].update(width=2**16))
    with pytest.raises(iaca.CheckpointError, match=r"tensor .* expected \(65536"):
        load_backbone(file)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"kind": ' * 100 + "1" + "}" * 100])
def test_a_header_nested_without_end_is_told(tmp_path, text):
    save_file({"x": torch.zeros(2)}, tmp_path / "m.safetensors", {"iaca": text})
    with pytest.raises(iaca.CheckpointError, match="expected at most 32 levels"):
        load_checkpoint(tmp_path / "m.safetensors")


@pytest.mark.parametrize("place", [b"gate_temperature", b"created_by", None])
def test_a_bit_that_flips_anywhere_is_noticed(tmp_path, place):
    file = tmp_path / "m.safetensors"
    save_checkpoint(file, make_model(), backbones=BACKBONES)
    content = bytearray(file.read_bytes())
    at = len(content) - 1 if place is None else content.find(place) + len(place) + 6  # in the value, or in a weight
    content[at] ^= 1
    file.write_bytes(content)
    with pytest.raises(iaca.CheckpointError, match="its crc32 is not the one in its header"):
        load_checkpoint(file)


def test_a_file_without_a_checksum_is_read(tmp_path):
    file = tmp_path / "m.safetensors"
    save_checkpoint(file, make_model(), backbones=BACKBONES)
    with_header(file, lambda h, t: None)
    assert load_checkpoint(file).config.dim == 12


@pytest.mark.parametrize("value", [math.nan, math.inf, 1e30])
def test_a_model_whose_training_failed_is_not_written(tmp_path, value):
    model = make_model()
    torch.nn.init.constant_(next(model.parameters()), value)
    with pytest.raises(iaca.CheckpointError, match="expected"):
        save_checkpoint(tmp_path / "m.safetensors", model, backbones=BACKBONES)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("content", [{"state_dict": {"a": torch.zeros(2)}}, [1, 2], torch.zeros(3)])
def test_a_file_of_torch_that_is_no_fusion_model_is_refused_like_any_other(tmp_path, content):
    file = tmp_path / "other.pt"
    torch.save(content, file)
    with pytest.raises(iaca.CheckpointError, match=r"other\.pt holds"):
        load_checkpoint(file)
    with pytest.raises(iaca.CheckpointError, match=r"iaca\.checkpoints\.pretrained\.find_backbone"):
        load_backbone(file)


def test_nothing_is_left_where_writing_fails(tmp_path, monkeypatch):
    file = tmp_path / "m.safetensors"
    save_checkpoint(file, make_model(), backbones=BACKBONES)
    before = file.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        save_checkpoint(file, make_model(seed=1), backbones=BACKBONES)
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("kind", ["published RJCA", "published DCA"])
def test_a_published_network_predicts_and_explains_like_any_other(tmp_path, kind):
    file = tmp_path / "authors.pt"
    network = PublishedNetwork(kind).eval()
    torch.save({"net": network.state_dict(), "best_Val_accV": 0.5, "best_Val_accA": 0.6, "best_Val_acc_epoch": 3}, file)
    checkpoint = load_checkpoint(file)
    assert checkpoint.title == kind
    assert checkpoint.scores["arousal"] == {"ccc": 0.6}
    assert checkpoint.describe()["fusion"] == "rjca"
    assert describe_file(file)["kind"] == kind
    frames = infer(make_features(130, 16, audio_dim=512, visual_dim=25088), checkpoint).frames
    assert frames[["valence", "valence_audio_contribution"]].notna().all().all()
    assert frames.valence_stage1_audio_self.notna().all() == (kind == "published DCA")
    assert frames.valence_stage2_joint.isna().all()


def test_a_reader_that_has_enough_ends_a_command_quietly(tmp_path):
    save_checkpoint(tmp_path / "model.safetensors", make_model(iaca=True), backbones=BACKBONES)
    command = [sys.executable, "-m", "iaca", "describe", str(tmp_path / "model.safetensors"), "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 141
