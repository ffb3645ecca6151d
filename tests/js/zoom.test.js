import assert from "node:assert/strict";
import { test } from "node:test";

import { grown, panned, resized, turned, within } from "../../dashboard/components/player/modules/zoom.js";

const WHOLE = [0, 60];

test("a view grows around a second that keeps its place", () => {
  assert.deepEqual(grown([10, 20], 0.5, 10), [10, 15]);
  assert.deepEqual(grown([10, 20], 2, 15), [5, 25]);
  const [start, end] = grown([10, 20], 0.7, 13);
  assert.ok(Math.abs((13 - start) / (end - start) - 0.3) < 1e-12);
});

test("a view ends where the recording does", () => {
  assert.deepEqual(within([-5, 20], WHOLE), [0, 20]);
  assert.deepEqual(within([50, 70], WHOLE), [50, 60]);
});

test("a view of the whole recording is none", () => {
  assert.equal(within([0, 60], WHOLE), null);
  assert.equal(within([-1, 99], WHOLE), null);
});

test("a view of less than half a second is refused", () => {
  assert.equal(within([10, 10.4], WHOLE), undefined);
  assert.deepEqual(within([10, 10.5], WHOLE), [10, 10.5]);
});

test("panning keeps the length of a view and stops at the ends", () => {
  assert.deepEqual(panned([10, 20], 5, WHOLE), [15, 25]);
  assert.deepEqual(panned([10, 20], -15, WHOLE), [0, 10]);
  assert.deepEqual(panned([10, 20], 500, WHOLE), [50, 60]);
});

test("one end of a view moves alone, no nearer to the other than half a second and not past the recording", () => {
  assert.deepEqual(resized([10, 20], 0, 12, WHOLE), [12, 20]);
  assert.deepEqual(resized([10, 20], 1, 12, WHOLE), [10, 12]);
  assert.deepEqual(resized([10, 20], 0, 25, WHOLE), [19.5, 20]);
  assert.deepEqual(resized([10, 20], 1, 3, WHOLE), [10, 10.5]);
  assert.deepEqual(resized([10, 20], 0, -5, WHOLE), [0, 20]);
  assert.deepEqual(resized([10, 20], 1, 99, WHOLE), [10, 60]);
});

test("a page is turned when the cursor leaves it, and then begins shortly before the cursor", () => {
  assert.equal(turned([10, 20], 15, 20, WHOLE), null);
  assert.deepEqual(turned([10, 20], 19.9, 20.1, WHOLE), [19.6, 29.6]);
  assert.deepEqual(turned([10, 20], 19.9, 2, WHOLE), [1.5, 11.5]);
  assert.deepEqual(turned([50, 58], 57.9, 58.1, WHOLE), [52, 60]);
});

test("no page is turned for a cursor that was out of sight before", () => {
  assert.equal(turned([10, 20], 30, 30.1, WHOLE), null);
  assert.equal(turned([10, 20], 9.9, 10.1, WHOLE), null);
});
