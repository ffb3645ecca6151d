import assert from "node:assert/strict";
import { test } from "node:test";

import { itemsAt, parseSound } from "../../dashboard/components/player/modules/sound.js";

function summary(columns, bands, bins) {
  const content = new ArrayBuffer(20 + columns * bands + 2 * columns * bins);
  new Float32Array(content, 0, 5).set([columns, bands, bins, 0.5, 0]);
  new Uint8Array(content, 20).forEach((_, i, bytes) => (bytes[i] = i));
  return content;
}

test("a summary holds the spectrogram, then the smallest and the largest samples", () => {
  const { columns, bands, seconds, binSeconds, mel, low, high } = parseSound(summary(3, 4, 2));
  assert.deepEqual([columns, bands, seconds, binSeconds], [3, 4, 0.5, 0.25]);
  assert.deepEqual([...mel], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  assert.deepEqual([...low], [12, 13, 14, 15, 16, 17]);
  assert.deepEqual([...high], [18, 19, 20, 21, 22, 23]);
});

test("every item of a view lies in a pixel, and every pixel has one", () => {
  const seen = new Set();
  for (let x = 0; x < 10; x++) {
    const [first, last] = itemsAt(x, 10, [0, 4], 0.1, 40);
    assert.ok(last > first);
    for (let i = first; i < last; i++) seen.add(i);
  }
  assert.equal(seen.size, 40);
});

test("where items are wider than pixels, pixels share one", () => {
  assert.deepEqual(itemsAt(0, 10, [0, 1], 0.5, 2), [0, 1]);
  assert.deepEqual(itemsAt(4, 10, [0, 1], 0.5, 2), [0, 1]);
  assert.deepEqual(itemsAt(5, 10, [0, 1], 0.5, 2), [1, 2]);
});

test("past the end of the sound there are none", () => {
  const [first, last] = itemsAt(9, 10, [0, 10], 0.5, 4);
  assert.ok(last <= first);
});
