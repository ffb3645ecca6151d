import assert from "node:assert/strict";
import { test } from "node:test";

import { GAP, gapAbove, HIGHEST, LOWEST, rowHeights } from "../../dashboard/components/player/modules/rowHeights.js";
import { curve, row } from "./rows.js";

const group = (height, key) => ({ key, height, gap: GAP, rows: [row(key)] });
const GROUPS = [group(120, "a"), group(80, "b"), group(60, "c")];
const sum = (heights) => heights.reduce((all, height) => all + height, 0);

test("where the page scrolls, rows are as high as the page has them", () => {
  assert.deepEqual(rowHeights(GROUPS, Infinity), [120, 80, 60]);
});

test("a row whose names do not fit beside its title has lines for them above it, which rows have less room for", () => {
  const names = ["CA", "CA+IACA", "JCA", "JCA+IACA", "RJCA", "RJCA+IACA"].flatMap((one) => [
    `audio, ${one}`,
    `visual, ${one}`,
  ]);
  const many = row("attention", { traces: names.map((name) => curve(name)) });
  const hidden = row("attention", { traces: names.map((name) => curve(name, { legend: false })) });
  assert.equal(gapAbove(many, 5000), GAP);
  assert.equal(gapAbove(hidden, 300), GAP);
  assert.ok(gapAbove(many, 840) > GAP);
  assert.ok(gapAbove(many, 400) > gapAbove(many, 840));
  const wide = { ...GROUPS[0], gap: GAP + 16 };
  const used = sum(rowHeights([wide, ...GROUPS.slice(1)], 300)) + 3 * GAP + 16;
  assert.ok(used <= 300 && used > 297, `${used} of 300 px`);
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
