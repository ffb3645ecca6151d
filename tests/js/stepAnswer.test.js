import assert from "node:assert/strict";
import { test } from "node:test";

import { reachOf } from "../../dashboard/components/player/modules/ink.js";
import { filled, spansOf, unpack } from "../../dashboard/components/player/modules/stepAnswer.js";

const TIMES = Float64Array.of(0, 0.5, 1, 1.5, 2, 2.5, 3, 3.5, 4, 5);

/** An answer as the server packs it. */
function answerOf(head, ...numbers) {
  const line = new TextEncoder().encode(JSON.stringify(head));
  const padding = (4 - ((line.length + 1) % 4)) % 4;
  const parts = numbers.map((array) => [...new Uint8Array(array.buffer)]);
  return new Uint8Array([...line, ...Array(padding).fill(32), 10, ...parts.flat()]).buffer;
}

const columns = (answer, place, i) => [...answer[place].getChildAt(i).toArray()];

test("live tables are found behind the line of JSON, and the others by their address", () => {
  const tables = [
    [["truth_valence"], "frames", 1, 3, "/iaca/table/abc"],
    [["a", "b"], "held", 4, 2, "live_0"],
    [["c"], "linear", 4, 2, "live_1"],
  ];
  const head = { spec: { subject: "ä\n", bands: [] }, tables, masks: [], thinned: null };
  const answer = unpack(answerOf(head, Float32Array.of(1, 2, 3, 4, 5, NaN)), TIMES);
  assert.equal(answer.spec.subject, "ä\n");
  assert.equal(answer.exact, null);
  assert.deepEqual(answer.tables, tables);
  assert.deepEqual(columns(answer, "live_0", 0), [1, 2]);
  assert.deepEqual(columns(answer, "live_0", 1), [3, 4]);
  assert.deepEqual(columns(answer, "live_1", 0), [5, NaN]);
});

test("thinned columns become tables of a value for each frame, and bits become spans", () => {
  const tables = [[["truth_valence"], "frames", 1, 10, "/iaca/table/abc"]];
  const thinned = { view: [2, 7, 2], exact: [[0, 1]], groups: [[["a", "b"], 4]] };
  const head = { spec: { bands: [{ spans: [[7, 8]] }, { spans: [] }] }, tables, masks: [1], thinned };
  const content = answerOf(
    head,
    Uint32Array.of(0, 1, 3, 6),
    Float32Array.of(1, 2, 3, 4, 5, 6, 7, 8),
    Uint8Array.of(0b10000110, 0b10),
  );
  const answer = unpack(content, TIMES);
  assert.deepEqual(answer.tables.at(-1), [["a", "b"], "frames", 1, 10, "live_0"]);
  assert.deepEqual(columns(answer, "live_0", 0), [1, 2, 3, 3, 3, 4, 4, 4, NaN, NaN]);
  assert.deepEqual(columns(answer, "live_0", 1), [5, 6, 7, 7, 7, 8, 8, 8, NaN, NaN]);
  assert.deepEqual(answer.exact, [[0, 1]]);
  assert.deepEqual(answer.spec.bands, [
    { spans: [[7, 8]] },
    {
      spans: [
        [0.5, 1.5],
        [3.5, 4],
        [5, 6],
      ],
    },
  ]);
});

test("a span lasts until the next frame, and the last frame as long as the one before it", () => {
  assert.deepEqual(spansOf(Uint8Array.of(255, 3), TIMES), [[0, 6]]);
  assert.deepEqual(spansOf(Uint8Array.of(0, 0), TIMES), []);
  assert.deepEqual(spansOf(Uint8Array.of(1), Float64Array.of(7)), [[7, 7]]);
});

test("a line of which only its lowest and highest values were sent reaches as far in every pixel as the whole one", () => {
  const values = Float32Array.from({ length: 3000 }, (_, i) => Math.sin(i / 7) + ((i * 7919) % 101) / 50);
  const [first, last, pixels] = [100, 2899, 90];
  const pixelOf = (frame) => Math.floor(((frame - first + 0.5) * pixels) / (last - first + 1));
  const columns = Int32Array.from({ length: last - first + 1 }, (_, i) => pixelOf(first + i));
  const kept = new Set();
  for (let pixel = 0; pixel < pixels; pixel++) {
    const own = [...columns.keys()].filter((i) => columns[i] === pixel).map((i) => first + i);
    for (const better of [(a, b) => values[a] < values[b], (a, b) => values[a] > values[b]])
      kept.add(own.reduce((best, frame) => (better(frame, best) ? frame : best)));
  }
  const frames = Uint32Array.from([...kept].sort((a, b) => a - b));
  const sent = Float32Array.from(frames, (frame) => values[frame]);
  const drawn = reachOf(filled(frames, sent, [first, last, pixels], 3000), first, columns, pixels, (value) => -value);
  for (let pixel = 0; pixel < pixels; pixel++) {
    const own = [...frames].filter((frame) => frame >= first && pixelOf(frame) === pixel).map((frame) => values[frame]);
    assert.ok(drawn.top[pixel] <= -Math.max(...own));
    assert.ok(drawn.bottom[pixel] >= -Math.min(...own));
  }
});
