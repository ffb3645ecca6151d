import assert from "node:assert/strict";
import { test } from "node:test";

import { History } from "../../dashboard/components/player/modules/history.js";

/** Two values whose setters note changes by themselves, as those of the player do. */
function kept() {
  const state = { rows: "", range: "null" };
  const aspect = (name) => ({ read: () => state[name], write: (text) => change(name, text) });
  const history = new History({ rows: aspect("rows"), range: aspect("range") });
  const change = (name, text) => {
    state[name] = text;
    history.note();
  };
  return { state, history, change };
}

test("changes are taken back in the order of their making, and done again", () => {
  const { state, history, change } = kept();
  change("rows", "a");
  change("range", "[1,2]");
  change("rows", "b");
  history.undo();
  assert.deepEqual(state, { rows: "a", range: "[1,2]" });
  history.undo();
  history.undo();
  assert.deepEqual(state, { rows: "", range: "null" });
  history.undo();
  assert.deepEqual(state, { rows: "", range: "null" });
  for (let i = 0; i < 4; i++) history.redo();
  assert.deepEqual(state, { rows: "b", range: "[1,2]" });
});

test("what was taken back is forgotten once something else is changed", () => {
  const { state, history, change } = kept();
  change("rows", "a");
  history.undo();
  change("range", "[1,2]");
  history.redo();
  assert.deepEqual(state, { rows: "", range: "[1,2]" });
});

test("a note without a change is no step", () => {
  const { history, change } = kept();
  change("rows", "");
  history.note();
  assert.equal(history.past.length, 0);
});

test("changes of what is no longer there are forgotten, and others stay", () => {
  const { state, history, change } = kept();
  change("rows", "a");
  change("range", "[1,2]");
  state.range = "[7,9]";
  history.forget("range");
  history.note();
  history.undo();
  assert.deepEqual(state, { rows: "", range: "[7,9]" });
  history.undo();
  assert.deepEqual(state, { rows: "", range: "[7,9]" });
});

test("the history has an end", () => {
  const { state, history, change } = kept();
  for (let i = 1; i <= 500; i++) change("rows", String(i));
  while (history.past.length) history.undo();
  assert.equal(state.rows, "300");
});

/** A slider that glides, and a value that is not known at first. */
function gliding() {
  const state = { slider: null };
  const history = new History({
    slider: { read: () => state.slider, write: (text) => (state.slider = text), glides: true },
  });
  const change = (text, now) => {
    state.slider = text;
    history.note(now);
  };
  return { state, history, change };
}

test("what becomes known is no change", () => {
  const { history, change } = gliding();
  change("40", 0);
  assert.equal(history.past.length, 0);
  change("45", 10);
  assert.equal(history.past.length, 1);
});

test("steps of a slider in quick succession are one change, and those after a rest another", () => {
  const { state, history, change } = gliding();
  change("0", 0);
  for (const [text, now] of [
    ["5", 1000],
    ["10", 2000],
    ["15", 3000],
    ["20", 9000],
  ])
    change(text, now);
  history.undo();
  assert.equal(state.slider, "15");
  history.undo();
  assert.equal(state.slider, "0");
  history.redo();
  assert.equal(state.slider, "15");
});

test("a slider that comes back at once has not changed", () => {
  const { history, change } = gliding();
  change("0", 0);
  change("5", 100);
  change("0", 200);
  assert.equal(history.past.length, 0);
});
