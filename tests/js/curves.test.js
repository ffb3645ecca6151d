import assert from "node:assert/strict";
import { test } from "node:test";

import { dashOf, stacked, valuesOf } from "../../dashboard/components/player/modules/curves.js";
import { curve } from "./rows.js";

test("a difference is its column less the other one, and nothing where either is missing", () => {
  const frames = { a: Float32Array.of(3, 4), b: Float32Array.of(1, 1) };
  assert.deepEqual([...valuesOf(curve("a"), frames)], [3, 4]);
  assert.deepEqual([...valuesOf(curve("a", { minus: "b" }), frames)], [2, 3]);
  assert.equal(valuesOf(curve("a", { minus: "c" }), frames), undefined);
  assert.equal(valuesOf(curve("c"), frames), undefined);
});

test("stacked weights lie on the sum of those before them, and other curves on none", () => {
  const frames = { a: Float32Array.of(0.5), b: Float32Array.of(0.25), c: Float32Array.of(0.25), d: Float32Array.of(7) };
  const curves = [
    curve("a", { stack: "first" }),
    curve("b", { stack: "next" }),
    curve("c", { stack: "next" }),
    curve("d"),
  ];
  assert.deepEqual(
    stacked(curves, frames).map(({ values }) => values[0]),
    [0.5, 0.75, 1, 7],
  );
});

test("a column that did not come is left out of its stack", () => {
  const frames = { a: Float32Array.of(0.5), c: Float32Array.of(0.25) };
  const curves = [curve("a", { stack: "first" }), curve("b", { stack: "next" }), curve("c", { stack: "next" })];
  assert.deepEqual(
    stacked(curves, frames).map(({ curve: one, values }) => [one.name, values[0]]),
    [
      ["a", 0.5],
      ["c", 0.75],
    ],
  );
});

test("a line is filled down to the column that it names, and to zero where that did not come", () => {
  const frames = { low: Float32Array.of(0.1, 0.2), high: Float32Array.of(0.4, 0.6) };
  const [filled, other] = stacked([curve("high", { floor: "low" }), curve("high", { floor: "gone" })], frames);
  assert.equal(filled.floor, frames.low);
  assert.equal(other.floor, null);
});

test("dashes are lengths in px", () => {
  assert.deepEqual(dashOf("solid"), []);
  assert.deepEqual(dashOf("5px,3px"), [5, 3]);
  assert.equal(dashOf("dot").length, 2);
});
