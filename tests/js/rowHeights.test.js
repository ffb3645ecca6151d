import assert from "node:assert/strict";
import { test } from "node:test";

import { GAP, rowHeights } from "../../dashboard/components/player/modules/rowHeights.js";
import { curve, row } from "./rows.js";

const group = (height, names) => ({
  key: names[0],
  height,
  rows: [row(names[0], { traces: names.map((name) => curve(name)) })],
});
const GROUPS = [group(120, ["a", "b"]), group(80, ["c"]), group(60, ["d", "e", "f"])];
const sum = (heights) => heights.reduce((all, height) => all + height, 0);

test("with room for all, rows are as high as the page has them", () => {
  assert.deepEqual(rowHeights(GROUPS, 1000), [120, 80, 60]);
  assert.deepEqual(rowHeights(GROUPS, Infinity), [120, 80, 60]);
});

test("with less room they fill it, gaps included", () => {
  const room = 230;
  const used = sum(rowHeights(GROUPS, room)) + 2 * GAP;
  assert.ok(used <= room && used > room - GROUPS.length, `${used} of ${room} px`);
});

test("no row is lower than its legend, however little room there is", () => {
  const [first, second, third] = rowHeights(GROUPS, 0);
  assert.ok(first >= 43 && second >= 28 && third >= 57);
});

test("a row that is lower than its legend from the start stays as it is", () => {
  assert.deepEqual(rowHeights([group(20, ["a", "b", "c"])], 0), [20]);
});

test("a name that two panels share takes one line", () => {
  const twice = { key: "a", height: 200, rows: [row("a"), row("a")] };
  assert.deepEqual(rowHeights([twice], 0), rowHeights([{ ...twice, rows: [row("a"), null] }], 0));
});

test("curves without a legend take none", () => {
  const ghost = { key: "a", height: 200, rows: [row("a", { traces: [curve("a"), curve("b", { legend: false })] })] };
  assert.deepEqual(rowHeights([ghost], 0), rowHeights([{ ...ghost, rows: [row("a")] }], 0));
});

test("no rows have no heights", () => {
  assert.deepEqual(rowHeights([], 500), []);
});
