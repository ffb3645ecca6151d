"""The route of the live controls, asked from outside: who is answered, what is refused, and that the newest wins."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections import OrderedDict
from queue import Empty, Queue

import pytest
from starlette.requests import Request

from dashboard import steps
from dashboard.admission import COOKIE
from dashboard.state import visit

MINE, OTHERS = "m" * 43, "o" * 43
IDENTIFIER = "a" * 64


@pytest.fixture
def desk():
    """Where the steps of one tab of one visit arrive; what it was asked stands in `asked`."""
    asked = []

    def answer(values):
        asked.append(values)
        if values.get("seed") == "wrong":
            raise steps.StepError("seed is 'wrong'; expected a number")
        if values.get("seed") == "damaged":
            raise OSError("/secret/model.safetensors is damaged")
        return json.dumps(values).encode()

    found = steps.Desk(IDENTIFIER, answer)
    found.asked = asked
    steps._desks[visit.key_of(MINE)] = OrderedDict(tab=found)
    yield found
    steps.forget(visit.key_of(MINE))


def request(body=b"{}", *, cookie=MINE, identifier=IDENTIFIER, pieces=1):
    """A request as the server hands it to the route."""
    size = -(-len(body) // pieces) or 1
    left = [body[start : start + size] for start in range(0, len(body), size)] or [b""]

    async def receive():
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    headers = [(b"cookie", f"{COOKIE}={cookie}".encode())] if cookie else []
    scope = {"type": "http", "method": "POST", "headers": headers, "path_params": {"identifier": identifier}}
    return Request(scope, receive)


def ask(*requests):
    """Status and text of each, asked at once."""

    async def all_of_them():
        return await asyncio.gather(*map(steps.serve, requests))

    return [(one.status_code, one.body.decode()) for one in asyncio.run(all_of_them())]


def test_a_step_of_ones_own_view_is_answered_and_nobody_keeps_the_answer(desk):
    response = asyncio.run(steps.serve(request(b'{"seed": "1"}', pieces=3)))
    assert (response.status_code, response.body) == (200, b'{"seed": "1"}')
    assert response.headers["Cache-Control"] == "no-store"
    assert desk.asked == [{"seed": "1"}]


@pytest.mark.parametrize("cookie", [OTHERS, "", "no cookie of ours"])
def test_the_view_of_another_visit_is_not_there(desk, cookie):
    assert ask(request(cookie=cookie)) == [(404, "This view is not open in this browser.")]
    assert not desk.asked


@pytest.mark.parametrize("identifier", ["b" * 64, "", "..%2f..%2fetc", "ä"])
def test_a_view_that_is_not_there_is_one_sentence(desk, identifier):
    assert ask(request(identifier=identifier)) == [(404, "This view is not open in this browser.")]


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"[]", b"1", b"NaN", b'"text"', b'{"seed": 1}', b'{"seed": NaN}', b'{"seed": null}', b"\xff\xfe",
        b"[" * 3000, b'{"seed": {"seed": "1"}}',
    ],
)  # fmt: skip
def test_what_is_no_object_of_texts_is_one_sentence(desk, body):
    ((status, sentence),) = ask(request(body))
    assert status == 400
    assert "expected values by their names" in sentence
    assert not desk.asked


def test_a_huge_request_is_not_read_to_its_end(desk):
    ((status, sentence),) = ask(request(b'{"seed": "' + b"1" * 10_000_000 + b'"}', pieces=1000))
    assert (status, sentence) == (
        400,
        "The request is larger than 4,096 bytes; expected values by their names.",
    )
    assert not desk.asked


def test_a_value_that_cannot_be_is_told_and_a_fault_of_the_files_is_not(desk):
    (wrong,) = ask(request(b'{"seed": "wrong"}'))
    assert wrong == (400, "seed is 'wrong'; expected a number.")
    (damaged,) = ask(request(b'{"seed": "damaged"}'))
    assert damaged == (422, "The models cannot answer this; the page says why.")


def test_only_the_newest_of_the_waiting_steps_is_computed(desk):
    begun, go_on = threading.Event(), threading.Event()
    first, answer = True, desk.answer

    def slowly(values):
        nonlocal first
        if first:
            first = False
            begun.set()
            assert go_on.wait(30)
        return answer(values)

    desk.answer = slowly

    async def in_turn():
        pending = [asyncio.create_task(steps.serve(request(b'{"seed": "0"}')))]
        while not begun.is_set():
            await asyncio.sleep(0.001)
        pending += [asyncio.create_task(steps.serve(request(f'{{"seed": "{i}"}}'.encode()))) for i in range(1, 6)]
        while desk.newest < 6:
            await asyncio.sleep(0.001)
        assert not desk.is_quiet()
        go_on.set()
        return [(one.status_code, one.body) for one in await asyncio.gather(*pending)]

    answers = asyncio.run(in_turn())
    overtaken = (409, b"A newer step has overtaken this one.")
    assert answers == [(200, b'{"seed": "0"}'), *[overtaken] * 4, (200, b'{"seed": "5"}')]
    assert [values["seed"] for values in desk.asked] == ["0", "5"]


@pytest.mark.parametrize("other_s", [None, 60.0, 0.0])
def test_what_may_be_asked_for_next_is_computed_while_the_hand_rests_and_nobody_else_asks(desk, monkeypatch, other_s):
    monkeypatch.setattr(steps, "REST_S", 0.01)
    prepared = Queue()
    desk.controls = ("seed",)
    desk.prepare = lambda before, now, is_wanted: prepared.put((before, now, is_wanted(), visit.current()))
    if other_s is not None:
        other = steps.Desk("b" * 64, desk.answer)
        other.last_s = time.monotonic() - other_s
        steps._desks[visit.key_of(MINE)]["other tab"] = other
    for seed in "1223":
        ask(request(json.dumps({"seed": seed, "seen": "0-9/5"}).encode()))
    if other_s == 0.0:
        with pytest.raises(Empty):
            prepared.get(timeout=0.2)
        return
    newest = {"seed": "2"}, {"seed": "3"}, True, visit.key_of(MINE)
    for found in iter(lambda: prepared.get(timeout=30), newest):
        assert found[:2] in (({}, {"seed": "1"}), ({"seed": "1"}, {"seed": "2"}), newest[:2])


def test_a_visit_that_has_ended_takes_no_steps(desk):
    steps.forget(visit.key_of(MINE))
    assert ask(request())[0][0] == 404
