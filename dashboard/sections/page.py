"""What every page begins with: options, folders, and what Compare showed last."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import streamlit as st

from dashboard.sections.notices import attempt, show_notices
from dashboard.services import model_files, traces
from dashboard.state import address, known_files, session, visit
from dashboard.state.folders import Folders, Options, find_folders, read_options

if TYPE_CHECKING:
    from streamlit.delta_generator import DeltaGenerator

    from dashboard.services.model_files import Candidate, Shelf


STEPS = "_page_of_steps"
"""Session key: whether the last run was of a page with steps."""


class Page(NamedTuple):
    """One run of a page.

    Attributes:
        options: Of the command that started the dashboard.
        folders: Where data and models lie.
        notices: Everything that is wrong, in the order in which it was found; pages and sections add to it.
        asked: What the link asks of the widgets, as it was before they were drawn.
    """

    options: Options
    folders: Folders
    notices: list[str]
    asked: dict[str, list[str]]

    def device(self) -> str:
        """Where models run: where they last ran on Compare, or else the requested or the best device."""
        devices = traces.available_devices()
        preferred = attempt(lambda: str(traces.choose_device(self.options.device)), self.notices) or devices[0]
        seen = session.last_view()
        return seen.device if seen is not None and seen.device in devices else preferred

    def show_notices(self, place: DeltaGenerator, last: str = "") -> None:
        """Warn of everything that is wrong, the link first; call it once the widgets are drawn.

        Args:
            place: Where.
            last: One more sentence, or "".
        """
        address.check_choices(self.asked)
        show_notices(place, [*address.problems(), *self.notices, *filter(None, [last]), *traces.shortages()])


def begin_page(*, has_steps: bool = False) -> Page:
    """Read the options and the link, and look at files again; call it before the first widget.

    Args:
        has_steps: Whether the page has controls that are moved step by step: a run that follows another one of it takes
            files as they were last looked at, and no step waits for a disk.
    """
    follows = st.session_state.get(STEPS, False)
    st.session_state[STEPS] = has_steps
    if not (has_steps and follows):
        known_files.refresh()
    session.take_handed()
    address.leave_out_endless()
    asked = address.asked_choices()
    options = read_options()
    notices = [options.problem, model_files.plugin_problem(options.plugins)]
    if not visit.sends_cookie():
        notices.append(
            "This browser keeps no cookies, so neither videos nor curves reach it; allow them for this page."
        )
    return Page(options, find_folders(options), list(filter(None, notices)), asked)


def last_seen_models(shelf: Shelf) -> list[Candidate]:
    """Models of a folder that Compare showed last, or else the pair that it would show first."""
    seen = session.last_view()
    found = [model for model in shelf.models if seen is not None and model.path in seen.models]
    return found or [model for model in shelf.default_pair if model is not None]
