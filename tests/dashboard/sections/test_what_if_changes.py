"""States of What if have names, and come back by them."""

from __future__ import annotations

import pytest
from streamlit.testing.v1 import AppTest


def page():
    import streamlit as st

    from dashboard.components.player import WhatIfState
    from dashboard.sections import what_if_changes
    from dashboard.state import session

    def back():
        what_if_changes.restore(WhatIfState(st.session_state["wanted"], "token"))

    st.slider("share", 0, 100, session.SHARE.default, key=session.SHARE.key)
    st.text_input("wanted", key="wanted")
    st.button("back", on_click=back)
    state = what_if_changes.current()
    st.caption(f"{state.name} {state.token}")


@pytest.fixture
def app():
    return AppTest.from_function(page).run()


def shown(app):
    return app.caption[0].value.split()


def test_equal_values_have_equal_names_and_others_do_not(app):
    first, token = shown(app)
    assert token == "None"
    app.slider[0].set_value(80).run()
    assert shown(app)[0] != first
    app.slider[0].set_value(40).run()
    assert shown(app)[0] == first


def test_a_state_comes_back_by_its_name(app):
    app.slider[0].set_value(80).run()
    name, _ = shown(app)
    app.slider[0].set_value(5).run()
    app.text_input[0].set_value(name).run()
    app.button[0].click().run()
    assert app.slider[0].value == 80
    assert shown(app) == [name, "token"]


def test_a_name_that_the_visit_does_not_know_changes_nothing(app):
    before, _ = shown(app)
    app.text_input[0].set_value("0123456789abcdef").run()
    app.button[0].click().run()
    assert not app.exception
    assert shown(app) == [before, "token"]


def test_the_first_states_are_forgotten_in_the_end(app, monkeypatch):
    monkeypatch.setattr("dashboard.sections.what_if_changes.MOST", 2)
    first, _ = shown(app)
    for share in (10, 20, 30):
        app.slider[0].set_value(share).run()
    assert first not in app.session_state["what_if_states"]
    assert len(app.session_state["what_if_states"]) == 2
