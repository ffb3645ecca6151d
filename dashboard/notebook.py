"""The player of the page Compare as a widget for notebooks: video, curves and cursor on one clock."""

from __future__ import annotations

import os
import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

try:
    import anywidget
except ModuleNotFoundError as error:
    raise ModuleNotFoundError("iaca.view needs anywidget; expected `pip install 'iaca[notebook]'`") from error
import numpy as np
import traitlets

from dashboard.timeline import transport
from dashboard.timeline.declared import Figure, Shown
from dashboard.timeline.meanings import SCORES
from dashboard.timeline.rows import SOUND_ROWS, compare_figure
from iaca.checkpoints import Checkpoint, load_checkpoint
from iaca.config import TARGETS, VALENCE, DropoutConfig
from iaca.data.episodes import read_episodes
from iaca.errors import InputError
from iaca.features.feature_files import read_features
from iaca.figures import palette
from iaca.inference import infer
from iaca.resources import cache_folder, shipped
from iaca.types import Episode, Features, no_progress

PLAYER = Path(__file__).parent / "components" / "player"
MOST_BYTES = 100 * 2**20
"""Largest video that is put into a notebook, which holds every byte that its widgets show."""


class ViewError(InputError):
    """A view that cannot be: the message says what was given and what was expected."""


class Place(NamedTuple):
    """Where the cursor of a player rests.

    Attributes:
        frame: From 0.
        range: First and last frame of the selected range, or None.
    """

    frame: int
    range: tuple[int, int] | None


class PlayerWidget(anywidget.AnyWidget):
    """The player. `seek` moves its cursor; `where` says where the reader left it."""

    _esm = PLAYER / "notebook" / "widget.js"
    _css = traitlets.Unicode().tag(sync=True)
    html = traitlets.Unicode().tag(sync=True)
    modules = traitlets.Dict().tag(sync=True)
    content = traitlets.Dict().tag(sync=True)
    buffers = traitlets.List(traitlets.Bytes()).tag(sync=True)
    target: traitlets.List[Any] = traitlets.List(allow_none=True, default_value=None).tag(sync=True)
    place = traitlets.Dict(allow_none=True, default_value=None).tag(sync=True)

    def seek(self, second: float) -> None:
        """Move the cursor to the frame that is nearest to a second on the clock of the recording."""
        self.target = [uuid.uuid4().hex, float(second)]

    @property
    def where(self) -> Place | None:
        """Where the cursor rests; None before the reader has seen the player."""
        if self.place is None:
            return None
        chosen = self.place["range"]
        return Place(self.place["frame"], None if chosen is None else (chosen[0], chosen[1]))


def view(
    subject: Features | str | os.PathLike[str],
    checkpoints: Checkpoint | str | os.PathLike[str] | Sequence[Checkpoint | str | os.PathLike[str]],
    *,
    video: str | os.PathLike[str] | None = None,
    gates_of: str = VALENCE,
    score: str = "contribution",
    scaled: bool = True,
    dropouts: Sequence[DropoutConfig] = (),
    episodes: Sequence[Episode] = (),
) -> PlayerWidget:
    """Show a recording in a notebook: its video, what models attend to, what their gates choose, what they predict.

    Args:
        subject: Features, a feature file, or the name of a subject of the demo, whose video is then shown too.
        checkpoints: One model or two: checkpoints, files, or names of models that ship, such as "ca_iaca".
        video: The recording's video; a copy is made where a browser would not play it.
        gates_of: Whose attention and gates are shown, valence or arousal.
        score: Which attention score, "contribution" or "received".
        scaled: Whether scores are min-max scaled to [0, 1].
        dropouts: Simulated losses; curves without them are drawn as dotted ghosts.
        episodes: Known episodes of corruption, as shaded spans.

    Returns:
        A widget; the last line of a cell shows it.

    Raises:
        ViewError: A choice or a number of models that cannot be, or a video too large for a notebook.
        InputError: A file cannot be used, or features and models do not fit.
    """
    for name, value, known in (("gates_of", gates_of, TARGETS), ("score", score, tuple(SCORES))):
        if value not in known:
            raise ViewError(f"{name} is {value!r}; expected one of: {', '.join(known)}")
    features, video, episodes = _subject(subject, video, episodes)
    models = _models(checkpoints)
    shown = []
    for model, style in zip(models, palette.MODELS if len(models) > 1 else palette.MODELS[1:], strict=False):
        baseline = infer(features, model)
        trace = infer(features, model, dropouts) if dropouts else baseline
        shown.append(Shown(model.title if len({m.title for m in models}) > 1 else model.name, trace, baseline, style))
    figure = compare_figure(
        features.subject, shown[0].baseline.frames, shown, target=gates_of, score=score, scaled=scaled,
        episodes=episodes,
    )  # fmt: skip
    if video is None:
        figure = figure._replace(rows=tuple(row for row in figure.rows if row not in SOUND_ROWS))
    return _widget(figure, None if video is None else Path(video))


