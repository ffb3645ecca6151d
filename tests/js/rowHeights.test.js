import assert from "node:assert/strict";
import { test } from "node:test";

import { GAP, HIGHEST, LOWEST, rowHeights } from "../../dashboard/components/player/modules/rowHeights.js";
import { row } from "./rows.js";

const group = (height, key) => ({ key, height, rows: [row(key)] });
const GROUPS = [group(120, "a"), group(80, "b"), group(60, "c")];
const sum = (heights) => heights.reduce((all, height) => all + height, 0);

test("where the page scrolls, rows are as high as the page has them", () => {
  assert.deepEqual(rowHeights(GROUPS, Infinity), [120, 80, 60]);
});

test("with less or more room than that they fill it, gaps included", () => {
  for (const room of [230, 300, 700]) {
    const used = sum(rowHeights(GROUPS, room)) + GROUPS.length * GAP;
    assert.ok(used <= room && used > room - GROUPS.length, `${used} of ${room} px`);
  }
});

test("on a large screen they grow in proportion, and not without end", () => {
  assert.deepEqual(rowHeights(GROUPS, 2 * 260 + 3 * GAP), [240, 160, 120]);
  assert.deepEqual(rowHeights([GROUPS[0]], 5000), [HIGHEST]);
});

test("every row can be read, however little room there is", () => {
  const [high, middle, low] = rowHeights(GROUPS, 0);
  assert.ok(high > middle && middle > low && low === LOWEST);
});

test("a row that is lower than that from the start stays as it is", () => {
  assert.deepEqual(rowHeights([group(20, "a")], 0), [20]);
});

test("no rows have no heights", () => {
  assert.deepEqual(rowHeights([], 500), []);
});
