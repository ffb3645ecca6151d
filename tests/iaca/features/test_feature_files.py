"""Feature files: a contract with other programs."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from iaca.features.feature_files import FeatureError, read_feature_header, read_features, write_features
from tests.conftest import make_features
from tests.damage import rewritten

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def features():
    return make_features(50, 4, 6, 5)._replace(problems=("one", "two"), split=None)


def test_what_is_written_is_read_back(tmp_path, features):
    path = tmp_path / "a b" / "someone's.safetensors"
    write_features(path, features)
    again = read_features(path)
    for name, value in features._asdict().items():
        if name in ("audio", "visual"):
            assert np.array_equal(getattr(again, name), value.astype(np.float16).astype(np.float32)), name
        elif isinstance(value, np.ndarray):
            assert np.array_equal(getattr(again, name), value, equal_nan=value.dtype.kind == "f"), name
        else:
            assert getattr(again, name) == value, name
    assert again.audio.dtype == again.audio_zero.dtype == np.float32


def test_the_file_has_the_names_types_and_json_metadata_of_the_contract(tmp_path, features):
    write_features(tmp_path / "a.safetensors", features)
    tensors = load_file(tmp_path / "a.safetensors")
    types = {name: str(tensor.dtype) for name, tensor in tensors.items()}
    assert types == {
        "audio": "float16", "visual": "float16", "frame": "int32", "pts_s": "float64", "valence": "float32",
        "arousal": "float32", "has_face": "bool", "has_audio": "bool", "audio_zero": "float16",
        "visual_zero": "float16",
    }  # fmt: skip
    with safe_open(tmp_path / "a.safetensors", framework="np") as file:
        (header,) = file.metadata().values()
    metadata = json.loads(header)
    assert list(metadata) == sorted(metadata)
    assert metadata["clip_stride"] == 4
    assert metadata["split"] is None
    assert metadata["problems"] == ["one", "two"]
    assert set(metadata["backbones"]["audio"]) == {"name", "sha256"}


def test_number_format_and_device_are_recorded_and_a_file_without_them_stays_as_it_is(tmp_path, features):
    how = {m: {"format": "float16", "device": "A GPU"} for m in ("audio", "visual")}
    write_features(tmp_path / "a.safetensors", features._replace(computed=how))
    assert read_features(tmp_path / "a.safetensors").computed == how
    assert read_feature_header(tmp_path / "a.safetensors")["computed"] == how
    write_features(tmp_path / "b.safetensors", features)
    with safe_open(tmp_path / "b.safetensors", framework="np") as file:
        assert "computed" not in json.loads(file.metadata()["iaca_features"])
    assert read_features(tmp_path / "b.safetensors").computed == {}


WRITE = """
import sys
from iaca.features.feature_files import read_features, write_features
write_features(sys.argv[2], read_features(sys.argv[1]))
"""


def test_features_that_are_written_twice_are_equal_byte_for_byte(tmp_path, features):
    first, *others = (tmp_path / f"{name}.safetensors" for name in "abc")
    write_features(first, features)
    for seed, other in enumerate(others):
        environment = os.environ | {"PYTHONHASHSEED": str(seed), "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, "-c", WRITE, first, other], env=environment, check=True)
        assert other.read_bytes() == first.read_bytes()


def test_a_file_with_a_key_for_each_name_is_read_as_well(tmp_path, features):
    write_features(tmp_path / "a.safetensors", features)
    tensors = load_file(tmp_path / "a.safetensors")
    with safe_open(tmp_path / "a.safetensors", framework="np") as file:
        (header,) = file.metadata().values()
    older = {name: json.dumps(value) for name, value in json.loads(header).items() if name != "media"}
    save_file(tensors, tmp_path / "older.safetensors", older)
    again, expected = (read_features(tmp_path / f"{name}.safetensors") for name in ("older", "a"))
    for ours, theirs in zip(again, expected._replace(media=""), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize(
    ("header", "message"),
    [('{"subject":', "is damaged"), ("[1, 2]", "has no 'subject'"), ('{"subject": "s"}', "has no 'video'")],
)
def test_a_header_that_is_damaged_or_lacks_a_name_is_refused(tmp_path, features, header, message):
    write_features(tmp_path / "a.safetensors", features)
    save_file(load_file(tmp_path / "a.safetensors"), tmp_path / "b.safetensors", {"iaca_features": header})
    with pytest.raises(FeatureError, match=message):
        read_features(tmp_path / "b.safetensors")


def test_a_missing_clip_is_still_exactly_the_zero_answer_after_rounding(tmp_path, features):
    zero = np.linspace(0.1234567, 3.3333333, 6, dtype=np.float32)  # not representable in float16
    features.audio[3] = zero
    write_features(tmp_path / "a.safetensors", features._replace(audio_zero=zero))
    again = read_features(tmp_path / "a.safetensors")
    assert np.array_equal(again.audio[3], again.audio_zero)


def test_the_header_is_read_without_the_tensors(tmp_path, features):
    write_features(tmp_path / "a.safetensors", features)
    header = read_feature_header(tmp_path / "a.safetensors")
    assert (header["frames"], header["clips"], header["clip_stride"]) == (50, 13, 4)


@pytest.mark.parametrize("keep", [0, 4, 100, 900, -1])
def test_a_truncated_file_is_one_clear_sentence(tmp_path, features, keep):
    path = tmp_path / "cut.safetensors"
    write_features(path, features)
    path.write_bytes(path.read_bytes()[:keep])
    with pytest.raises(FeatureError, match=r"cut\.safetensors") as error:
        read_features(path)
    assert "expected" in str(error.value)
    assert "\n" not in str(error.value)


def test_a_missing_file_and_a_folder_are_refused_by_name(tmp_path):
    for path in (tmp_path / "none.safetensors", tmp_path):
        with pytest.raises(FeatureError, match="does not exist"):
            read_features(path)


def test_another_safetensors_file_is_refused(tmp_path):
    save_file({"weight": np.zeros(3, np.float32)}, tmp_path / "model.safetensors")
    with pytest.raises(FeatureError, match="has no 'audio'"):
        read_features(tmp_path / "model.safetensors")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ({"subject": "../../escaped"}, "subject is '../../escaped'"),
        ({"subject": "two\nlines"}, "without parts of a path"),
        ({"subject": 5}, "subject is 5"),
        ({"video": "..\\film"}, "video is"),
        ({"split": "banana"}, "split is 'banana'"),
        ({"clip_stride": True}, "clip_stride is True"),
        ({"clip_stride": 4.0}, "clip_stride is 4.0"),
        ({"backbones": "x"}, "backbones is 'x'"),
        ({"backbones": {"audio": "x"}}, "expected name and sha256"),
        ({"problems": 5}, "problems is 5"),
        ({"computed": {"audio": "float16"}}, "expected format and device"),
        ({"problems": ["x" * 10**6, 5]}, "expected a list of sentences"),
        ({"created_by": []}, "created_by is"),
        ({"media": 5}, "media is 5"),
    ],
)
def test_a_value_of_the_header_that_cannot_be_is_named(tmp_path, features, header, message):
    write_features(tmp_path / "a.safetensors", features)
    with safe_open(tmp_path / "a.safetensors", framework="np") as file:
        whole = json.loads(file.metadata()["iaca_features"]) | header
    save_file(load_file(tmp_path / "a.safetensors"), tmp_path / "b.safetensors", {"iaca_features": json.dumps(whole)})
    for read in (read_features, read_feature_header):
        with pytest.raises(FeatureError) as error:
            read(tmp_path / "b.safetensors")
        assert message in str(error.value)
        assert len(str(error.value)) < 400


@pytest.mark.parametrize("problems", ["[" * 100_000, "[" * 40 + "]" * 40, "9" * 5000])
def test_a_header_without_end_is_a_sentence(tmp_path, features, problems):
    write_features(tmp_path / "a.safetensors", features)
    with safe_open(tmp_path / "a.safetensors", framework="np") as file:
        text = file.metadata()["iaca_features"].replace('["one", "two"]', problems)
    save_file(load_file(tmp_path / "a.safetensors"), tmp_path / "b.safetensors", {"iaca_features": text})
    with pytest.raises(FeatureError, match="expected a whole feature file"):
        read_features(tmp_path / "b.safetensors")


@pytest.mark.parametrize("place", [b'"someone"', b'"created_by"', None])
def test_a_bit_that_flips_anywhere_is_noticed(tmp_path, features, place):
    path = tmp_path / "a.safetensors"
    write_features(path, features)
    content = bytearray(path.read_bytes())
    # In the name of the subject, in what wrote the file, or in the last tensor.
    at = len(content) - 1 if place is None else content.find(place.replace(b'"', b'\\"')) + 3
    content[at] ^= 1
    path.write_bytes(content)
    with pytest.raises(FeatureError):
        read_features(path)


def test_another_program_need_not_write_a_checksum_and_this_one_must(tmp_path, features):
    for created_by in ("my program 3", "iaca 0.2.0"):
        write_features(tmp_path / "a.safetensors", features._replace(created_by=created_by))
        with safe_open(tmp_path / "a.safetensors", framework="np") as file:
            assert re.fullmatch("[0-9a-f]{8}", json.loads(file.metadata()["iaca_features"])["crc32"])
        rewritten(tmp_path / "a.safetensors", tmp_path / "b.safetensors", lambda header, tensors: 0, checked=False)
        if created_by.startswith("my"):
            assert read_features(tmp_path / "b.safetensors").subject == features.subject
            continue
        with pytest.raises(FeatureError, match=r"b\.safetensors is damaged: its header has no crc32"):
            read_features(tmp_path / "b.safetensors")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pts_s": np.arange(50)[::-1] / 25}, "pts_s falls"),
        ({"pts_s": np.zeros(50)}, "expected rising times"),
        ({"pts_s": np.arange(50) - 1e6}, "expected rising times"),
        ({"pts_s": np.arange(50) * 1e300}, "expected rising times"),
        ({"valence": np.full(50, 7, np.float32)}, "valence is 7"),
        ({"arousal": np.full(50, -np.inf, np.float32)}, "arousal is -inf"),
        ({"split": "banana"}, "split is 'banana'"),
        ({"subject": "../x"}, "without parts of a path"),
        ({"visual": np.zeros((7, 5), np.float32)}, "visual is (7, 5)"),
        ({"valence": np.zeros(49, np.float32)}, "valence is (49,)"),
        ({"audio_zero": np.zeros(7, np.float32)}, "audio_zero is (7,)"),
        ({"frame": np.arange(13, dtype=np.int32)}, "ends of clips 4 frames apart"),
        ({"clip_stride": 5}, "clip_stride is 5"),
        ({"audio": np.full((13, 6), 1e6, np.float32)}, "not finite"),
        ({"visual": np.full((13, 5), np.nan, np.float32)}, "not finite"),
    ],
)
def test_features_that_contradict_themselves_are_not_written(tmp_path, features, change, message):
    with pytest.raises(FeatureError) as error:
        write_features(tmp_path / "a.safetensors", features._replace(**change))
    assert message in str(error.value)
    assert list(tmp_path.iterdir()) == []
