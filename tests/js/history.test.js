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
