import assert from "node:assert/strict";
import { test } from "node:test";

import { nextMark } from "../../dashboard/components/player/modules/marks.js";

const MARKS = [1, 2, 3].map((second) => ({ second }));

test("the next mark is the first one later, the previous one the last one earlier", () => {
  assert.equal(nextMark(MARKS, 1.5, 1), MARKS[1]);
  assert.equal(nextMark(MARKS, 2.5, -1), MARKS[1]);
});

test("the mark at the cursor is neither", () => {
  assert.equal(nextMark(MARKS, 2.0005, 1), MARKS[2]);
  assert.equal(nextMark(MARKS, 1.9995, -1), MARKS[0]);
});

test("there is none after the last and before the first", () => {
  assert.equal(nextMark(MARKS, 3, 1), undefined);
  assert.equal(nextMark(MARKS, 1, -1), undefined);
});
