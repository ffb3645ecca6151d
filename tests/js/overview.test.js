import assert from "node:assert/strict";
import { test } from "node:test";

import { moved, whereabouts } from "../../dashboard/components/player/modules/overview.js";

const WHOLE = [0, 60];

test("the body of the window pans, and its edges resize it", () => {
  assert.deepEqual(moved([10, 20], "body", 5, WHOLE), [15, 25]);
  assert.deepEqual(moved([10, 20], "start", 5, WHOLE), [15, 20]);
  assert.deepEqual(moved([10, 20], "end", 5, WHOLE), [10, 25]);
});

test("the window goes to the ends of the recording and no further", () => {
  assert.deepEqual(moved([10, 20], "body", Infinity, WHOLE), [50, 60]);
  assert.deepEqual(moved([10, 20], "start", -Infinity, WHOLE), [0, 20]);
  assert.deepEqual(moved([10, 20], "end", Infinity, WHOLE), [10, 60]);
});

test("a cursor out of sight is said to be left or right, and one in sight nothing", () => {
  assert.equal(whereabouts(12.34, [20, 30]), "Cursor at 12.3 s is left of what is shown – show it");
  assert.equal(whereabouts(42, [20, 30]), "Cursor at 42.0 s is right of what is shown – show it");
  assert.equal(whereabouts(20, [20, 30]), "");
});
