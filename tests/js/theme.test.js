import assert from "node:assert/strict";
import { test } from "node:test";

import { rampOf } from "../../dashboard/components/player/modules/theme.js";

test("the shades of a spectrogram lead from the background over the sound to the text", () => {
  const ramp = rampOf([255, 255, 255], [200, 100, 50], [0, 0, 0]);
  const channels = (pixel) => [pixel & 255, (pixel >> 8) & 255, (pixel >> 16) & 255];
  assert.equal(ramp.length, 256);
  assert.deepEqual(channels(ramp[0]), [255, 255, 255]);
  assert.deepEqual(channels(ramp[160]), [200, 100, 50]);
  assert.deepEqual(channels(ramp[255]), [0, 0, 0]);
  for (const pixel of ramp) assert.equal(pixel >>> 24, 255);
});
