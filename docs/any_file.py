"""What is read of files in every form that is promised: the table any-file.md. Made with: python -m docs.any_file"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch

import iaca
from docs.any_file_kinds import section
from iaca.config.label_form import LabelForm
from iaca.data.media.browser_copy import browser_copy
from iaca.data.media.sound import read_audio
from iaca.data.media.video import iterate_frames, probe
from iaca.data.ratings import read_ratings
from iaca.models.published.network import Published
from tests.iaca.data.media.test_container import write_tracks
from tests.iaca.data.media.test_display import (
    HEIGHT,
    ORIENTATIONS,
    PIXEL_SHAPES,
    WIDTH,
    corners,
    with_matrix,
    write_corners,
)
from tests.released_networks import build, windows

TABLE = Path(__file__).with_name("any-file.md")
HEAD = """# What is read of any file

Every row is a file that a test makes, what should be read of it, and what was. Pictures have a red, a green, a blue and
a white corner, named from left to right and from top to bottom. {number} rows, {failed} failures.
`python -m docs.any_file` makes this page again, and a test holds it equal to what it prints.
"""


class Case(NamedTuple):
    """One file.

    Attributes:
        group: What kind of difference it is about.
        name: What is particular about the file.
        right: What should be read of it.
        read: Makes the file in an empty folder, and says what is read of it.
    """

    group: str
    name: str
    right: str
    read: Callable[[Path], str]


def cases() -> Iterator[Case]:
    """All of them."""
    for name, (matrix, right, *_) in ORIENTATIONS.items():
        width, height = (HEIGHT, WIDTH) if matrix[0] == 0 else (WIDTH, HEIGHT)

        def turned(folder: Path, matrix: tuple[float, ...] = matrix) -> str:
            return _picture(with_matrix(write_corners(folder / "a.mp4"), *matrix))

        yield Case("Orientation of the picture", name, f"{right}, {width} x {height}", turned)
    for shape, (width, height) in PIXEL_SHAPES.items():
        if shape != 1:
            yield Case(
                "Shape of a pixel", f"{shape.numerator}:{shape.denominator}", f"RGBW, {width} x {height}",
                lambda folder, shape=shape: _picture(write_corners(folder / "a.mp4", shape)),
            )  # fmt: skip
    yield Case("Default track", "the second of two films", "96 x 96, in the player too", _second_film)
    yield Case("Default track", "the second of two sounds", "the click, in the player too", _second_sound)
    for low, high in ((-10, 10), (0, 1), (1, 9), (-1000, 1000)):
        yield Case(
            "Scale of labels", f"{low} to {high}: its ends and its middle", "-1, 0, 1",
            lambda folder, low=low, high=high: _labels(folder, low, high),
        )  # fmt: skip
    scores: dict[str, Any] = {
        "a score as NumPy's float64": np.float64(0.5),
        "a score as NumPy's float32": np.float32(0.5),
        "a score as NumPy's integer": np.int64(1),
        "a score as a tensor without axes": torch.tensor(0.5),
    }
    for name, score in scores.items():
        yield Case(
            "Form of a checkpoint", name, f"RJCA, CCC {float(score):.2f}, equal predictions",
            lambda folder, score=score: _checkpoint(folder, "", score),
        )  # fmt: skip
    yield Case(
        "Form of a checkpoint", "names that begin with _orig_mod.", "RJCA, CCC 0.50, equal predictions",
        lambda folder: _checkpoint(folder, "_orig_mod.", 0.5),
    )  # fmt: skip
    yield Case(
        "Form of a checkpoint", "the bare weights", "RJCA, no CCC, equal predictions",
        lambda folder: _checkpoint(folder, "", None),
    )  # fmt: skip


def _picture(path: Path) -> str:
    found = {corners(picture) for _, picture in iterate_frames(path)}
    ((colours, (width, height)),) = found
    info = probe(path)
    told = "" if (info.width, info.height) == (width, height) else f", told as {info.width} x {info.height}"
    return f"{colours}, {width} x {height}{told}"


def _second_film(folder: Path) -> str:
    path = write_tracks(folder / "a.mp4", (False, True), "v")
    height, width, _ = next(iterate_frames(path))[1].shape
    shown = probe(browser_copy(path, folder / "cache"))
    too = "in the player too" if (shown.width, shown.height) == (width, height) else "not in the player"
    return f"{width} x {height}, {too}"


def _second_sound(folder: Path) -> str:
    path = write_tracks(folder / "a.mp4", (False, True), "a")
    heard = [_has_click(file) for file in (path, browser_copy(path, folder / "cache"))]
    return f"{'the click' if heard[0] else 'silence'}, {'in the player too' if heard[1] else 'not in the player'}"


def _has_click(file: Path) -> bool:
    track = read_audio(file)
    return track is not None and bool(np.abs(track.samples).max() > 0.3)


def _labels(folder: Path, low: float, high: float) -> str:
    file = folder / "labels.csv"
    values = [low, (low + high) / 2, high]
    file.write_text("time_s,valence,arousal\n" + "".join(f"{k},{v},{v}\n" for k, v in enumerate(values)))
    labels = read_ratings(LabelForm((file,), (file,), low=low, high=high), np.arange(3.0))
    return ", ".join(f"{value:g}" for value in labels.valence.tolist())


def _checkpoint(folder: Path, prefix: str, score: object) -> str:
    model = build(Published.RJCA)
    state = {prefix + name: values for name, values in model.state_dict().items()}
    content = state if score is None else {"net": state, "best_Val_accV": score, "best_Val_acc_epoch": 3}
    torch.save(content, folder / "own.pt")
    known = iaca.load_checkpoint(folder / "own.pt")
    batch = windows(1)
    equal = torch.equal(known.model(*batch).valence, model(*batch).valence)
    ccc = known.scores.get("valence", {}).get("ccc")
    said = "no CCC" if ccc is None else f"CCC {ccc:.2f}"
    return f"{known.config.fusion.upper()}, {said}, {'equal' if equal else 'other'} predictions"


def table() -> tuple[str, int]:
    """The page, and how many of its rows are wrong."""
    lines, group, number, failed = [], "", 0, 0
    for case in cases():
        with tempfile.TemporaryDirectory(prefix="iaca-any-") as name:
            found = case.read(Path(name))
        if case.group != group:
            group = case.group
            lines += [f"\n## {group}\n", "| File | Right | Read |", "| --- | --- | --- |"]
        lines.append(f"| {case.name} | {case.right} | {found} |")
        number, failed = number + 1, failed + (found != case.right)
    return "\n".join([HEAD.format(number=number, failed=failed), *lines, section()]) + "\n", failed


if __name__ == "__main__":
    page, wrong = table()
    TABLE.write_text(page, encoding="utf-8")
    print(page)
    sys.exit(int(wrong > 0))
