import assert from "node:assert/strict";
import { test } from "node:test";

import { isBeyond } from "../../dashboard/components/player/modules/readout.js";

test("a value lies beyond the scale as it is printed, with two digits", () => {
  assert.deepEqual([1.01, -1.2].map(isBeyond), [true, true]);
  assert.deepEqual([1, -1, 1.004, 0, NaN, undefined].map(isBeyond), Array(6).fill(false));
});
