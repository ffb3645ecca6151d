"""Backbones in several number formats, on a CPU, which knows all of them."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest
import torch
from torch.nn.modules.batchnorm import _BatchNorm

from iaca.__main__ import main
from iaca.features.clip_networks import ClipNetwork, computed_in, in_format, told_apart
from iaca.features.feature_files import write_features
from iaca.features.folder import read_folder
from iaca.features.remarks import warnings_about
from tests.conftest import make_features, write_small_backbones

TWO_FORMATS = torch.float16, torch.float32
GPU = {"audio": {"format": "float32", "device": "A"}, "visual": {"format": "float16", "device": "A"}}
CPU = {"audio": {"format": "float32", "device": "CPU"}, "visual": {"format": "float32", "device": "CPU"}}


@pytest.fixture(scope="module")
def ears(tmp_path_factory):
    return write_small_backbones(tmp_path_factory.mktemp("backbones"))[1]


@pytest.fixture
def sounds():
    return torch.randn(5, 1, 64, 104, generator=torch.Generator().manual_seed(3))


def test_a_cpu_computes_in_float32_what_the_network_computes(ears, sounds):
    network = ClipNetwork(ears)
    with torch.inference_mode():
        assert np.array_equal(network(sounds), ears.model.features(sounds).numpy())
    assert network.computed == {"format": "float32", "device": "CPU"}
    assert network.remarks == ()


def test_float16_is_close_to_float32_and_closer_than_bfloat16(ears, sounds):
    exact, half, brain = (ClipNetwork(ears, [one])(sounds) for one in (torch.float32, torch.float16, torch.bfloat16))
    scale = np.linalg.norm(exact)
    assert 0 < np.linalg.norm(half - exact) < np.linalg.norm(brain - exact) / 3
    assert np.linalg.norm(half - exact) < 5e-3 * scale


def test_a_clip_that_overflows_float16_is_computed_in_a_wider_format_and_its_neighbours_are_not(ears, sounds):
    sounds[2] *= 2e4
    alone = ClipNetwork(ears, [torch.float16])(sounds)
    assert np.isfinite(alone).all(axis=1).tolist() == [True, True, False, True, True]
    network = ClipNetwork(ears, TWO_FORMATS)
    values = network(sounds)
    assert np.isfinite(values).all()
    others = [0, 1, 3, 4]
    assert np.array_equal(values[others], alone[others])
    assert np.allclose(values[2], ClipNetwork(ears)(sounds)[2], rtol=1e-4)
    assert network.computed == {"format": "float16+float32", "device": "CPU"}
    assert network.remarks == (
        "the network for sound: clips that overflow float16 were computed again, 1 in float32",
    )  # fmt: skip


def test_each_wider_format_is_tried_once_and_what_no_format_holds_stays_visible(ears, sounds):
    sounds[0] = float("inf")
    network = ClipNetwork(ears, [torch.float16, torch.bfloat16, torch.float32])
    assert np.isfinite(network(sounds)).all(axis=1).tolist() == [False, True, True, True, True]
    assert network.computed["format"] == "float16+float32"


def test_weights_are_converted_once_and_forgotten_with_the_network(tmp_path):
    model = write_small_backbones(tmp_path)[1].model
    narrow = in_format(model, torch.float16)
    assert in_format(model, torch.float16) is narrow
    assert in_format(model, torch.float32) is model
    for module in narrow.modules():
        for weights in module.parameters(recurse=False):
            assert weights.dtype is (torch.float32 if isinstance(module, _BatchNorm) else torch.float16)
    assert all(weights.dtype is torch.float32 for weights in model.parameters())
    kept = weakref.ref(narrow)
    del model, narrow, module, weights
    gc.collect()
    assert kept() is None


def test_features_of_unlike_formats_are_told_by_modality_and_unrecorded_ones_are_left_out():
    gpu, cpu, unknown = (make_features(subject=name)._replace(computed=how) for name, how in
                         (("g", GPU), ("c", CPU), ("u", {})))  # fmt: skip
    assert told_apart([gpu, cpu, cpu, unknown]) == (
        "visual features have unlike number formats, 1 subject (such as g) in float16 and 2 subjects (such as c) in "
        "float32, and differ by rounding."
    )
    assert told_apart([gpu, gpu, unknown]) == ""
    assert computed_in(unknown) == ""
    assert computed_in(gpu) == "audio float32, visual float16 on A"


def test_a_folder_of_unlike_formats_is_read_and_the_log_tells(tmp_path, caplog):
    for subject, how in (("g", GPU), ("c", CPU)):
        write_features(tmp_path / f"{subject}.safetensors", make_features(subject=subject)._replace(computed=how))
    assert len(read_folder(tmp_path)) == 2
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert f"{tmp_path}: visual features have unlike number formats" in record.getMessage()


@pytest.mark.parametrize(
    ("how", "said"), [(GPU, "{'device': 'A', 'format': 'float16'}"), ({}, "computed: not recorded")]
)
def test_describe_says_how_features_were_computed(tmp_path, capsys, how, said):
    write_features(tmp_path / "a.safetensors", make_features()._replace(computed=how))
    assert main(["describe", str(tmp_path / "a.safetensors")]) == 0
    told = capsys.readouterr().out
    assert said in told
    assert "clip_stride: 8" in told


def test_clips_computed_in_another_format_are_told_after_the_extraction():
    remark = "the network for pictures: clips that overflow float16 were computed again, 3 in bfloat16"
    (told,) = warnings_about(make_features()._replace(problems=("another", remark)))
    assert told.line == f"someone: T{remark[1:]}. The features are whole."
