"""Files: written whole or not at all, and told from one another."""

from __future__ import annotations

import errno
import os
import re
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unittest.mock import Mock

import numpy as np
import pandas as pd
import pytest

from iaca.data.annotations import write_labels
from iaca.data.faces.places import Faces, write_faces_csv
from iaca.data.media.browser_copy import browser_copy
from iaca.errors import InputError
from iaca.features.feature_files import write_features
from iaca.files import file_state, is_plain_name, keep_newest, write_whole, written_beside
from iaca.study.tables import write_table
from tests.conftest import make_features
from tests.media_files import write_media

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("name", ["x" * 5000, "a\0b", "\ud800"])
def test_what_cannot_be_a_name_is_no_file(name):
    assert not file_state(name).is_there


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


FAULTS = [errno.ENOSPC, errno.EACCES, errno.EROFS, errno.EIO, errno.EDQUOT]
STEPS = {"open": (os, "open"), "sync": (os, "fsync"), "rename": (Path, "replace")}


@pytest.fixture
def break_at(monkeypatch):
    """A function that lets a step of every write fail with an error of the system."""

    def break_(step, code):
        def fail(*args, **options):
            raise OSError(code, os.strerror(code))

        monkeypatch.setattr(*STEPS[step], fail)
        if step == "open":
            monkeypatch.setattr(tempfile, "mkstemp", fail)

    return break_


@pytest.mark.parametrize("code", FAULTS, ids=errno.errorcode.get)
@pytest.mark.parametrize("step", STEPS)
def test_a_write_that_fails_names_the_file_keeps_the_old_one_and_works_once_there_is_room(
    tmp_path, break_at, monkeypatch, step, code
):
    file = tmp_path / "clip.npy"
    write_whole(file, b"before")
    break_at(step, code)
    with pytest.raises(OSError, match=re.escape(str(file))) as caught:
        write_whole(file, b"after")
    monkeypatch.undo()
    assert caught.value.errno == code
    assert caught.value.filename == str(file)
    assert file.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [file]
    write_whole(file, b"after")
    assert file.read_bytes() == b"after"


def subject(folder):
    write_features(folder / "a.safetensors", make_features(20, 8))


def labels(folder):
    write_labels(folder / "a.txt", np.zeros(3), np.zeros(3))


def faces(folder):
    write_faces_csv(folder / "a.csv", {"a": Faces(np.arange(2), *np.ones((4, 2)))})


def table(folder):
    write_table(folder / "a.parquet", pd.DataFrame({"a": [1]}))


def copy(folder):
    browser_copy(write_media(folder / "made" / "a.mkv", np.arange(5) / 25), folder)


WRITERS = (subject, labels, faces, table, copy)


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("write", WRITERS)
def test_whatever_is_written_to_a_full_disk_is_not_there_and_is_written_whole_later(
    tmp_path, break_at, monkeypatch, write, step
):
    (tmp_path / "made").mkdir()
    if write is copy:
        write_media(tmp_path / "made" / "a.mkv", np.arange(5) / 25)
        monkeypatch.setattr(sys.modules[__name__], "write_media", lambda path, *_: path)
    with monkeypatch.context() as broken:
        fail = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        target = {"open": "_open_beside", "sync": "os.fsync", "rename": "Path.replace"}[step]
        broken.setattr(f"iaca.files.{target}", Mock(side_effect=fail))
        with pytest.raises((OSError, InputError), match="No space left on device"):
            write(tmp_path)
    assert [file for file in tmp_path.iterdir() if file.name != "made"] == []
    write(tmp_path)
    assert len([file for file in tmp_path.iterdir() if file.name != "made"]) == 1


@pytest.mark.parametrize("name", ["video55", "a b'c.x", "-a", "é漢", ".hidden", "café\udce9", "..a", "a:b"])
def test_a_plain_name_names_a_file_in_a_folder(name, tmp_path):
    assert is_plain_name(name)
    assert (tmp_path / name).parent == tmp_path


@pytest.mark.parametrize(
    "name", ["", ".", "..", "../x", "/x", "a/b", "a/", "a\\b", "a\nb", "a\0b", "a\x85b", 5, None, ["a"]]
)
def test_parts_of_a_path_control_characters_and_other_things_are_no_plain_name(name):
    assert not is_plain_name(name)


def test_a_cache_keeps_its_newest_files_and_the_one_that_was_asked_for(tmp_path):
    for age, name in enumerate(("newest.wav", "newer.wav", "older.wav", "asked.wav", "other.npy")):
        (tmp_path / name).write_bytes(bytes(100))
        os.utime(tmp_path / name, (1000 - age, 1000 - age))
    keep_newest(tmp_path, "*.wav", 250, keep=tmp_path / "asked.wav")
    assert {file.name for file in tmp_path.iterdir()} == {"newest.wav", "asked.wav", "other.npy"}
    keep_newest(tmp_path, "*.wav", 250, keep=tmp_path / "asked.wav")
    assert len(list(tmp_path.iterdir())) == 3
    keep_newest(tmp_path / "nowhere", "*.wav", 0, keep=tmp_path / "asked.wav")
