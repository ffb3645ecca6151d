import assert from "node:assert/strict";
import { test } from "node:test";

import { heightOf, placesOf } from "../../dashboard/components/player/modules/codedLane.js";

const panel = { left: 80, width: 100 };
/** Ten pixels a second. */
const plot = { panels: [panel], area: { left: 80, width: 100 }, shownSpan: [0, 10], x: (s) => 80 + 10 * s };
const band = (label, spans) => ({ label, spans, code: "x", part: "whole" });

test("spans lie where their seconds are, cut off at what is seen, and are never too narrow to see", () => {
  const bands = [band("a", [[1, 3], [9, 20], [30, 40]]), band("b", [[4, 4.001]])]; // prettier-ignore
  assert.deepEqual(
    placesOf(bands, plot).map(({ band: { label }, x, wide }) => [label, x, wide]),
    [
      ["a", 10, 20],
      ["a", 90, 10],
      ["b", 40, 1],
    ],
  );
});

test("halves of a lane do not touch and fill it with what lies between", () => {
  const [upperTop, upper] = heightOf("upper");
  const [lowerTop, lower] = heightOf("lower");
  const [top, whole] = heightOf("whole");
  assert.equal(upperTop, top);
  assert.ok(upperTop + upper < lowerTop);
  assert.equal(lowerTop + lower, whole);
});
