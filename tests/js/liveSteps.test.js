import assert from "node:assert/strict";
import { test } from "node:test";

import { textOf } from "../../dashboard/components/player/modules/liveSteps.js";

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
