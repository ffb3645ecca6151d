"""CCC of two models over a corpus, for papers: a dot for each subject."""

from __future__ import annotations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from iaca.config import SYNTHETIC
from iaca.figures import palette
from iaca.figures.print_style import COLUMN_IN, FigureError, dashes, ink, new_figure, printed

COLUMNS = ("ccc_base", "ccc_gated", "gain_low", "gain_high")
GREY = "#8a8c95"


@printed
def scores_figure(
    table: pd.DataFrame, titles: tuple[str, str], target: str, *, synthetic: bool = False, width_in: float = COLUMN_IN
) -> Figure:
    """A dot for each subject, above the diagonal where the second model is better.

    Args:
        table: A row a subject with the columns of `COLUMNS`; subjects whose CCC is NaN are left out.
        titles: Of the first and the second model.
        target: valence or arousal.
        synthetic: Whether the title says that the corpus is synthetic.
        width_in: Width and height, inches.

    Raises:
        FigureError: A column is missing, or no subject has both scores.
    """
    missing = [name for name in COLUMNS if name not in table]
    if missing:
        raise FigureError(f"the figure of scores has no column {missing[0]!r}; expected {', '.join(COLUMNS)}")
    rated = table[table["ccc_base"].notna() & table["ccc_gated"].notna()]
    if rated.empty:
        raise FigureError("the figure of scores has no subject that both models have a CCC for; expected at least one")
    values = rated[["ccc_base", "ccc_gated"]].to_numpy(float)
    margin = 0.06 * max(float(np.ptp(values)), 0.1)
    low, high = float(values.min()) - margin, float(values.max()) + margin
    figure = new_figure(width_in, width_in)
    axes = figure.add_axes((0.14, 0.12, 0.82, 0.78))
    axes.set_box_aspect(1)
    axes.plot([low, high], [low, high], color=GREY, lw=0.5, ls=dashes("dot"))
    better, worse = (rated["gain_low"] > 0).to_numpy(), (rated["gain_high"] < 0).to_numpy()
    looks = (
        (~better & ~worse, "o", GREY, "interval includes 0, or no interval", "white"),
        (better, "^", ink(palette.MODELS[1].colour), "gain, interval above 0", None),
        (worse, "v", ink(palette.MODELS[0].colour), "loss, interval below 0", None),
    )
    for mask, marker, colour, label, face in looks:
        if mask.any():
            axes.plot(values[mask, 0], values[mask, 1], ls="none", marker=marker, ms=3.2, mew=0.7, color=colour,
                      mfc=face or colour, label=f"{label} ({mask.sum()})")  # fmt: skip
    axes.set_xlim(low, high)
    axes.set_ylim(low, high)
    axes.set_xlabel(f"CCC of {target}, {titles[0]}")
    axes.set_ylabel(f"CCC of {target}, {titles[1]}")
    axes.legend(loc="upper left", handlelength=1)
    heading = f"{len(rated)} subjects, {target}" + (f" · {SYNTHETIC}" if synthetic else "")
    axes.set_title(heading, loc="left", size=7.5, weight=600)
    return figure
