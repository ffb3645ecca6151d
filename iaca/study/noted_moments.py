"""Notes and saved views in a report: each note with a figure of its moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape
from urllib.parse import parse_qsl

from matplotlib.figure import Figure

from iaca.config import TARGETS
from iaca.data.notes import NamedView, Written, WrittenNote
from iaca.errors import InputError
from iaca.figures.curves import print_curves
from iaca.types import Trace

AROUND_S = 5.0
"""Seconds that a figure shows before and behind a note."""

LEAST_S = 0.1
"""Width of the mark of a bookmark, seconds."""

MOST_FIGURES = 100
"""Figures of a report; further notes are listed without."""


class NotedError(InputError):
    """A note that cannot be drawn: the message says why."""


class NotedMoments:
    """Figures of notes. Traces of one subject are kept for its next note.

    Args:
        traces_of: The traces of a subject by its name; raises one of `BAD_INPUT` where it has none.
    """

    def __init__(self, traces_of: Callable[[str], Sequence[Trace]]) -> None:
        self._traces_of = traces_of
        self._subject = ""
        self._traces: Sequence[Trace] = ()

    def figure(self, note: WrittenNote) -> Figure:
        """Predictions, gates and attention scores around a note, which is shaded.

        Raises:
            InputError, OSError: The subject is not there, or the note lies behind its end.
        """
        if note.subject != self._subject or not self._traces:
            self._traces = self._traces_of(note.subject)
            self._subject = note.subject
        pts_s = self._traces[0].columns["pts_s"]
        if note.start_s > pts_s[-1]:
            raise NotedError(f"it lies behind the end of the recording, {pts_s[-1]:.1f} s")
        end_s = note.start_s + LEAST_S if note.end_s is None else note.end_s
        span = max(float(pts_s[0]), note.start_s - AROUND_S), min(float(pts_s[-1]), end_s + AROUND_S)
        target = next(target for target in TARGETS if target in self._traces[0].scores)
        return print_curves(*self._traces, gates_of=target, range_s=span, shaded_s=(note.start_s, end_s))


def note_title(note: WrittenNote) -> str:
    """Subject and time of a note: "anna, 0:12.0 to 0:15.5"."""
    times = [note.start_s] if note.end_s is None else [note.start_s, note.end_s]
    return f"{note.subject}, " + " to ".join(f"{int(t // 60)}:{t % 60:04.1f}" for t in times)


def notes_html(written: Written, image: Callable[[WrittenNote], str]) -> list[str]:
    """Notes and views as parts of a page.

    Args:
        written: What somebody has written down.
        image: The figure of a note as HTML, or why there is none.

    Returns:
        HTML, in which everything that was written is escaped.
    """
    parts = ["<h2>Notes</h2>"] if written.notes else []
    for number, note in enumerate(written.notes):
        parts.append(f"<h3>{escape(note_title(note))}</h3><p>{escape(note.text)}</p>")
        if number < MOST_FIGURES:
            parts.append(image(note))
    if len(written.notes) > MOST_FIGURES:
        parts.append(f"<p>Figures are drawn of the first {MOST_FIGURES} notes.</p>")
    if written.views:
        listed = "".join(f"<dt>{escape(view.name)}</dt><dd>{_view(view)}</dd>" for view in written.views)
        parts += [
            "<h2>Saved views</h2>",
            "<p>Behind the address of a page that shows the same data, each opens what was seen.</p>",
            f"<dl>{listed}</dl>",
        ]
    return parts


def _view(view: NamedView) -> str:
    """What a view shows, and the parameters that open it."""
    query = view.address.rpartition("?")[2]
    pairs = parse_qsl(query)
    said = ", ".join(f"{key.replace('_', ' ')} {value}" for key, value in pairs if key != "rows")
    return f"{escape(said)}<br><code>?{escape(query)}</code>"
