"""A step of a slider takes files as they were last looked at, and what has changed on disk is still told."""

from __future__ import annotations

import os
import shutil
import sys

import pytest

from dashboard.state import known_files
from iaca.features.feature_files import write_features
from tests.dashboard.projects import Spec, make_features, write_model, write_project
from tests.dashboard.test_page import SPECS, notices, open_page, players, score_lines, widget  # noqa: F401

LOOKED_AT: list[str] | None = None
"""Names of the files that were looked at or opened, while it is a list."""


def note(event, arguments):
    if LOOKED_AT is not None and event in ("open", "os.scandir", "os.listdir") and arguments:
        LOOKED_AT.append(os.fsdecode(arguments[0]) if isinstance(arguments[0], str | bytes | os.PathLike) else "")


sys.addaudithook(note)


@pytest.fixture
def looked_at(monkeypatch):
    """Collects the names of the files that are looked at, opened or listed."""
    for name in ("stat", "lstat"):
        original = getattr(os, name)

        def noted(path, *arguments, _original=original, **named):
            if LOOKED_AT is not None and isinstance(path, str | bytes | os.PathLike):
                LOOKED_AT.append(os.fsdecode(path))
            return _original(path, *arguments, **named)

        monkeypatch.setattr(os, name, noted)
    monkeypatch.setattr(sys.modules[__name__], "LOOKED_AT", [])
    return LOOKED_AT


@pytest.fixture
def project(tmp_path):
    return write_project(tmp_path / "data", [*SPECS, Spec("strong-03", 90)])


@pytest.fixture
def far_apart(monkeypatch):
    """Files that are shown are not looked at again while the test runs."""
    monkeypatch.setattr(known_files, "LOOK_S", 600.0)


@pytest.fixture
def at_once(monkeypatch):
    """Files that are shown are looked at after every run."""
    monkeypatch.setattr(known_files, "LOOK_S", 0.0)


def step(page, share):
    return widget(page.slider, "Audio dropout (%)").set_value(share).run()


@pytest.mark.usefixtures("far_apart")
@pytest.mark.parametrize("subject", ["strong-01", "weak-voice-02"])
def test_a_step_touches_no_file_of_the_data(open_page, project, looked_at, subject):  # noqa: F811
    page = open_page(project, subject=subject, drop_audio="true", dropout="20")
    assert [name for name in looked_at if name.startswith(str(project))]
    before = score_lines(page)
    looked_at.clear()
    for share in (40, 60, 40):
        step(page, share)
    assert [name for name in looked_at if name.startswith(str(project))] == []
    assert score_lines(page) != before
    # What Python cannot see is opened no more either: the folder is gone, and a step of before is as it was.
    shown = score_lines(page)
    shutil.move(project / "features", project / "elsewhere")
    step(page, 80)
    step(page, 40)
    assert score_lines(page) == shown
    assert not page.warning


@pytest.mark.usefixtures("at_once")
def test_features_that_vanish_or_change_are_told_with_the_next_step(open_page, project):  # noqa: F811
    file = project / "features" / "strong-01.safetensors"
    page = open_page(project, subject="strong-01", drop_audio="true")
    content = file.read_bytes()
    file.unlink()
    step(page, 60)
    assert f"{file} does not exist" in notices(page)
    file.write_bytes(content[:-100])
    step(page, 65)
    assert f"{file} is damaged" in notices(page)
    write_features(file, make_features(SPECS[0]._replace(frames=60), 3))
    step(page, 70)
    assert not page.warning
    (sent,) = players(page)
    assert sent["spec"]["annotated"] <= 60
    assert "strong-01 · weak voice · 0:02" in widget(page.selectbox, "Subject").options[0]


@pytest.mark.usefixtures("at_once")
def test_a_checkpoint_that_is_replaced_or_vanishes_is_seen_with_the_next_step(open_page, project):  # noqa: F811
    file = project / "checkpoints" / "ca.safetensors"
    page = open_page(project, subject="strong-01", drop_audio="true")
    before = score_lines(page)
    write_model(file, iaca=False, seed=77)
    step(page, 45)
    step(page, 40)
    now = score_lines(page)
    assert now["CA"] != before["CA"]
    assert now["CA+IACA"] == before["CA+IACA"]
    file.unlink()
    step(page, 60)
    assert f"{file} does not exist" in notices(page)


def listed(page, name):
    """The line of a subject in the list."""
    return next(option for option in widget(page.selectbox, "Subject").options if option.startswith(f"{name} "))


@pytest.mark.usefixtures("far_apart")
def test_a_new_visit_and_rescan_look_at_everything_again(open_page, project):  # noqa: F811
    page = open_page(project, subject="strong-01", drop_audio="true")
    features = project / "features"
    write_features(features / "weak-voice-02.safetensors", make_features(SPECS[1]._replace(frames=50), 3))
    assert " 0:04 " in listed(step(page, 60), "weak-voice-02")
    assert " 0:02 " in listed(open_page(project), "weak-voice-02")
    (features / "strong-03.safetensors").unlink()
    assert listed(open_page(project), "strong-03").endswith("no features")
    write_features(features / "strong-01.safetensors", make_features(SPECS[0]._replace(frames=50), 3))
    widget(page.button, "Rescan folders").click().run()
    assert " 0:02 " in listed(page, "strong-01")


@pytest.mark.usefixtures("far_apart")
def test_whoever_comes_from_another_page_finds_files_as_they_are(open_page, project):  # noqa: F811
    page = open_page(project, subject="strong-01")
    write_features(project / "features" / "strong-01.safetensors", make_features(SPECS[0]._replace(frames=50), 3))
    page.switch_page("app_pages/robustness.py").run()
    page.switch_page("app_pages/compare.py").run()
    assert " 0:02 " in listed(page, "strong-01")
