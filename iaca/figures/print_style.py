"""How figures are printed: the page's font and colours, fonts embedded as TrueType, as SVG, PDF or PNG.

Nothing here uses pyplot: figures are made in worker threads, and pyplot's state belongs to one.
"""

from __future__ import annotations

import base64
import io
import logging
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, wraps
from html import unescape
from pathlib import Path
from typing import Any

import font_source_sans_pro
import matplotlib
from fontTools import subset
from fontTools.ttLib import TTFont
from matplotlib import font_manager
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from iaca.errors import InputError
from iaca.figures.palette import Colour
from iaca.files import write_whole

COLUMN_IN = 3.5
"""Width of one column of a paper in two columns, inches."""

DOUBLE_COLUMN_IN = 7.16
"""Width of both columns, inches."""

FORMATS = ("svg", "pdf", "png")
DPI = {"png": 300, "pdf": 300, "svg": 200}
"""Of PNG files, and of the pictures inside the others: an SVG, which spells them as text, keeps half of their bytes."""

POINTS_PER_PX = 0.55
"""Line widths and dashes of the page, in px, as points on paper."""

INK = "#1f2027"
GRID = "#dfe0e4"
FAMILY = "Source Sans Pro"
_FONTS = {"400": "SourceSansPro", "600": "SourceSansProSemibold"}
"""Weight -> name of the font file."""

_lock = threading.RLock()


class FigureError(InputError):
    """A figure that cannot be drawn: the message names what was given and what was expected."""


@cache
def _style() -> dict[str, Any]:
    # It warns that the font for signs that the page's font lacks has no semibold cut.
    logging.getLogger("matplotlib.font_manager").setLevel(logging.ERROR)
    for name in _FONTS.values():
        font_manager.fontManager.addfont(font_source_sans_pro.font_files_ttf[name])
    return {
        "font.family": [FAMILY, "DejaVu Sans"],
        "font.size": 6.5,
        "pdf.fonttype": 42,
        "svg.fonttype": "none",
        "svg.hashsalt": "iaca",  # the same figure is the same file
        "text.color": INK,
        "axes.edgecolor": "#8a8c95",
        "axes.labelcolor": INK,
        "axes.labelsize": 6,
        "axes.labelpad": 2,
        "axes.linewidth": 0.4,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.grid": True,
        "grid.color": GRID,
        "grid.linewidth": 0.4,
        "xtick.color": INK,
        "ytick.color": INK,
        "xtick.labelsize": 6,
        "ytick.labelsize": 6,
        "xtick.major.size": 2,
        "ytick.major.size": 0,
        "xtick.major.width": 0.4,
        "xtick.major.pad": 2,
        "ytick.major.pad": 2,
        "hatch.linewidth": 0.4,
        "legend.frameon": False,
        "legend.fontsize": 6,
        "legend.borderpad": 0,
        "legend.borderaxespad": 0,
        "legend.handlelength": 1.8,
        "legend.handletextpad": 0.5,
        "legend.columnspacing": 1.2,
        "figure.facecolor": "white",
        "savefig.facecolor": "white",
        "path.simplify": True,
    }


@contextmanager
def print_style() -> Iterator[None]:
    """Within it, figures look like those of the page; one thread at a time, since matplotlib's settings are global."""
    with _lock, matplotlib.rc_context(matplotlib.RcParams(_style())):
        yield


def new_figure(width_in: float, height_in: float) -> Figure:
    """An empty figure that belongs to no pyplot."""
    figure = Figure(figsize=(width_in, height_in))
    FigureCanvasAgg(figure)
    return figure


def ink(colour: Colour) -> str:
    """A colour of the palette on white paper."""
    return INK if colour == "text" else colour[0]


def dashes(dash: str) -> tuple[float, tuple[float, ...]] | str:
    """A line style of the page, in Plotly's notation, in matplotlib's."""
    named: dict[str, tuple[float, tuple[float, ...]] | str] = {
        "solid": "solid",
        "dot": (0, (1.0, 1.6)),
        "dash": (0, (4.0, 2.0)),
        "dashdot": (0, (4.0, 1.5, 1.0, 1.5)),
    }
    return (
        named[dash] if dash in named else (0, tuple(float(part.removesuffix("px")) * 0.8 for part in dash.split(",")))
    )


def render(figure: Figure, file_format: str, *, title: str = "") -> bytes:
    """A figure as the content of a file.

    Args:
        figure: The figure.
        file_format: svg, pdf or png. Text stays text in the first two: fonts are embedded as TrueType.
        title: What the file calls itself.

    Returns:
        The content; the same for the same figure.

    Raises:
        FigureError: There is no such format.
    """
    if file_format not in FORMATS:
        raise FigureError(f"{file_format!r} is no format of figures; expected one of {', '.join(FORMATS)}")
    metadata = {
        "svg": {"Title": title, "Date": None},
        "pdf": {"Title": title, "CreationDate": None},
        "png": {"Title": title},
    }[file_format]
    buffer = io.BytesIO()
    with print_style():
        figure.savefig(buffer, format=file_format, dpi=DPI[file_format], metadata=metadata)
    content = buffer.getvalue()
    return _with_fonts(content.decode()).encode() if file_format == "svg" else content


def save(figure: Figure, path: str | Path) -> Path:
    """Write a figure whole, in the format of the file's ending.

    Raises:
        FigureError: The ending is none of svg, pdf and png.
        OSError: The file cannot be written.
    """
    path = Path(path)
    write_whole(path, render(figure, path.suffix.lstrip(".").lower(), title=path.stem))
    return path


def printed(draw: Callable[..., Figure]) -> Callable[..., Figure]:
    """Decorate a function that draws a figure: it runs in `print_style`."""

    @wraps(draw)
    def drawn(*args: Any, **kwargs: Any) -> Figure:
        with print_style():
            return draw(*args, **kwargs)

    return drawn


def _with_fonts(svg: str) -> str:
    """An SVG that carries the glyphs it uses, so that it looks the same where the font is not installed."""
    characters = set(unescape(" ".join(re.findall(r"<text[^>]*>(.*?)</text>", svg, re.DOTALL))))
    faces = "".join(
        f"@font-face{{font-family:'{FAMILY}';font-weight:{weight};"
        f"src:url(data:font/ttf;base64,{base64.b64encode(_subset(name, frozenset(characters))).decode()})}}"
        for weight, name in _FONTS.items()
    )
    return svg.replace("<defs>", f'<defs><style type="text/css">{faces}</style></defs>\n <defs>', 1)


def _subset(name: str, characters: frozenset[str]) -> bytes:
    font = TTFont(font_source_sans_pro.font_files_ttf[name], recalcTimestamp=False)
    cutter = subset.Subsetter(subset.Options(layout_features=["kern"], hinting=False, notdef_outline=True))
    cutter.populate(text="".join(sorted(characters)))
    cutter.subset(font)
    buffer = io.BytesIO()
    font.save(buffer)
    return buffer.getvalue()
