"""Reading corpus.json: what a synthetic corpus says about itself and its subjects."""

from __future__ import annotations

import os
from pathlib import Path
from typing import NamedTuple

from iaca.config import is_number
from iaca.errors import InputError
from iaca.headers import HeaderError, parse_json

FILE = "corpus.json"


class DescriptionError(InputError):
    """A corpus.json that cannot be used: the message names the file, what was found and what was expected."""


class CorpusDescription(NamedTuple):
    """What a corpus says about itself.

    Attributes:
        synthetic: Whether its people are rendered.
        conditions: Subject -> its condition, such as weak_face.
        emotion_memory_s: Time after which the labels of a rendered corpus have forgotten 63 % of where they were; None
            where it is not said.
    """

    synthetic: bool = False
    conditions: dict[str, str] = {}  # noqa: RUF012  a NamedTuple's default, never changed
    emotion_memory_s: float | None = None


def read_description(folder: str | os.PathLike[str]) -> CorpusDescription:
    """Read the description of a corpus; one without a file says nothing.

    Args:
        folder: Root of the corpus.

    Raises:
        DescriptionError: The file cannot be read, or has another shape.
    """
    path = Path(folder) / FILE
    if not path.is_file():
        return CorpusDescription()
    try:
        content = parse_json(path.read_text(encoding="utf-8"))
    except (HeaderError, OSError, UnicodeDecodeError) as error:
        raise DescriptionError(f"{path} cannot be read ({error}); expected what `demo build` writes") from error
    subjects = content.get("subjects", {}) if isinstance(content, dict) else None
    if not isinstance(subjects, dict) or not all(isinstance(facts, dict) for facts in subjects.values()):
        raise DescriptionError(f"{path} has another shape; expected an object with `subjects`, each an object")
    conditions = {name: facts.get("condition", "") for name, facts in subjects.items()}
    if not all(isinstance(condition, str) for condition in conditions.values()):
        raise DescriptionError(f"{path} has a condition that is no text; expected what `demo build` writes")
    memory_s = content.get("emotion_memory_s")
    if memory_s is not None and not (is_number(memory_s) and memory_s > 0):
        raise DescriptionError(f"{path} has emotion_memory_s {memory_s!r}; expected seconds above 0")
    return CorpusDescription(content.get("synthetic") is True, conditions, memory_s)
