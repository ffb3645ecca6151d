"""The chain that the doctor runs: every step, and what a step says that fails."""

from __future__ import annotations

import pytest

from iaca.doctor import self_test
from iaca.doctor.self_test import run_chain
from iaca.doctor.verdicts import State


@pytest.mark.slow
def test_every_step_runs_and_is_timed():
    found = list(run_chain("cpu"))
    assert [verdict.state for verdict in found] == [State.OK] * len(self_test.STEPS), found
    assert all(verdict.seconds >= 0 for verdict in found)
    assert "for each of 50 frames" in found[-2].found


@pytest.mark.parametrize("error", [OSError("no space left"), RuntimeError("CUDA error")])
def test_the_first_step_that_fails_is_the_last_and_says_what_to_do(monkeypatch, error):
    def fails(made):
        raise error

    first, second, third = self_test.STEPS[:3]
    monkeypatch.setattr(self_test, "STEPS", (first, (second[0], fails, second[2]), third))
    found = list(run_chain(None))
    assert [verdict.state for verdict in found] == [State.OK, State.FAILED]
    assert str(error) in found[1].found
    assert found[1].remedy == second[2]


def test_a_page_that_cannot_be_imported_fails_with_its_reason(monkeypatch, tmp_path):
    monkeypatch.setattr(self_test, "PAGE_PARTS", "import streamlit_of_another_world")
    with pytest.raises(OSError, match="streamlit_of_another_world"):
        self_test._page({"folder": tmp_path})
