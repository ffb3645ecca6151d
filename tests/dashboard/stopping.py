"""Work in the background that is stopped on its way, at a place that the test knows."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from dashboard.services.jobs import Job


@contextmanager
def stopped_after_its_first_part() -> Iterator[None]:
    """Every job is asked to stop once it reports a part that is done."""
    report = Job._progress

    def stopping(job: Job, done: int, total: int, title: str = "") -> None:
        if done:
            job.stop()
        report(job, done, total, title)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Job, "_progress", stopping)
        yield
