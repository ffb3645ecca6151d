"""A report on how one or two models do on a corpus: one HTML file that needs neither a server nor other files.

The report of a study, which trains its models, is made in `study_report`.
"""

from __future__ import annotations

import base64
import itertools
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from html import escape

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from iaca.config import SYNTHETIC, TARGETS
from iaca.data.notes import Written, WrittenNote
from iaca.errors import BAD_INPUT
from iaca.figures.corpus_scores import scores_figure
from iaca.figures.gate_distributions import gate_figure
from iaca.figures.print_style import render
from iaca.inference.influence import THRESHOLD
from iaca.study.contrasts import FEWEST_SUBJECTS
from iaca.study.noted_moments import MOST_FIGURES, note_title, notes_html
from iaca.study.overview_table import (
    GROUPINGS,
    MEANS,
    SHARES,
    Pair,
    follow_table,
    gain_over,
    gate_table,
    pooled_ccc,
    still_gates,
    subject_table,
)
from iaca.study.provenance import versions
from iaca.types import Progress, no_progress

NOTHING = Written()
"""No notes and no views."""

STYLE = """
:root { color-scheme: light dark; }
body { font: 15px/1.5 system-ui, sans-serif; max-width: 1080px; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; font-size: 13px; font-variant-numeric: tabular-nums; }
td { white-space: nowrap; }
th, td { padding: 3px 9px; text-align: right; border-bottom: 1px solid light-dark(#d6d6d9, #3d3e42); }
th:first-child, td:first-child, td.text, th.text { text-align: left; }
.wide { overflow-x: auto; }
img { background: #fff; max-width: 100%; }
dt { font-weight: 600; } dd { margin: 0 0 .5rem; overflow-wrap: anywhere; }
"""

WORDS = ("subject", "condition", "split")
TITLES = {
    "ccc_base": "CCC {base}", "ccc_gated": "CCC {gated}", "gain": "gain", "interval": "95 %", "length_s": "length (s)",
    "annotated_frames": "annotated frames", "stage1_range": "range, stage 1", "stage2_range": "range, stage 2",
}  # fmt: skip


def corpus_report(
    pairs: Sequence[Pair],
    titles: Sequence[str],
    facts: Mapping[str, str],
    *,
    synthetic: bool = False,
    threshold: float = THRESHOLD,
    written: Written = NOTHING,
    draw: Callable[[WrittenNote], Figure] | None = None,
    said: Callable[[str], str] = str,
    progress: Progress = no_progress,
) -> str:
    """The whole report.

    Args:
        pairs: Measures of at least one subject.
        titles: Of one model, or of the first and the second.
        facts: What it was made of, label -> text: models, data, what was changed.
        synthetic: Whether the corpus is synthetic.
        threshold: Influence from which a modality counts in these measures.
        written: Notes and saved views that it holds.
        draw: The figure of a note; what it raises of `BAD_INPUT` stands in its place. None: notes have no figures.
        said: What the report may say of an error.
        progress: Told how many figures of notes are done.

    Returns:
        HTML; names in it are escaped.
    """
    about = " against ".join(reversed(titles))
    heading = f"{about} on {len(pairs)} subject{'' if len(pairs) == 1 else 's'}"
    parts = [f"<h1>{escape(heading)}</h1>"]
    if synthetic:
        parts.append(f"<p><strong>{escape(SYNTHETIC.capitalize())}</strong>: this says nothing about real people.</p>")
    parts += ["<h2>All subjects together</h2>", _summary(pairs, titles)]
    parts.append(
        "<p>CCC over the annotated frames of all subjects. The gain is the second model's CCC less the first one's, "
        f"with a 95 % interval over subjects where there are at least {FEWEST_SUBJECTS}.</p>"
    )
    table = subject_table(pairs)
    for target in TARGETS:
        own = table[table["target"] == target]
        parts += [f"<h2>{target.capitalize()}</h2>", *_figures(pairs, own, titles, target, synthetic=synthetic)]
        parts.append(f'<div class="wide">{_table(_shown(own), titles)}</div>')
    parts.append(
        "<p>Intervals of single subjects are jackknives over blocks of five seconds. Shares are those of clips in "
        "which the influences of audio and visual complement or contradict each other, or one dominates, each counting "
        f"from {threshold:g}.</p>"
    )
    follows = follow_table(pairs)
    if len(follows):
        parts += ["<h2>Do weights follow influence?</h2>", _table(follows, titles)]
        parts.append(
            "<p>Rank correlation over the clips of a subject between the stage-2 weight of a modality and the size of "
            "its influence, mean over subjects.</p>"
        )
    parts += notes_html(written, _numbered(written, draw, said, progress))
    made = {**facts, "Versions": ", ".join(f"{name} {number}" for name, number in versions().items())}
    listed = "".join(f"<dt>{escape(label)}</dt><dd>{escape(text)}</dd>" for label, text in made.items())
    parts += ["<h2>How it was made</h2>", f"<dl>{listed}</dl>"]
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(heading)}</title>'
        f"<style>{STYLE}</style></head><body>\n" + "\n".join(parts) + "\n</body></html>\n"
    )


