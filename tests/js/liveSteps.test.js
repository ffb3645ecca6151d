import assert from "node:assert/strict";
import { test } from "node:test";

import { textOf, unpack } from "../../dashboard/components/player/modules/liveSteps.js";

/** An input as far as its value is read. */
const input = (properties, attributes = {}) => ({
  validity: { valid: true },
  getAttribute: (name) => attributes[name] ?? null,
  ...properties,
});

test("values are spelled as in the address", () => {
  assert.equal(textOf(input({ type: "checkbox", checked: true })), "true");
  assert.equal(textOf(input({ type: "checkbox", checked: false })), "false");
  assert.equal(textOf(input({ type: "range", value: "6" }, { "aria-valuetext": "0.5" })), "0.5");
  assert.equal(textOf(input({ type: "text", value: "block" }, { "aria-expanded": "false" })), "block");
  assert.equal(textOf(input({ type: "number", value: "12" })), "12");
});

test("what is being typed or searched is no value", () => {
  assert.equal(textOf(input({ type: "number", value: "" })), null);
  assert.equal(textOf(input({ type: "number", value: "1.5", validity: { valid: false } })), null);
  assert.equal(textOf(input({ type: "text", value: "blo" }, { "aria-expanded": "true" })), null);
});

test("live tables are found behind the line of JSON, and the others by their address", () => {
  const tables = [
    [["truth_valence"], "frames", 1, 3, "/iaca/table/abc"],
    [["a", "b"], "held", 4, 2, "live_0"],
    [["c"], "linear", 4, 2, "live_1"],
  ];
  const head = JSON.stringify({ spec: { subject: "ä\n" }, tables });
  const line = new TextEncoder().encode(head);
  const padding = (4 - ((line.length + 1) % 4)) % 4;
  const content = new Uint8Array([
    ...line,
    ...Array(padding).fill(32),
    10,
    ...new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, NaN).buffer),
  ]);
  const answer = unpack(content.buffer);
  assert.equal(answer.spec.subject, "ä\n");
  assert.deepEqual(answer.tables, tables);
  const columns = (place, i) => [...answer[place].getChildAt(i).toArray()];
  assert.deepEqual(columns("live_0", 0), [1, 2]);
  assert.deepEqual(columns("live_0", 1), [3, 4]);
  assert.deepEqual(columns("live_1", 0), [5, NaN]);
});
