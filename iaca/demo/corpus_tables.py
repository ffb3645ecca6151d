"""What lies beside the recordings of a synthetic corpus: corpus.json, faces.csv.gz and episodes.csv."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from iaca.data.corpus_description import FILE
from iaca.demo.corpus_plan import CorpusError, Role
from iaca.demo.episode_plan import PlannedEpisode
from iaca.demo.performance import FPS, Plan, perform
from iaca.demo.scene import Scene
from iaca.files import write_whole

EPISODE_COLUMNS = ("subject", "start_s", "end_s", "modality", "kind", "truth_modality")
FACE_COLUMNS = ("subject", "frame", "x", "y", "size", "roll")


def claim(out: Path, role: Role | str, plans: Sequence[Plan], **settings: Any) -> None:
    """Write corpus.json, or make sure that it is there and describes the same corpus.

    Args:
        out: Folder of the corpus.
        role: What the corpus is for.
        plans: Its recordings.
        settings: What else it was built with, in the order of the file.

    Raises:
        CorpusError: The folder holds a corpus that was built with other values.
    """
    description = {
        "name": f"Synthetic corpus ({Role(role).value})",
        "synthetic": True,
        "role": Role(role).value,
        **settings,
        "subjects": {plan.subject: {"identity": plan.identity, "condition": plan.condition.value} for plan in plans},
    }
    path = out / FILE
    content = json.dumps(description, indent=1) + "\n"
    if path.exists():
        if path.read_text(encoding="utf-8") != content:
            raise CorpusError(
                f"{path} describes a corpus built with other values; expected a new folder, or the same values to "
                "resume it"
            )
        return
    write_whole(path, content.encode())


def write_faces(out: Path, plans: Sequence[Plan], video_size: int) -> None:
    """Write faces.csv.gz: where the face is in each frame of videos of so many pixels."""
    rows = (
        (plan.subject, frame, *(f"{value:g}" for value in place))
        for plan in plans
        for frame, place in enumerate(zip(*(c.tolist() for c in Scene(plan, video_size).face), strict=True))
    )
    # Without the time of writing, so that the same corpus has the same bytes.
    write_whole(out / "faces.csv.gz", gzip.compress(_table(FACE_COLUMNS, rows), mtime=0))


def write_episodes(out: Path, plans: Sequence[Plan]) -> None:
    """Write episodes.csv: what goes wrong, and when."""
    write_known_episodes(out, [(plan.subject, perform(plan).episodes) for plan in plans])


def write_known_episodes(out: Path, recordings: Iterable[tuple[str, Sequence[PlannedEpisode]]]) -> None:
    """Write episodes.csv of subjects with their episodes."""
    rows = (
        (
            subject, f"{episode.start / FPS:.2f}", f"{episode.stop / FPS:.2f}",
            episode.modality, episode.kind, episode.truth_modality,
        )
        for subject, episodes in recordings
        for episode in episodes
    )  # fmt: skip
    write_whole(out / "episodes.csv", _table(EPISODE_COLUMNS, rows))


def _table(columns: Sequence[str], rows: Any) -> bytes:
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows(rows)
    return table.getvalue().encode()
