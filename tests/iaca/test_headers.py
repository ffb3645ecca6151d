"""Headers of files: what cannot be is told, and damage to any byte is noticed."""

from __future__ import annotations

import json
import zlib

import numpy as np
import pytest

from iaca.headers import HeaderError, are_backbones, damage, parse_json, shortened, with_checksum

TENSORS = {"b": np.arange(6, dtype=np.float16).reshape(2, 3), "a": np.array([True, False])}
HEADER = {"name": "x", "rate": 0.1, "training": {"loss": float("nan")}}


@pytest.mark.parametrize(
    "text", ["", "{", "[" * 100_000, "[" * 33 + "]" * 33, "9" * 5000, r'{"a": ["\ud800"]}', r'{"\uDBFFa": 1}']
)
def test_what_is_no_json_or_too_deep_is_a_sentence(text):
    with pytest.raises(HeaderError) as error:
        parse_json(text)
    assert len(str(error.value)) < 200


def test_json_of_any_kind_and_of_some_depth_is_read():
    assert parse_json("[" * 31 + "]" * 31) is not None
    assert parse_json("5") == 5
    assert parse_json(r'["\ud83d\ude00", "\udce9", "\\ud800"]') == ["😀", "\udce9", r"\ud800"]


def test_the_checksum_is_that_of_the_tensors_by_name_and_of_the_other_fields():
    header = json.loads(with_checksum(HEADER, TENSORS))
    content = TENSORS["a"].tobytes() + TENSORS["b"].tobytes() + json.dumps(HEADER, sort_keys=True).encode()
    assert header["crc32"] == f"{zlib.crc32(content):08x}"
    assert damage(header, TENSORS, must_have=True) == ""


@pytest.mark.parametrize("change", [{"name": "y"}, {"rate": 0.2}, {"more": 1}, {"crc32": "00000000"}, {"crc32": 5}])
def test_another_field_is_noticed(change):
    changed = json.loads(with_checksum(HEADER, TENSORS)) | change
    assert "not the one in its header" in damage(changed, TENSORS, must_have=False)


@pytest.mark.parametrize("name", TENSORS)
def test_another_value_is_noticed(name):
    other = TENSORS | {name: TENSORS[name] * 0}
    assert "not the one in its header" in damage(json.loads(with_checksum(HEADER, TENSORS)), other, must_have=False)


def test_a_header_without_a_checksum_is_believed_where_its_writer_knew_none():
    assert damage(HEADER, TENSORS, must_have=False) == ""
    assert "has no crc32" in damage(HEADER, TENSORS, must_have=True)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({}, True),
        ({"audio": {"name": "a", "sha256": "0"}}, True),
        ({"audio": {"name": "a"}}, False),
        ({"audio": {"name": 1, "sha256": 2}}, False),
        ({"smell": {"name": "a", "sha256": "0"}}, False),
        ("x", False),
        ([], False),
    ],
)
def test_backbones_have_a_modality_a_name_and_a_hash(value, expected):
    assert are_backbones(value) is expected


def test_a_long_value_is_shown_in_part():
    assert shortened("x") == "'x'"
    assert len(shortened(["x"] * 10**5)) < 100
    assert "\n" not in shortened("a\nb")
