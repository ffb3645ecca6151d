"""What the player is sent: plain data, and columns that it makes whole again."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np

import dashboard.components
from dashboard.timeline import transport
from iaca.config import DropoutConfig
from tests.dashboard.timeline.drawing import SPEC, draw, rows_of

KEPT: list[bytes] = []


def keep(content):
    """Keeps bytes as the server does, and says where."""
    KEPT.append(content)
    return str(len(KEPT) - 1)


def fetched(place):
    """What the server answers at the address of a table."""
    return KEPT[int(place)]


def received(figure):
    """Name -> values of every frame, as the player makes them, and the names of columns that travel in the update."""
    tables, live = transport.tables(figure, keep)
    frame = np.arange(len(figure.pts_s))
    columns, alive = {}, set()
    for table in tables:
        if table.place in live:
            sent = {name: live[table.place][name].to_numpy() for name in table.columns}
            alive |= set(table.columns)
        else:
            numbers = np.frombuffer(fetched(table.place), np.float32).reshape(len(table.columns), table.length)
            sent = dict(zip(table.columns, numbers, strict=True))
        for name, values in sent.items():
            assert name not in columns
            ends = frame[:: table.stride]
            columns[name] = np.interp(frame, ends, values) if table.how == "linear" else values[frame // table.stride]
    return columns, alive


def test_the_player_makes_every_column_whole_again(features, models):
    figure = draw(features, models, DropoutConfig(share=0.4))
    columns, _ = received(figure)
    assert set(columns) == {transport.name_of(column) for column in figure.columns}
    for column, samples in figure.columns.items():
        np.testing.assert_allclose(columns[transport.name_of(column)], samples.values, atol=1e-6)


def test_only_what_the_change_moves_travels_in_the_update(features, models):
    _, alive = received(draw(features, models))
    assert not alive
    columns, alive = received(draw(features, models, DropoutConfig(share=0.4)))
    assert alive == {name for name in columns if not name.startswith("truth") and not name.endswith("_ghost")}


def test_every_column_of_the_spec_is_sent(features, models):
    figure = draw(features, models, DropoutConfig(share=0.3))
    spec = json.loads(json.dumps(transport.spec(figure)))
    columns, _ = received(figure)
    curves = [curve for row in spec["rows"] for curve in row["traces"]]
    assert {curve["column"] for curve in curves} | {point["valence"] for point in spec["points"]} <= set(columns)
    rows = {row["key"]: row for row in spec["rows"]}
    assert list(rows) == list(rows_of(figure))
    assert rows["stage2_1"]["slot"] == "stage2"
    assert rows["valence"]["slot"] == ""
    names = [curve["column"] for curve in rows["valence"]["traces"]]
    assert names == ["truth_valence", "0_valence", "1_valence", "0_valence_ghost", "1_valence_ghost"]
    assert [curve["model"] for curve in rows["valence"]["traces"]] == [None, 0, 1, 0, 1]
    assert spec["points"][0]["arousal"] == "truth_arousal"
    assert spec["points"][2]["arousal"] == "1_arousal"


def typed(interface):
    """Fields that the browser's types give an interface."""
    types = Path(dashboard.components.__file__).with_name("types.d.ts").read_text(encoding="utf-8")
    body = re.search(rf"^export interface {interface} {{$(.*?)^}}$", types, re.MULTILINE | re.DOTALL)[1]
    return set(re.findall(r"^  (\w+):", body, re.MULTILINE))


def test_the_types_of_the_browser_name_what_it_is_sent(features, models):
    spec = transport.spec(draw(features, models, DropoutConfig(share=0.3)))
    assert set(spec) == typed("Spec")
    for name, one in {
        "Row": spec["rows"][0],
        "Curve": spec["rows"][0]["traces"][0],
        "Band": spec["bands"][0],
        "Point": spec["points"][0],
    }.items():
        assert set(one) == typed(name), name


def test_a_difference_is_of_both_models(features, models):
    [row] = [row for row in transport.spec(draw(features, models))["rows"] if row["key"] == "difference"]
    for curve, target in zip(row["traces"], ("valence", "arousal"), strict=True):
        assert (curve["column"], curve["minus"], curve["model"]) == (f"1_{target}", f"0_{target}", None)


def test_the_clock_has_the_times_of_frames_and_of_pictures(features, models):
    frames, pictures = transport.clock(draw(features, models), np.array([0.5, 0.54]), keep)
    np.testing.assert_array_equal(np.frombuffer(fetched(frames.place)), features.pts_s)
    assert frames.length == SPEC.frames
    np.testing.assert_array_equal(np.frombuffer(fetched(pictures.place)), [0.5, 0.54])


def test_a_step_holds_what_travels_and_names_the_rest(features, models):
    figure = draw(features, models, DropoutConfig(share=0.4))
    packed = transport.packed(figure, keep)
    line, _, _ = packed.partition(b"\n")
    assert (len(line) + 1) % 4 == 0
    head = json.loads(line)
    assert head["spec"] == json.loads(json.dumps(transport.spec(figure)))
    tables, live = transport.tables(figure, keep)
    assert [table[:4] for table in head["tables"]] == [[list(one.columns), *one[1:4]] for one in tables]
    numbers = np.frombuffer(packed, np.float32, offset=len(line) + 1)
    expected = [column.to_numpy() for table in live.values() for column in table.columns]
    np.testing.assert_array_equal(numbers, np.concatenate(expected))
    kept = {table[4] for table in head["tables"]} - live.keys()
    assert {fetched(place) for place in kept} == {fetched(one.place) for one in tables if one.place not in live}
