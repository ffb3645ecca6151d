import assert from "node:assert/strict";
import { test } from "node:test";

import { withParameters } from "../../dashboard/components/player/modules/address.js";

const PAGE = "http://localhost/?subject=a&frame=3";

test("parameters are set, replaced and taken away, and the others stay", () => {
  assert.equal(withParameters(PAGE, { frame: "7" }), "http://localhost/?subject=a&frame=7");
  assert.equal(withParameters(PAGE, { range: "2-9" }), "http://localhost/?subject=a&frame=3&range=2-9");
  assert.equal(withParameters(PAGE, { frame: null }), "http://localhost/?subject=a");
});

test("taking away what is not there changes nothing", () => {
  assert.equal(withParameters(PAGE, { rows: null }), PAGE);
});

test("any text can be a parameter", () => {
  const text = '{"order":["a & b"]}';
  assert.equal(new URL(withParameters(PAGE, { rows: text })).searchParams.get("rows"), text);
});
