"""What a corpus says about itself, and files that say it in another shape."""

from __future__ import annotations

import json

import pytest

from iaca.data.corpus_description import CorpusDescription, DescriptionError, read_description


def test_subjects_and_their_conditions_are_read(tmp_path):
    content = {"synthetic": True, "subjects": {"a": {"identity": 1, "condition": "strong"}, "b": {}}}
    (tmp_path / "corpus.json").write_text(json.dumps(content))
    assert read_description(tmp_path) == CorpusDescription(True, {"a": "strong", "b": ""})


def test_a_folder_without_a_description_says_nothing(tmp_path):
    assert read_description(tmp_path) == CorpusDescription()


@pytest.mark.parametrize(
    "content",
    ["", "[]", "null", "{", "[" * 100_000, '{"subjects": []}', '{"subjects": {"a": 5}}',
     '{"subjects": {"a": {"condition": 5}}}', b"\xff"],
)  # fmt: skip
def test_another_shape_is_a_sentence(tmp_path, content):
    (tmp_path / "corpus.json").write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DescriptionError, match=r"corpus\.json") as error:
        read_description(tmp_path)
    assert "expected" in str(error.value)
    assert "\n" not in str(error.value)
