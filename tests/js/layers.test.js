import assert from "node:assert/strict";
import { test } from "node:test";

import { shadedSpans } from "../../dashboard/components/player/modules/layers.js";
import { cases } from "./cases.js";

for (const { case: name, bands, shaded } of cases("layers")) {
  test(`layers: ${name}`, () => {
    assert.deepEqual(shadedSpans(bands), shaded);
  });
}
