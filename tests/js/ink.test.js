import assert from "node:assert/strict";
import { test } from "node:test";

import { columnsOf, Ink, reachOf } from "../../dashboard/components/player/modules/ink.js";

const BOX = { left: 1, top: 1, width: 4, height: 4 };
const BLACK = [0, 0, 0];
const identity = (value) => value;

/** Opacity of every pixel of a picture of 6 by 6, row by row, 0 to 255. */
function opacities(ink) {
  return Array.from({ length: 6 }, (_, row) =>
    Array.from({ length: 6 }, (_, column) => ink.pixels[4 * (6 * row + column) + 3]),
  );
}

function cleared() {
  const ink = new Ink();
  ink.clear(6, 6);
  return ink;
}

const reach = (top, bottom = top) => ({ top: Float32Array.from(top), bottom: Float32Array.from(bottom) });

test("frames fall into columns by their time, also where it does not pass evenly", () => {
  const times = Float64Array.of(0, 1, 2, 3, 10);
  assert.deepEqual([...columnsOf(times, [0, 4], [0, 10], 10)], [0, 1, 2, 3, 10]);
  assert.deepEqual([...columnsOf(times, [1, 3], [2, 3], 4)], [-4, 0, 4]);
});

test("in each column a curve reaches from its lowest to its highest value and to where it comes from", () => {
  const values = Float32Array.of(5, 1, 9, 5, 0, 2, 1, 3);
  const { top, bottom } = reachOf(values, 0, Int32Array.of(0, 0, 0, 0, 1, 1, 1, 1), 2, identity);
  assert.deepEqual([...top], [1, 0]);
  assert.deepEqual([...bottom], [9, 5]);
});

test("a peak of one frame is seen however many frames share a pixel", () => {
  const values = new Float32Array(10_000);
  values[6_789] = 1;
  const columns = Int32Array.from({ length: 10_000 }, (_, i) => Math.floor(i / 200));
  const { bottom } = reachOf(values, 0, columns, 50, identity);
  assert.deepEqual(
    [...bottom].flatMap((value, i) => (value ? [i] : [])),
    [33],
  );
});

test("a column without frames lies on the line between its neighbours, and one without values is empty", () => {
  const { top } = reachOf(Float32Array.of(0, 4, NaN, NaN, 8), 0, Int32Array.of(0, 4, 5, 6, 7), 8, identity);
  assert.deepEqual([...top], [0, 1, 2, 3, 4, NaN, NaN, 8]);
});

test("values outside of the view reach into it and no further", () => {
  const { top } = reachOf(Float32Array.of(0, 8), 0, Int32Array.of(-4, 4), 4, identity);
  assert.deepEqual([...top], [4, 5, 6, 7]);
});

test("a line covers the pixels at its ends in part, and none outside of its box", () => {
  const ink = cleared();
  ink.line(reach([0, 2, 2.25, NaN], [0, 2, 4, NaN]), BOX, BLACK, 1, 1, []);
  assert.deepEqual(opacities(ink), [
    [0, 0, 0, 0, 0, 0],
    [0, 128, 0, 0, 0, 0],
    [0, 0, 128, 64, 0, 0],
    [0, 0, 128, 255, 0, 0],
    [0, 0, 0, 255, 0, 0],
    [0, 0, 0, 0, 0, 0],
  ]);
});

test("a dashed line has gaps where its dashes say", () => {
  const ink = cleared();
  ink.line(reach([1, 1, 1, 1]), BOX, BLACK, 1, 2, [2, 1]);
  assert.deepEqual(opacities(ink)[1], [0, 255, 255, 0, 255, 0]);
});

test("where a dashed line is steep its dashes follow it", () => {
  const ink = cleared();
  ink.line(reach([0], [4]), BOX, BLACK, 1, 0, [1, 1]);
  assert.deepEqual(
    opacities(ink).map((row) => row[1]),
    [0, 255, 0, 255, 0, 0],
  );
});

test("an area lies between the middles of two curves, or of a curve and a height, and colours mix", () => {
  const ink = cleared();
  ink.area(reach([1, 1, 1, 1], [3, 3, 3, 3]), 4, BOX, [255, 0, 0], 0.5);
  ink.area(reach([0, 0, 0, 0]), reach([3, 3, 3, NaN]), BOX, [0, 0, 255], 0.5);
  assert.deepEqual(
    opacities(ink).map((row) => row[1]),
    [0, 128, 128, 192, 128, 0],
  );
  assert.deepEqual([...ink.pixels.slice(4 * 19, 4 * 19 + 3)], [85, 0, 170]);
  assert.equal(opacities(ink)[1][4], 0);
});

test("a dotted area is covered by dots, about a tenth of it, and a new picture is empty", () => {
  const ink = new Ink();
  ink.clear(64, 64);
  const whole = { left: 0, top: 0, width: 64, height: 64 };
  ink.area(reach(Array(64).fill(0)), 64, whole, BLACK, 1, 1);
  const covered = ink.pixels.reduce((sum, value) => sum + value, 0) / 255 / 64 ** 2;
  assert.ok(Math.abs(covered - (2 * Math.PI * 1.1 ** 2) / 64) < 0.03, String(covered));
  ink.clear(64, 64);
  assert.ok(ink.pixels.every((value) => value === 0));
});
