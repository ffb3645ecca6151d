"""Models in panels: what a model's title says of its place, and how it is drawn there.

A title is that of the fusion, what was added to it behind a plus, and the file in brackets where two models would have
one title: "CA", "CA+IACA", "CA+IACA (other.safetensors)".
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from iaca.figures import palette
from iaca.figures.palette import Style

NO_ATTENTION = "Concat"
ALONE = " alone"
"""Models that stand in every panel: the fusion without attention, or nobody can tell what attention is worth, and those
of one modality ("Visual alone"), or a model that ignores the other one passes for robust."""

CONTROL = Style(palette.TEXT, "dot", "diamond")
"""How it is drawn."""

BASE, IACA, OTHER = palette.MODELS


def fusion_of(title: str) -> str:
    """The fusion that a model belongs to: "CA" for "CA+IACA (other.safetensors)"."""
    return _parts(title)[0]


def role_of(title: str) -> str:
    """What a model is to its fusion: "base fusion", or "with" what was added; a file in brackets stays."""
    fusion, added, file = _parts(title)
    if _is_control(fusion):
        return f"{fusion}{file}"
    return f"with {added}{file}" if added else f"base fusion{file}"


def short_titles(titles: Iterable[str]) -> dict[str, str]:
    """Title -> the title without its file, or as it is where that would make two of these titles one."""
    titles = list(dict.fromkeys(titles))
    plain = {title: title.removesuffix(_parts(title)[2]) for title in titles}
    names = list(plain.values())
    return {title: name if names.count(name) == 1 else title for title, name in plain.items()}


def panels(titles: Iterable[str]) -> dict[str, list[str]]:
    """Fusion -> models of its panel; a model without attention stands in every panel."""
    titles = list(dict.fromkeys(titles))
    found = list(dict.fromkeys(map(fusion_of, titles)))
    fusions = [name for name in found if not _is_control(name)] or found
    return {
        name: [title for title in titles if fusion_of(title) == name or _is_control(fusion_of(title))]
        for name in fusions
    }


def styles(titles: Iterable[str]) -> dict[str, Style]:
    """Model -> how it is drawn: a base in the page's first style, IACA in its second, what else there is in its third.

    Models of one role are drawn alike; where that would make two of one panel equal, the second takes what is left.
    """
    titles = list(dict.fromkeys(titles))
    chosen: dict[str, Style] = {}
    of_role: dict[str, Style] = {}
    for members in panels(titles).values():
        taken = [chosen[title] for title in members if title in chosen]
        for title in sorted(members, key=lambda title: _usual(title) is OTHER):
            if title in chosen:
                continue
            wanted = of_role.get(role_of(title), _usual(title))
            left = [style for style in (wanted, *reversed(palette.MODELS), CONTROL) if style not in taken]
            chosen[title] = left[0] if left else wanted
            of_role.setdefault(role_of(title), chosen[title])
            taken.append(chosen[title])
    return {title: chosen[title] for title in titles}


def _usual(title: str) -> Style:
    fusion, added, _ = _parts(title)
    if _is_control(fusion):
        return CONTROL
    return {"": BASE, "IACA": IACA}.get(added, OTHER)


def _is_control(fusion: str) -> bool:
    return fusion == NO_ATTENTION or fusion.endswith(ALONE)


def _parts(title: str) -> tuple[str, str, str]:
    """Fusion, what was added to it, and the file with its brackets; the last two may be empty."""
    bracket = re.search(r" \([^()]*\)$", title)
    file = bracket[0] if bracket else ""
    fusion, _, added = title.removesuffix(file).partition("+")
    return fusion, added, file
