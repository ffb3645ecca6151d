"""The sound of a recording on paper: its waveform and its mel spectrogram, as the page draws them."""

from __future__ import annotations

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap

from dashboard.timeline.declared import Row
from iaca.data.media.sound_summary import SoundSummary
from iaca.figures.print_style import INK, ink

BINS = 1500
"""Most columns of the spectrogram and most pieces of the waveform along the time axis."""


def draw_sound(axes: Axes, row: Row, sound: SoundSummary, range_s: tuple[float, float]) -> None:
    """Draw a row of the sound.

    Args:
        axes: Where; its limits and labels are the caller's.
        row: Of kind waveform or spectrogram.
        sound: What is heard.
        range_s: First and last second in view.
    """
    if row.kind == "waveform":
        bin_s = sound.column_s * sound.mel.shape[1] / len(sound.low)
        first, last = _inside(range_s, bin_s, len(sound.low))
        low = _pooled(sound.low[None, first:last], np.minimum)[0] / 127
        high = _pooled(sound.high[None, first:last], np.maximum)[0] / 127
        times = first * bin_s + (np.arange(len(low)) + 0.5) * (last - first) * bin_s / max(1, len(low))
        axes.fill_between(times, low, high, color=ink(row.colour), lw=0.3)
    else:
        first, last = _inside(range_s, sound.column_s, sound.mel.shape[1])
        colours = LinearSegmentedColormap.from_list("sound", ["white", ink(row.colour), INK])
        axes.imshow(
            _pooled(sound.mel[:, first:last], np.maximum),
            colours, origin="lower", aspect="auto", interpolation="nearest", vmin=0, vmax=255,
            extent=(first * sound.column_s, last * sound.column_s, *row.range),
        )  # fmt: skip
        axes.grid(False)


def _inside(range_s: tuple[float, float], each_s: float, count: int) -> tuple[int, int]:
    """First item in view, of `count` that last `each_s` seconds, and the one after the last."""
    first = min(max(0, int(range_s[0] / each_s)), count - 1)
    return first, min(count, max(first + 1, int(np.ceil(range_s[1] / each_s))))


def _pooled(values: np.ndarray, by: np.ufunc) -> np.ndarray:
    """(R, K) -> (R, at most BINS): the smallest or the largest of every bin."""
    edges = np.linspace(0, values.shape[1], min(BINS, values.shape[1]), endpoint=False).astype(int)
    return by.reduceat(values, edges, axis=1).astype(float)
