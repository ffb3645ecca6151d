"""Summaries of objects for people at a prompt: a few lines of text, or a small table in a notebook."""

from __future__ import annotations

from collections.abc import Mapping
from html import escape


def summary_text(title: str, rows: Mapping[str, str]) -> str:
    """A title, and below it one indented line per row.

    Args:
        title: What the object is.
        rows: Label -> value. Rows without a value are left out.

    Returns:
        Lines of text, labels padded to one width.
    """
    shown = {label: value for label, value in rows.items() if value}
    width = max(map(len, shown), default=0)
    return "\n".join([title, *(f"  {label:<{width}}  {value}" for label, value in shown.items())])


def summary_html(title: str, rows: Mapping[str, str]) -> str:
    """The same as an HTML table, with names of files and people escaped.

    Args:
        title: What the object is: the table's caption.
        rows: Label -> value. Rows without a value are left out.

    Returns:
        A table.
    """
    style = ' style="text-align: left"'
    body = "".join(
        f"<tr><th{style}>{escape(label)}</th><td{style}>{escape(value)}</td></tr>"
        for label, value in rows.items()
        if value
    )
    return f"<table><caption{style}>{escape(title)}</caption>{body}</table>"
