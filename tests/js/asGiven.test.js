// @ts-check
// What is dropped at a second, and how strong a blur is on screen.

import assert from "node:assert/strict";
import test from "node:test";

import { blurOnScreen, droppedAt } from "../../dashboard/components/player/modules/asGiven.js";

test("a span holds its start and not its end, and bands of other kinds drop nothing", () => {
  /** @type {[number, number][]} */
  const spans = [[1, 2]];
  const bands = [
    { kind: "dropped", label: "audio dropped", spans },
    { kind: "mask", label: "no face", spans },
  ];
  assert.deepEqual(droppedAt(bands, 1), ["audio dropped"]);
  assert.deepEqual(droppedAt(bands, 2), []);
  assert.deepEqual(droppedAt(bands, 0.99), []);
});

test("a blur grows with the face and with the picture on screen", () => {
  const blur = { sd_px: 4, crop_side_px: 224, span: /** @type {[number, number]} */ ([0, 9]) };
  assert.equal(blurOnScreen(blur, 640, 480, 640), 8);
  assert.equal(blurOnScreen(blur, 640, 480, 320), 4);
  assert.equal(blurOnScreen({ ...blur, crop_side_px: 112 }, 640, 480, 640), 4);
});

test("where the face is not known, it is taken to fill the picture", () => {
  const blur = { sd_px: 4, crop_side_px: null, span: /** @type {[number, number]} */ ([0, 9]) };
  assert.equal(blurOnScreen(blur, 448, 224, 448), 8);
});