def _subject(
    subject: Features | str | os.PathLike[str],
    video: str | os.PathLike[str] | None,
    episodes: Sequence[Episode],
) -> tuple[Features, str | os.PathLike[str] | None, Sequence[Episode]]:
    if isinstance(subject, Features):
        return subject, video, episodes
    path, demo = Path(subject), shipped("demo")
    own = demo / "features" / f"{path.name}.safetensors"
    if path.suffix or len(path.parts) > 1:
        return read_features(path), video, episodes
    if not own.is_file():
        known = ", ".join(sorted(file.stem for file in own.parent.glob("*.safetensors")))
        raise ViewError(f"the demo has no subject {path.name!r}; expected a feature file, or one of: {known}")
    listed = [one for one in read_episodes(demo / "episodes.csv") if one.subject == path.name]
    return read_features(own), video or demo / "batch1" / f"{path.name}.mp4", episodes or listed


def _models(given: Any) -> list[Checkpoint]:
    several = [given] if isinstance(given, Checkpoint | str | os.PathLike) else list(given)
    if not 1 <= len(several) <= 2:
        raise ViewError(f"{len(several)} models were given; expected one or two")
    return [one if isinstance(one, Checkpoint) else load_checkpoint(one) for one in several]


def _widget(figure: Figure, video: Path | None) -> PlayerWidget:
    buffers: list[bytes] = []

    def keep(content: bytes) -> str:
        buffers.append(content)
        return str(len(buffers) - 1)

    media_s, picture, sound = None, None, None
    if video is not None:
        media_s, picture, sound = _video(video, keep)
    tables, _ = transport.tables(figure, keep, live=False)
    content: dict[str, Any] = {
        "spec": transport.spec(figure),
        "clock": transport.clock(figure, media_s, keep),
        "tables": tables,
        "video": picture,
        "sound": sound,
        "marks": [],
        "start": {"frame": None, "range": None},
        "follows": True,
        "steps": None,
        "what_if": None,
    }
    modules = {file.name: file.read_text(encoding="utf-8") for file in sorted((PLAYER / "modules").glob("*.js"))}
    modules["address.js"] = (PLAYER / "notebook" / "address.js").read_text(encoding="utf-8")
    styles = (PLAYER / "notebook" / "widget.css", PLAYER / "player.css")
    return PlayerWidget(
        _css="\n".join(file.read_text(encoding="utf-8") for file in styles),
        html=(PLAYER / "player.html").read_text(encoding="utf-8"),
        modules=modules,
        content=content,
        buffers=buffers,
    )


def _video(video: Path, keep: transport.Keep) -> tuple[np.ndarray, str, str]:
    from iaca.data.media.apart import apart
    from iaca.data.media.browser_copy import browser_copy
    from iaca.data.media.sound_summary import sound_summary
    from iaca.data.media.video import probe

    served = apart(video, browser_copy, video, cache_folder() / "videos", progress=no_progress, making=True)
    size = served.stat().st_size
    if size > MOST_BYTES:
        raise ViewError(
            f"{video} has {size / 2**20:.0f} MiB as a browser plays it; a notebook takes at most "
            f"{MOST_BYTES // 2**20}: cut it, or open it with `iaca dashboard`"
        )
    info = apart(served, probe, served)
    summary = sound_summary(video, cache_folder() / "sounds")
    return info.pts_s + info.first_pts_s, keep(served.read_bytes()), keep(summary.read_bytes())
