import assert from "node:assert/strict";
import { test } from "node:test";

import { mean, scores } from "../../dashboard/components/player/modules/scores.js";
import { cases } from "./cases.js";

const column = (values) => Float64Array.from(values, (value) => value ?? NaN);

function assertNumber(found, expected) {
  if (expected === null) assert.ok(Number.isNaN(found), `${found} is not NaN`);
  else assert.ok(Math.abs(found - expected) < 1e-12, `${found} is not ${expected}`);
}

for (const { case: name, truth, prediction, count, ccc, rmse } of cases("agreement")) {
  test(`agreement: ${name}`, () => {
    const found = scores(column(truth), column(prediction), 0, truth.length - 1);
    assert.equal(found.count, count);
    assertNumber(found.ccc, ccc);
    assertNumber(found.rmse, rmse);
  });
}

test("frames outside of the range do not count", () => {
  const truth = column([9, -1, 0, 1, 9]);
  const prediction = column([-9, -0.5, 0, 0.5, -9]);
  assert.deepEqual(scores(truth, prediction, 1, 3), scores(truth.slice(1, 4), prediction.slice(1, 4), 0, 2));
});

test("a mean is that of the range, both ends included", () => {
  assert.equal(mean(Float32Array.of(9, 1, 2, 3, 9), 1, 3), 2);
  assert.equal(mean(Float32Array.of(4), 0, 0), 4);
});
