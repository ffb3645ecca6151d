"""episodes.csv: what is read, and what is refused."""

import pytest

from iaca.data.episodes import EpisodeError, read_episodes
from iaca.types import Episode

HEADER = "subject,start_s,end_s,modality,kind,truth_modality\n"


@pytest.fixture
def table(tmp_path):
    def write(text):
        path = tmp_path / "episodes.csv"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def test_episodes_come_in_the_order_of_the_file(table):
    path = table(HEADER + "b-02,1.00,4.20,visual,blur,\na-01,0.00,3.00,audio,conflict,visual\n")
    assert read_episodes(path) == [
        Episode("b-02", 1.0, 4.2, "visual", "blur", ""),
        Episode("a-01", 0.0, 3.0, "audio", "conflict", "visual"),
    ]


def test_a_corpus_without_episodes_has_a_header_alone(table):
    assert read_episodes(table(HEADER)) == []


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(EpisodeError, match=r"nowhere\.csv cannot be read"):
        read_episodes(tmp_path / "nowhere.csv")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("subject,start_s,end_s,modality\n", "has no column 'kind'"),
        ("", "has no column 'subject'"),
        (HEADER + "a-01,4.0,1.0,audio,noise,\n", "line 2 runs from '4.0' to '1.0'"),
        (HEADER + "a-01,soon,1.0,audio,noise,\n", "line 2 runs from 'soon'"),
        (HEADER + "a-01,0,1.0,audio,noise,\na-01,2,3,smell,noise,\n", "line 3 .* expected audio or visual"),
        (HEADER + "a-01,0,1.0,audio,conflict,both\n", "line 2 .* expected audio or visual"),
        (HEADER + "a-01,0,1.0,audio\n", "line 2 .* kind"),
    ],
)
def test_a_damaged_table_is_refused_with_the_line(table, text, sentence):
    with pytest.raises(EpisodeError, match=sentence):
        read_episodes(table(text))
