"""What is known of files is known of those that are there: names that anybody may ask for are forgotten."""

from __future__ import annotations

from dashboard.state import known_files


def test_names_that_lead_nowhere_are_forgotten_once_nobody_asks(tmp_path, monkeypatch):
    for name in ("_known", "_looked_s", "_asked_s"):
        monkeypatch.setattr(known_files, name, {})
    (tmp_path / "there").touch()
    names = [tmp_path / "there", *(tmp_path / f"nobody {number}" for number in range(50))]
    assert [known_files.is_there(name) for name in names] == [True, *50 * [False]]
    monkeypatch.setattr(known_files, "WATCHED_S", -1.0)
    assert not known_files.look_again()
    assert list(known_files._known) == list(known_files._looked_s) == [str(tmp_path / "there")]
