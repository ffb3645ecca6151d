import assert from "node:assert/strict";
import { test } from "node:test";

import { dashOf, polyline, stacked, valuesOf } from "../../dashboard/components/player/modules/curves.js";
import { curve } from "./rows.js";

const scale = (pixels) => ({ x: (frame) => frame, y: (value) => 10 * value, pixels });
const pairs = (line) => line.flatMap((x, i) => (i % 2 ? [] : [[x, line[i + 1]]]));

test("where there are pixels enough every frame is a point", () => {
  assert.deepEqual(polyline(Float32Array.of(1, 2, 3, 4), [1, 3], scale(100)), [1, 20, 2, 30, 3, 40]);
});

test("of more frames than pixels the smallest and the largest value of each pixel are kept, in order", () => {
  const values = Float32Array.of(5, 1, 9, 5, 0, 2, 1, 3);
  assert.deepEqual(pairs(polyline(values, [0, 7], scale(2))), [
    [1, 10],
    [2, 90],
    [4, 0],
    [7, 30],
  ]);
});

test("a peak of one frame is seen however many frames share a pixel", () => {
  const values = new Float32Array(10_000);
  values[6_789] = 1;
  const heights = pairs(polyline(values, [0, 9_999], scale(50))).map(([, y]) => y);
  assert.equal(Math.max(...heights), 10);
});

test("a gap breaks the line in every pixel that has one", () => {
  const values = new Float32Array(100).fill(1);
  values[42] = NaN;
  const gaps = pairs(polyline(values, [0, 99], scale(5))).filter(([, y]) => Number.isNaN(y));
  assert.deepEqual(gaps, [[42, NaN]]);
});

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

test("dashes are lengths in px", () => {
  assert.deepEqual(dashOf("solid"), []);
  assert.deepEqual(dashOf("5px,3px"), [5, 3]);
  assert.equal(dashOf("dot").length, 2);
});
