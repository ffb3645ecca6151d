import assert from "node:assert/strict";
import { test } from "node:test";

import { clockText, nearest, timeWithin } from "../../dashboard/components/player/modules/times.js";

const TIMES = [0, 0.04, 0.08, 0.2, 0.24];

test("every time is nearest to itself", () => {
  TIMES.forEach((time, k) => assert.equal(nearest(TIMES, time), k));
});

test("the nearest time is never farther than any other one", () => {
  for (let time = -0.1; time < 0.4; time += 0.007) {
    const found = Math.abs(TIMES[nearest(TIMES, time)] - time);
    for (const other of TIMES) assert.ok(found <= Math.abs(other - time) + 1e-12);
  }
});

test("times before the first and after the last belong to the ends", () => {
  assert.equal(nearest(TIMES, -5), 0);
  assert.equal(nearest(TIMES, 5), 4);
  assert.equal(nearest([7], 0), 0);
});

test("a share of a frame lies between its time and the next one, however long it lasts", () => {
  assert.equal(timeWithin(TIMES, 1, 0), 0.04);
  assert.ok(Math.abs(timeWithin(TIMES, 2, 0.5) - 0.14) < 1e-12);
});

test("the last frame lasts as long as the one before it", () => {
  assert.ok(Math.abs(timeWithin(TIMES, 4, 0.5) - 0.26) < 1e-12);
  assert.equal(timeWithin([3], 0, 0.4), 3);
});

test("seconds are told as minutes, seconds and milliseconds", () => {
  assert.equal(clockText(0), "00:00.000");
  assert.equal(clockText(61.5), "01:01.500");
  assert.equal(clockText(754.0444), "12:34.044");
});

test("a minute is full once its milliseconds are", () => {
  assert.equal(clockText(59.9996), "01:00.000");
});
