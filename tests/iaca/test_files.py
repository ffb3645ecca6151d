"""Files: written whole or not at all, and told from one another."""

from __future__ import annotations

import os

import pytest

from iaca.files import file_state, is_plain_name, write_whole, written_beside


def test_a_file_that_changes_has_another_state_and_another_digest(tmp_path):
    file = tmp_path / "a.bin"
    missing = file_state(file)
    assert not missing.is_there
    assert missing.path == str(file)
    file.write_bytes(b"one")
    first = file_state(file)
    assert first.is_there
    assert first == file_state(file)
    assert first.digest == file_state(file).digest
    file.write_bytes(b"two and more")
    longer = file_state(file)
    os.utime(file, ns=(longer.mtime_ns, longer.mtime_ns + 1_000_000_000))
    assert len({missing, first, longer, file_state(file)}) == 4
    assert len({state.digest for state in (missing, first, longer, file_state(file))}) == 4


def test_a_name_that_is_no_text_has_a_digest(tmp_path):
    file = tmp_path / os.fsdecode(b"caf\xe9.mp4")
    file.write_bytes(b"x")
    assert len(file_state(file).digest) == 64


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_block_that_raises_leaves_the_old_file_and_nothing_beside_it(tmp_path, error):
    file = tmp_path / "clip.npy"
    write_whole(file, b"before")

    def write():
        with written_beside(file) as beside:
            assert beside.suffix == file.suffix
            beside.write_bytes(b"half of")
            raise error

    with pytest.raises(error):
        write()
    assert file.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("name", ["video55", "a b'c.x", "-a", "é漢", ".hidden", "café\udce9", "..a", "a:b"])
def test_a_plain_name_names_a_file_in_a_folder(name, tmp_path):
    assert is_plain_name(name)
    assert (tmp_path / name).parent == tmp_path


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "/x", "a/b", "a/", "a\\b", "a\nb", "a\0b", "a\x85b", 5, None, ["a"]]
)
def test_parts_of_a_path_control_characters_and_other_things_are_no_plain_name(name):
    assert not is_plain_name(name)
