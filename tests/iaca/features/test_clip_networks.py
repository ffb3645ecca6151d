"""Backbones in several number formats, on a CPU, which knows all of them."""

from __future__ import annotations

import copy
import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.modules.batchnorm import _BatchNorm

from iaca.__main__ import main
from iaca.commands.many_subjects import feature_files
from iaca.compute.threads import CPU
from iaca.features.clip_networks import MOST_CLIPS, ClipNetwork, clips_that_fit, computed_in, converted, told_apart
from iaca.features.feature_files import write_features
from iaca.features.folder import read_folder
from iaca.features.remarks import warnings_about
from tests.conftest import make_features, write_small_backbones

TWO_FORMATS = torch.float16, torch.float32
ON_GPU = {"audio": {"format": "float32", "device": "A"}, "visual": {"format": "float16", "device": "A"}}
ON_CPU = {"audio": {"format": "float32", "device": "CPU"}, "visual": {"format": "float32", "device": "CPU"}}


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
    narrow = converted(model, torch.float16, CPU)
    assert converted(model, torch.float16, CPU) is narrow
    assert converted(model, torch.float32, CPU) is model
    for module in narrow.modules():
        for weights in module.parameters(recurse=False):
            assert weights.dtype is (torch.float32 if isinstance(module, _BatchNorm) else torch.float16)
    assert all(weights.dtype is torch.float32 for weights in model.parameters())
    kept = weakref.ref(narrow)
    del model, narrow, module, weights
    gc.collect()
    assert kept() is None


def with_memory_for(ears, clips, number_format):
    """The network as on a GPU whose memory ends at so many clips in a number format."""
    model = copy.deepcopy(ears.model)

    def take(module, inputs):
        if inputs[0].dtype is number_format and len(inputs[0]) > clips:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")

    model.body.register_forward_pre_hook(take)
    return replace(ears, model=model)


def test_where_memory_runs_out_batches_are_halved_and_stay_so(ears, sounds):
    network = ClipNetwork(with_memory_for(ears, 2, torch.float32), at_once=5)
    for _ in range(2):
        assert np.allclose(network(sounds), ClipNetwork(ears)(sounds), atol=1e-5)
    assert network.remarks == (
        "the network for sound: the memory of CPU ran out; batches were made smaller, from 5 to 2 clips",
    )  # fmt: skip
    assert network.computed == {"format": "float32", "device": "CPU"}


def test_where_not_one_clip_fits_all_are_computed_on_the_cpu_in_float32(ears, sounds):
    network = ClipNetwork(with_memory_for(ears, 0, torch.float16), [torch.float16], at_once=5)
    assert np.allclose(network(sounds), ClipNetwork(ears)(sounds), atol=1e-5)
    assert np.allclose(network(sounds[:2]), ClipNetwork(ears)(sounds[:2]), atol=1e-5)
    assert network.remarks == ("the network for sound: the memory of CPU ran out; 7 clips were computed on the CPU",)
    assert network.computed == {"format": "float32", "device": "CPU"}


def test_clips_that_overflow_are_computed_again_where_memory_runs_out_too(ears, sounds):
    sounds[3:] *= 2e4
    network = ClipNetwork(with_memory_for(ears, 1, torch.float32), TWO_FORMATS, at_once=5)
    assert np.allclose(network(sounds)[3:], ClipNetwork(ears)(sounds)[3:], rtol=1e-4)
    assert len(network.remarks) == 2
    assert network.computed["format"] == "float16+float32"


@pytest.mark.parametrize(
    ("free_bytes", "clips"), [(0, 1), (10 * 2**20, 5), (2**29, 256), (2**29 + 2**25, 256), (2**40, MOST_CLIPS)]
)
def test_batches_on_a_gpu_grow_with_its_free_memory(free_bytes, clips):
    assert clips_that_fit(free_bytes, 2**20) == clips


def test_features_of_unlike_formats_are_told_by_modality_and_unrecorded_ones_are_left_out():
    gpu, cpu, unknown = (make_features(subject=name)._replace(computed=how) for name, how in
                         (("g", ON_GPU), ("c", ON_CPU), ("u", {})))  # fmt: skip
    items = [(item.subject, item.computed) for item in (gpu, cpu, cpu, unknown)]
    assert told_apart(items) == (
        "visual features have unlike number formats, 1 subject (such as g) in float16 and 2 subjects (such as c) in "
        "float32, and differ by rounding."
    )
    assert told_apart([items[0], items[0], items[-1]]) == ""
    assert computed_in(unknown) == ""
    assert computed_in(gpu) == "audio float32, visual float16 on A"


def test_a_folder_of_unlike_formats_is_read_and_the_log_tells(tmp_path, caplog):
    for subject, how in (("g", ON_GPU), ("c", ON_CPU)):
        write_features(tmp_path / f"{subject}.safetensors", make_features(subject=subject)._replace(computed=how))
    assert len(read_folder(tmp_path)) == len(feature_files(tmp_path, None, ())) == 2
    assert len(feature_files(tmp_path, None, ["g"])) == 1  # alone it is like itself
    assert [record.levelname for record in caplog.records] == ["WARNING", "WARNING"]
    for record in caplog.records:
        assert f"{tmp_path}: visual features have unlike number formats" in record.getMessage()


@pytest.mark.parametrize(
    ("how", "said"), [(ON_GPU, "{'device': 'A', 'format': 'float16'}"), ({}, "computed: not recorded")]
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
