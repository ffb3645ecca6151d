"""The release command sets one version everywhere, dates the changelog and tags; the version stands in one place."""

from __future__ import annotations

import datetime
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import iaca

ROOT = Path(__file__).resolve().parent.parent
CHANGED = ("iaca/__init__.py", "CITATION.cff", "README.md", "CHANGELOG.md")

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="no git on this machine: install git")


def git(folder, *arguments):
    identity = ("-c", "user.name=Someone", "-c", "user.email=someone@example.org")
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def project(tmp_path):
    """A repository with the files that a release changes."""
    for name in (*CHANGED, ".ci/release"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    changelog = tmp_path / "CHANGELOG.md"
    text = changelog.read_text(encoding="utf-8")
    changelog.write_text(
        re.sub(r"(## \[Unreleased\]\n)", r"\1\n### Added\n\n- Something new.\n", text), encoding="utf-8"
    )
    git(tmp_path, "init", "-q")
    git(tmp_path, "config", "user.name", "Someone")
    git(tmp_path, "config", "user.email", "someone@example.org")
    git(tmp_path, "add", "-A")
    git(tmp_path, "commit", "-qm", "Start")
    return tmp_path


def release(project, *arguments):
    command = [str(project / ".ci" / "release"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_the_citation_and_the_readme_have_the_version_of_the_package():
    assert f"version: {iaca.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    assert f"version = {{{iaca.__version__}}}" in (ROOT / "README.md").read_text(encoding="utf-8")
    assert f"## [{iaca.__version__}] - " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_a_release_sets_the_version_everywhere_dates_the_changelog_and_tags(project):
    done = release(project, "--no-wheel", "9.8.7")
    assert done.returncode == 0, done.stderr
    assert git(project, "tag").split() == ["v9.8.7"]
    assert git(project, "status", "--porcelain") == ""
    assert set(git(project, "diff", "--name-only", "HEAD~1").split()) == set(CHANGED)
    for name in CHANGED:
        assert "9.8.7" in (project / name).read_text(encoding="utf-8"), name
    today = datetime.date.today().isoformat()
    changelog = (project / "CHANGELOG.md").read_text(encoding="utf-8")
    assert f"## [Unreleased]\n\n## [9.8.7] - {today}\n\n### Added\n\n- Something new." in changelog


def test_a_dry_run_shows_the_change_and_leaves_everything_as_it_was(project):
    before = git(project, "rev-parse", "HEAD")
    done = release(project, "--dry-run", "9.8.7")
    assert done.returncode == 0, done.stderr
    assert '+__version__ = "9.8.7"' in done.stdout
    assert (git(project, "rev-parse", "HEAD"), git(project, "tag")) == (before, "")


def test_a_release_that_cannot_be_is_refused_and_changes_nothing(project):
    assert "expected X.Y.Z" in release(project, "--no-wheel", "next").stderr
    assert release(project, "--no-wheel", "9.8.7").returncode == 0
    assert "no entry under Unreleased" in release(project, "--no-wheel", "9.9.0").stderr
    assert "the tag v9.8.7 exists" in release(project, "--no-wheel", "9.8.7").stderr
    (project / "CHANGELOG.md").write_text("changed", encoding="utf-8")
    assert "uncommitted changes" in release(project, "--no-wheel", "9.9.0").stderr
