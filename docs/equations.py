"""Equations of the documentation become MathML when the site is built: no script and no other host draws them."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

from latex2mathml.converter import convert

EQUATION = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.+?)\\[)\]]</\1>', re.DOTALL)


def on_page_content(html: str, **_: Any) -> str:
    """The page with MathML where pymdownx.arithmatex left LaTeX; MkDocs calls it for every page."""
    return EQUATION.sub(_mathml, html)


def _mathml(found: re.Match[str]) -> str:
    return convert(unescape(found[2]).strip(), display="block" if found[1] == "div" else "inline")
