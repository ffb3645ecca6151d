"""What a visitor of a locked page reads of the server's files."""

from __future__ import annotations

import logging
import sys

import pytest

from dashboard.state import shown_paths
from dashboard.state.shown_paths import for_visitors, shortened

FOLDERS = ("/srv/lab/data", "/srv/lab/data/features", "../private/models", "/home/someone/my data", ".")


@pytest.mark.parametrize(
    ("sentence", "shown"),
    [
        ("/srv/lab/data/batch1/a b.mp4 cannot be read", "batch1/a b.mp4 cannot be read"),
        ("/srv/lab/data/features/x.safetensors is damaged", "x.safetensors is damaged"),
        ("/srv/lab/data does not exist; expected a folder of data.", "data does not exist; expected a folder of data."),
        ("no video under /srv/lab/data, /home/someone/my data.", "no video under data, my data."),
        ("../private/models/ca.pt has no header", "ca.pt has no header"),
        ("[Errno 13] Permission denied: '/home/someone/my data/x/y.txt'", "[Errno 13] Permission denied: 'x/y.txt'"),
        ("[Errno 2] No such file: '/etc/ssl/private/key.pem'", "[Errno 2] No such file: 'key.pem'"),
        ("/srv/lab/data2/x.mp4 is another folder", "x.mp4 is another folder"),
        (r"C:\Users\someone\x.mp4 cannot be read", "x.mp4 cannot be read"),
        ("valence / arousal of 3/4 clips; expected 1.5", "valence / arousal of 3/4 clips; expected 1.5"),
        ("run `python -m iaca extract` to create them.", "run `python -m iaca extract` to create them."),
    ],
)
def test_paths_begin_below_the_folders_of_the_page(sentence, shown):
    assert shortened(sentence, FOLDERS) == shown


@pytest.fixture
def page_of(monkeypatch, tmp_path):
    def start(*options):
        monkeypatch.setattr(sys, "argv", ["app.py", "--data", str(tmp_path / "lab"), *options])
        shown_paths._note.cache_clear()

    return start


def test_on_a_locked_page_the_log_keeps_what_a_visitor_is_not_shown(page_of, tmp_path, caplog):
    page_of("--locked")
    sentence = f"{tmp_path}/lab/batch1/x.mp4 cannot be read"
    with caplog.at_level(logging.WARNING, shown_paths.__name__):
        assert for_visitors(sentence) == for_visitors(sentence) == "batch1/x.mp4 cannot be read"
        assert for_visitors("Choose at least one model.") == "Choose at least one model."
    assert [record.getMessage().endswith(sentence) for record in caplog.records] == [True]


def test_a_page_that_is_not_locked_names_files_whole(page_of, tmp_path):
    page_of()
    sentence = f"{tmp_path}/lab/batch1/x.mp4 cannot be read"
    assert for_visitors(sentence) == sentence
