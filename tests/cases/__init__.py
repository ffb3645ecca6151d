"""Cases that the tests of Python and of JavaScript share: what is computed on both sides must agree."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any


def cases(name: str) -> list[dict[str, Any]]:
    """The cases of one file; each has its name under "case"."""
    return json.loads((Path(__file__).parent / f"{name}.json").read_text(encoding="utf-8"))
