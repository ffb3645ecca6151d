import assert from "node:assert/strict";
import { test } from "node:test";

import { expand } from "../../dashboard/components/player/modules/columns.js";

const VALUES = Float32Array.of(0, 1, 3);

test("a value a frame stays as it is", () => {
  assert.equal(expand(VALUES, "frames", 1, 3), VALUES);
  assert.equal(expand(VALUES, "held", 1, 3), VALUES);
});

test("held values last until the next clip ends", () => {
  assert.deepEqual([...expand(VALUES, "held", 2, 6)], [0, 0, 1, 1, 3, 3]);
});

test("linear values are interpolated between clip ends and held after the last one", () => {
  assert.deepEqual([...expand(VALUES, "linear", 2, 7)], [0, 0.5, 1, 2, 3, 3, 3]);
});

test("both agree at every clip end", () => {
  const [held, linear] = ["held", "linear"].map((how) => expand(VALUES, how, 4, 12));
  for (let clip = 0; clip < VALUES.length; clip++) {
    assert.equal(held[4 * clip], VALUES[clip]);
    assert.equal(linear[4 * clip], VALUES[clip]);
  }
});

test("NaN at a clip end stays between its neighbours", () => {
  assert.deepEqual([...expand(Float32Array.of(1, NaN, 1), "linear", 2, 5)], [1, NaN, NaN, NaN, 1]);
});
