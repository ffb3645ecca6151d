"""Files: written whole or not at all, and told from one another."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from iaca.files import file_state, is_plain_name, write_whole, written_beside

ROOT = Path(__file__).resolve().parents[2]


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


KILLED = """
import os, signal, sys
from iaca.files import written_beside
with written_beside(sys.argv[1]) as beside:
    beside.write_bytes(b"half of something longer")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="the system locks no files")
def test_what_a_killed_process_left_beside_a_file_is_gone_after_the_next_write(tmp_path):
    file = tmp_path / "clip.npy"
    for _ in range(2):
        subprocess.run([sys.executable, "-c", KILLED, str(file)], cwd=ROOT, check=False)
        assert len(list(tmp_path.iterdir())) == 1
    write_whole(file, b"whole")
    assert file.read_bytes() == b"whole"
    assert list(tmp_path.iterdir()) == [file]


def test_two_that_write_one_file_at_the_same_time_do_not_mix(tmp_path):
    file = tmp_path / "clip.npy"
    with written_beside(file) as first, written_beside(file) as other:
        assert first != other
        first.write_bytes(b"first")
        other.write_bytes(b"other")
    assert file.read_bytes() == b"first"
    assert list(tmp_path.iterdir()) == [file]


def test_many_writers_and_readers_of_one_file_see_it_whole(tmp_path):
    file = tmp_path / "clip.npy"
    contents = [bytes([number]) * 10_000 for number in range(8)]

    def write(content):
        for _ in range(20):
            write_whole(file, content)
            assert file.read_bytes() in contents

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, contents))
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("name", ["é" * 124 + ".x", "a" * 255, "漢" * 85])
def test_a_name_may_be_as_long_as_a_disk_allows(tmp_path, name):
    write_whole(tmp_path / name, b"x")
    assert (tmp_path / name).read_bytes() == b"x"


@pytest.mark.parametrize("name", ["video55", "a b'c.x", "-a", "é漢", ".hidden", "café\udce9", "..a", "a:b"])
def test_a_plain_name_names_a_file_in_a_folder(name, tmp_path):
    assert is_plain_name(name)
    assert (tmp_path / name).parent == tmp_path


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "/x", "a/b", "a/", "a\\b", "a\nb", "a\0b", "a\x85b", 5, None, ["a"]]
)
def test_parts_of_a_path_control_characters_and_other_things_are_no_plain_name(name):
    assert not is_plain_name(name)
