"""Folders come from the sidebar, the options, the environment, or what ships, in this order."""

from __future__ import annotations

from pathlib import Path

import pytest
import streamlit as st

from dashboard.state import session
from dashboard.state.folders import find_folders, read_options, results_folder
from iaca.resources import shipped

VARIABLES = ("IACA_DATA", "IACA_FEATURES", "IACA_CHECKPOINTS", "IACA_RESULTS", "IACA_DEMO", "IACA_CACHE")


@pytest.fixture
def start(monkeypatch):
    """Sets the command line and the environment, and nothing else."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(st, "session_state", {})
    monkeypatch.setattr(st, "query_params", {})

    def run(*arguments, **environment):
        monkeypatch.setattr("sys.argv", ["app.py", *arguments])
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        return read_options()

    return run


def test_without_anything_said_the_page_shows_what_ships(start):
    folders = find_folders(start())
    assert [source.features for source in folders.sources] == [shipped("demo") / "features"]
    assert folders.checkpoints == shipped("checkpoints")
    assert results_folder() == shipped("demo") / "results"


def test_options_win_over_the_environment_and_the_sidebar_over_both(start):
    environment = {"IACA_DATA": "of env", "IACA_CHECKPOINTS": "of env", "IACA_RESULTS": "of env"}
    start(**environment)
    assert results_folder() == Path("of env")
    options = start("--data", "a", "b", "--features", "f", "--checkpoints", "c", "--results", "r", "--device", "cpu")
    folders = find_folders(options)
    assert folders.sources[0].roots == (Path("a"), Path("b"))
    assert folders.sources[0].features == Path("f")
    assert folders.sources[1].roots == (shipped("demo"),)
    assert folders.checkpoints == Path("c")
    assert results_folder() == Path("r")
    assert options.device == "cpu"
    st.session_state[session.RESULTS_FOLDER.key] = " typed "
    assert results_folder() == Path("typed")


def test_an_option_that_does_not_exist_is_told_with_those_that_do(start):
    assert "no option --result " in start("--result", "r").problem
    assert "--results" in start("--result", "r").problem


def test_on_a_locked_page_nothing_that_was_typed_counts(start):
    for key in (session.DATA_ROOTS, session.FEATURES_FOLDER, session.CHECKPOINTS_FOLDER, session.RESULTS_FOLDER):
        st.session_state[key.key] = "/"
    given = start("--data", "a", "--locked")
    assert given.locked
    folders = find_folders(given)
    assert folders.locked
    assert folders.sources[0].roots == (Path("a"),)
    assert folders.checkpoints == shipped("checkpoints")
    assert results_folder() == shipped("demo") / "results"


def test_a_mistake_among_the_options_does_not_unlock_the_page(start):
    assert start("--locked", "--features").locked


@pytest.mark.parametrize("name", ["x" * 5000, "\0", "a\0b"])
def test_any_subject_can_be_asked_for_and_any_folder_typed(start, name):
    st.query_params["subject"] = name
    for field in (session.DATA_ROOTS, session.FEATURES_FOLDER, session.CHECKPOINTS_FOLDER):
        st.session_state[field.key] = f"/{name}"
    assert find_folders(start()).sources[0].roots == (Path(f"/{name}"),)


@pytest.mark.parametrize(
    "wrong", [("--jobs", "0"), ("--visit-quota", "nan"), ("--upload-quota", "-1"), ("--memory", "nan")]
)
def test_a_bound_that_cannot_be_is_told_and_its_default_holds(start, wrong):
    options = start("--locked", *wrong)
    assert options.problem.startswith(f"{wrong[0]} is ")
    assert options._replace(problem="") == start("--locked")
