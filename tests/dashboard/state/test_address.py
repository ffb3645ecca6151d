"""What a link asks for is what was written into it, and whatever else stands there is told, not raised."""

from __future__ import annotations

import pytest
import streamlit as st
from hypothesis import given
from hypothesis import strategies as some

from dashboard.state import session
from dashboard.state.address import asked_frames, check_rows, leave_out_endless, problems, put_into_url

# Without a run of a page, Streamlit keeps address and session of this process, and says so with every access.
pytestmark = pytest.mark.filterwarnings("ignore")

TEXT = some.text(max_size=40) | some.text("0123456789-+ .e", max_size=14) | some.text('{}[]":,019ae ', max_size=20)


@pytest.fixture(autouse=True)
def fresh_visit():
    yield
    st.query_params.clear()
    st.session_state.clear()


def visit(**parameters: str) -> None:
    st.session_state.clear()
    st.query_params.from_dict(parameters)


@given(data=some.data(), frames=some.integers(3, 10**6))
def test_frame_and_range_are_read_as_the_player_writes_them(data, frames):
    frame = data.draw(some.integers(0, frames - 1))
    first = data.draw(some.integers(0, frames - 2))
    last = data.draw(some.integers(first + 1, frames - 1))
    visit(frame=str(frame), range=f"{first}-{last}")
    assert asked_frames(frames) == (frame, (first, last))
    assert problems() == []


@given(place=TEXT, span=TEXT, frames=some.integers(1, 500))
def test_any_text_is_a_frame_and_a_range_that_exist_or_is_reported(place, span, frames):
    visit(frame=place, range=span)
    frame, limits = asked_frames(frames)
    assert frame is None or 0 <= frame < frames
    assert limits is None or 0 <= limits[0] < limits[1] < frames
    assert len(problems()) == (frame is None) + (limits is None)


@given(text=TEXT)
def test_any_text_is_a_row_layout_or_is_reported(text):
    visit(rows=text)
    check_rows()
    assert len(problems()) <= 1
    if not text.strip().startswith("{"):
        assert len(problems()) == 1


@given(field=some.sampled_from([session.SUBJECT, session.CHECKPOINT, session.ROWS]), value=some.text(max_size=40))
def test_what_is_put_into_the_address_is_what_it_asks_for(field, value):
    visit()
    put_into_url(field, value)
    assert session.asked(field) == value
    assert session.chosen(field) == (value or field.default)
    put_into_url(field, None)
    assert session.asked(field) is None


def test_numbers_without_end_are_left_out_of_the_address_before_a_widget_reads_them(monkeypatch):
    again = []
    monkeypatch.setattr(st, "rerun", lambda: again.append(True))
    visit(seed="1e400", dropout="nan", subject="inf", temperature="2", face_dropout="20")
    leave_out_endless()
    assert st.query_params.to_dict() == {"subject": "inf", "temperature": "2", "face_dropout": "20"}
    assert "This link sets seed to '1e400', which is not finite; expected a number." in problems()
    leave_out_endless()
    assert again == [True]
