import assert from "node:assert/strict";
import { test } from "node:test";

import { Arrangement, OVERLAY, parseArrangement, SIDE } from "../../dashboard/components/player/modules/arrangement.js";
import { curve, row } from "./rows.js";

const MODELS = ["CA", "IACA"];
const ROWS = [
  row("attention"),
  row("gates_0", { slot: "gates", model: 0 }),
  row("gates_1", { slot: "gates", model: 1 }),
  row("valence", { traces: [curve("truth"), curve("CA", { model: 0 }), curve("IACA", { model: 1 })] }),
  row("difference", { traces: [curve("valence", { minus: "other" })] }),
  row("sound", { kind: "waveform", hidden: true }),
];
const keys = (arrangement, models = MODELS) => arrangement.slots(ROWS, models, Infinity).map((slot) => slot.key);

test("at first the rows are as the page has them, and those that are hidden from the start are not shown", () => {
  const arrangement = new Arrangement();
  assert.deepEqual(keys(arrangement), ["attention", "gates", "gates", "valence", "difference"]);
  assert.equal(arrangement.text, "");
});

test("a hidden row comes back where it was", () => {
  const arrangement = new Arrangement();
  arrangement.hide("gates", true);
  assert.deepEqual(keys(arrangement), ["attention", "valence", "difference"]);
  arrangement.hide("gates", false);
  assert.deepEqual(keys(arrangement), ["attention", "gates", "gates", "valence", "difference"]);
});

test("a row that is hidden from the start can be shown", () => {
  const arrangement = new Arrangement();
  arrangement.hide("sound", false);
  assert.equal(keys(arrangement).at(-1), "sound");
});

test("a row takes the place of the one that it is moved to", () => {
  const arrangement = new Arrangement();
  arrangement.move(ROWS, "valence", "attention");
  assert.deepEqual(arrangement.ordered(ROWS), ["valence", "attention", "gates", "difference", "sound"]);
  arrangement.move(ROWS, "valence", "no such row");
  assert.equal(arrangement.ordered(ROWS)[0], "valence");
});

test("keys move a row over those that are shown alone", () => {
  const arrangement = new Arrangement();
  arrangement.hide("gates", true);
  arrangement.shift(ROWS, MODELS, "valence", -1);
  assert.equal(keys(arrangement)[0], "valence");
  arrangement.shift(ROWS, MODELS, "valence", -1);
  assert.equal(keys(arrangement)[0], "valence");
});

test("a row that the order does not name yet stands after its neighbour", () => {
  const arrangement = new Arrangement({ order: ["valence", "attention"], hidden: {}, heights: {}, layout: OVERLAY });
  assert.deepEqual(arrangement.ordered(ROWS), ["valence", "difference", "sound", "attention", "gates"]);
});

test("a row keeps the height that it was given, within limits", () => {
  const arrangement = new Arrangement();
  arrangement.resize("valence", 150.4);
  const height = () => arrangement.slots(ROWS, MODELS, 100).find((slot) => slot.key === "valence").height;
  assert.equal(height(), 150);
  arrangement.resize("valence", 1);
  assert.equal(height(), 28);
  arrangement.resize("valence", 1e6);
  assert.equal(height(), 420);
  arrangement.resize("valence", null);
  assert.ok(height() < 100);
});

test("the height in print is that of the page whatever the window", () => {
  for (const slot of new Arrangement().slots(ROWS, MODELS, 10)) assert.equal(slot.printed, 100);
});

test("side by side, rows of one slot share it, one for each model", () => {
  const arrangement = new Arrangement();
  arrangement.setLayout(SIDE);
  assert.deepEqual(arrangement.panels(MODELS), [0, 1]);
  const gates = arrangement.slots(ROWS, MODELS, Infinity).filter((slot) => slot.key === "gates");
  assert.deepEqual(
    gates.map((slot) => slot.rows.map((one) => one?.key)),
    [["gates_0", "gates_1"]],
  );
});

test("side by side, a model without a row leaves its place empty", () => {
  const arrangement = new Arrangement();
  arrangement.setLayout(SIDE);
  const rows = [row("gates_1", { slot: "gates", model: 1 })];
  const [slot] = arrangement.slots(rows, MODELS, Infinity);
  assert.deepEqual(slot.rows, [null, rows[0]]);
});

test("side by side, a difference stands where a model lacks a row, and else below each of them", () => {
  const arrangement = new Arrangement();
  arrangement.setLayout(SIDE);
  const cells = (rows) => arrangement.slots(rows, MODELS, Infinity).map((slot) => slot.rows.map((one) => one?.key));
  const difference = ROWS.find((one) => one.key === "difference");
  const [first, second] = ROWS.filter((one) => one.slot === "gates");
  assert.deepEqual(cells([second, difference]), [["difference", "gates_1"]]);
  assert.deepEqual(cells([first, second, difference]), [
    ["gates_0", "gates_1"],
    ["difference", "difference"],
  ]);
});

test("of one model alone, rows of the other one and differences are not shown", () => {
  const arrangement = new Arrangement();
  arrangement.setLayout("1");
  assert.deepEqual(arrangement.panels(MODELS), [1]);
  const shown = arrangement.slots(ROWS, MODELS, Infinity).flatMap((slot) => slot.rows.map((one) => one.key));
  assert.deepEqual(shown, ["attention", "gates_1", "valence"]);
});

test("a layout that the models do not allow is an overlay", () => {
  const arrangement = new Arrangement();
  for (const layout of [SIDE, "1"]) {
    arrangement.setLayout(layout);
    assert.equal(arrangement.layout(["CA"]), OVERLAY);
  }
  arrangement.setLayout("7");
  assert.equal(arrangement.layout(MODELS), OVERLAY);
});

test("what is written can be read again", () => {
  const arrangement = new Arrangement();
  arrangement.hide("gates", true);
  arrangement.resize("valence", 150);
  arrangement.move(ROWS, "difference", "attention");
  arrangement.setLayout(SIDE);
  const again = new Arrangement(parseArrangement(arrangement.text));
  assert.deepEqual(again.state, arrangement.state);
  assert.equal(again.text, arrangement.text);
});

test("a link of before still opens", () => {
  const link = '{"order":["valence","attention"],"hidden":{"gates":true},"heights":{"valence":150},"layout":"side"}';
  assert.equal(new Arrangement(parseArrangement(link)).text, link);
});

test("what somebody else wrote is as if there were nothing", () => {
  for (const text of [null, "", "x", "null", "3", '"text"', "[1, 2]", "{}", '{"order":']) {
    assert.equal(parseArrangement(text), null);
  }
  const odd = parseArrangement(
    '{"order": [1, "valence"], "hidden": [], "heights": {"a": "high", "b": 3}, "layout": 7}',
  );
  assert.deepEqual(odd, { order: ["valence"], hidden: {}, heights: { b: 3 }, layout: OVERLAY });
});

test("a reset takes back everything but the layout", () => {
  const arrangement = new Arrangement();
  arrangement.setLayout(SIDE);
  arrangement.hide("gates", true);
  arrangement.resize("valence", 150);
  arrangement.reset();
  assert.equal(arrangement.text, '{"layout":"side"}');
});

test("every change is told", () => {
  let told = 0;
  const arrangement = new Arrangement(null, () => told++);
  arrangement.hide("gates", true);
  arrangement.resize("valence", 150);
  arrangement.move(ROWS, "difference", "attention");
  arrangement.setLayout(SIDE);
  arrangement.reset();
  assert.equal(told, 5);
});