def _summary(pairs: Sequence[Pair], titles: Sequence[str]) -> str:
    rows = []
    for target in TARGETS:
        row = {"target": target}
        if len(titles) == 2:
            row[f"CCC {titles[0]}"] = _number(pooled_ccc([pair.base for pair in pairs], target))
        row[f"CCC {titles[-1]}"] = _number(pooled_ccc([pair.gated for pair in pairs], target))
        gain = gain_over(pairs, target) if len(titles) == 2 else None
        if gain is not None:
            row["gain"] = f"{gain.value:+.3f}"
            row["95 %"] = "{:+.3f} to {:+.3f}".format(*gain.interval()) if gain.subjects >= FEWEST_SUBJECTS else "–"
            row["subjects"] = str(gain.subjects)
        rows.append(row)
    return _html(pd.DataFrame(rows))


def _figures(
    pairs: Sequence[Pair], table: pd.DataFrame, titles: Sequence[str], target: str, *, synthetic: bool
) -> list[str]:
    """The scatter of scores where there are two models, and the distributions of weights where there are gates."""
    found = []
    if len(titles) == 2 and table[["ccc_base", "ccc_gated"]].notna().all(axis=1).any():
        both = (titles[0], titles[1])
        alt = f"CCC of {target} of each subject, {titles[1]} against {titles[0]}"
        found.append(_image(partial(scores_figure, table, both, target, synthetic=synthetic), alt))
    still = still_gates([pair.gated for pair in pairs], target)
    for by in GROUPINGS:
        gates = gate_table(pairs, target, by).assign(state="unchanged")
        if len(gates):
            title = f"{titles[-1]}, {target}, by {by}"
            draw = partial(gate_figure, gates, title, still, synthetic=synthetic)
            found.append(_image(draw, f"Distributions of gate weights, {title}"))
    return found


def _numbered(
    written: Written, draw: Callable[[WrittenNote], Figure] | None, said: Callable[[str], str], progress: Progress
) -> Callable[[WrittenNote], str]:
    """What draws one note after the other and says how far it is."""
    total, number = min(len(written.notes), MOST_FIGURES), itertools.count()
    progress(0, total, "figures of notes")

    def image(note: WrittenNote) -> str:
        try:
            made = "" if draw is None else _image(partial(draw, note), note_title(note))
        except BAD_INPUT as error:
            made = f"<p>No figure: {escape(said(str(error)))}.</p>"
        progress(next(number) + 1, total, "figures of notes")
        return made

    return image


def _image(draw: Callable[[], Figure], alt: str) -> str:
    # As an image of its own: inside one page, the identifiers of several drawings would clash.
    content = base64.b64encode(render(draw(), "svg", title=alt)).decode()
    return f'<p><img alt="{escape(alt)}" src="data:image/svg+xml;base64,{content}"></p>'


def _shown(table: pd.DataFrame) -> pd.DataFrame:
    """The columns of a table of subjects that have a value, in reading order."""
    ends = zip(table["gain_low"], table["gain_high"], strict=True)
    text = [f"{low:+.2f} to {high:+.2f}" if np.isfinite(low) else "–" for low, high in ends]
    table = table.assign(interval=text) if table["gain"].notna().any() else table.assign(interval=np.nan)
    table = table.assign(condition=table["condition"].str.replace("_", " "))
    order = [*WORDS, *TITLES, *SHARES, *MEANS]
    return table[[name for name in order if table[name].notna().any() and not (table[name] == "").all()]]


def _table(table: pd.DataFrame, titles: Sequence[str]) -> str:
    names = {"base": titles[0], "gated": titles[-1]}
    columns = map(str, table.columns)
    return _html(table.rename(columns={one: TITLES.get(one, one.replace("_", " ")).format(**names) for one in columns}))


def _html(table: pd.DataFrame) -> str:
    head = "".join(f"<th{_kind(name)}>{escape(str(name))}</th>" for name in table)
    rows = (
        "<tr>" + "".join(f"<td{_kind(name)}>{escape(_text(value))}</td>" for name, value in row.items()) + "</tr>"
        for row in table.to_dict("records")
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{''.join(rows)}</tbody></table>"


def _kind(name: object) -> str:
    return ' class="text"' if name in WORDS else ""


def _text(value: object) -> str:
    return _number(value) if isinstance(value, float) else str(value)


def _number(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.3f}".rstrip("0").rstrip(".") if value > 2 else f"{value:.3f}"
