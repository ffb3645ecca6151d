"""The switch that plays a video as the models get it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from dashboard.sections.notices import attempt
from dashboard.services import as_given
from dashboard.state import session
from dashboard.timeline.given import Given

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from dashboard.services.selection import Selection
    from dashboard.state.folders import Folders

HELP = (
    "Play the video as it reaches the models: silent where the audio clip that ends at the cursor is dropped, grey "
    "where the visual clip is, and with the noise and the blur of “What if”. An illustration: clips are 32 frames long "
    "and overlap, so that the ends are those of the shaded spans, exact to a frame. The noise is the very one that the "
    "backbone hears. The blur is as strong as on the face, but lies over the whole picture."
)


def choose(
    place: DeltaGenerator, selection: Selection, folders: Folders, last_s: float, notices: list[str]
) -> Given | None:
    """Ask whether the video is played as the models get it.

    Args:
        place: Where.
        selection: What is looked at.
        folders: Where a noisy sound is kept.
        last_s: Time of the last frame, seconds.
        notices: What is wrong is added here.

    Returns:
        What to play in place of the recording, or None.
    """
    applied = selection.applied
    on = place.toggle(
        "Hear and see what the models get",
        session.AS_GIVEN.default,
        disabled=not (applied.change.dropouts or applied.corruptions),
        help=HELP,
        **session.AS_GIVEN.widget,
    )
    return attempt(partial(as_given.given, selection, folders, last_s), notices) if on else None
