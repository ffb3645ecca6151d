"""A handful of kills of the benchmark: whatever is killed, the end is that of an undisturbed run."""

from __future__ import annotations

import random
import sys

import pytest

from benchmarks.killed_runs import NOBODY, Inputs, commands, disturb, tree, undisturbed


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="reads the states of processes from /proc")
def test_a_corpus_whose_making_is_killed_at_any_moment_is_made_all_the_same(tmp_path):
    command = commands(Inputs(*[tmp_path] * 3))["build"]
    folder, draw = tmp_path / "build", random.Random(2)
    with (tmp_path / "log").open("ab") as log:
        whole_s = undisturbed(command, folder, log.fileno())
        # The machine may be less busy now: moments of the first half come before the end.
        trials = [disturb("build", command, folder, draw, whole_s / 2, log.fileno()) for _ in range(2)]
    assert all(trial.is_good for trial in trials), "; ".join(map(str, trials))
    assert any(trial.victim != NOBODY for trial in trials)


def test_trees_differ_where_a_byte_differs_and_times_are_left_out(tmp_path):
    def make(name, seconds, content):
        (tmp_path / name / "runs").mkdir(parents=True)
        (tmp_path / name / "time.json").write_text(str(seconds))
        (tmp_path / name / "runs" / "ca-0.json").write_text(f'{{"seconds": {seconds}, "a": 1}}')
        (tmp_path / name / "a.bin").write_bytes(content)
        return tree(tmp_path / name)

    first, other, third = make("1", 1, b"same"), make("2", 2, b"same"), make("3", 3, b"else")
    assert first == other
    assert {file for file in first if first[file] != third[file]} == {"a.bin"}
