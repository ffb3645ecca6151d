import assert from "node:assert/strict";
import { test } from "node:test";

import { ranked } from "../../dashboard/components/player/modules/ranking.js";

const COMMANDS = ["Show the whole recording", "Zoom to range", "Clear range", "Zoom in", "Show the row Stage-2 gate"];
const found = (typed) =>
  ranked(
    COMMANDS.map((title) => ({ title })),
    typed,
  ).map(({ title }) => title);

test("nothing typed leaves all in their order", () => {
  assert.deepEqual(found("  "), COMMANDS);
});

test("every word has to be there, in any order and case", () => {
  assert.deepEqual(found("RANGE zoom"), ["Zoom to range"]);
  assert.deepEqual(found("zoom sideways"), []);
});

test("titles that start with what was typed come first, and inside of words last", () => {
  assert.deepEqual(found("zoom"), ["Zoom to range", "Zoom in"]);
  assert.deepEqual(found("in"), ["Zoom in", "Show the whole recording"]);
});

test("a part of a word with a hyphen is a word", () => {
  assert.deepEqual(found("stage-2"), ["Show the row Stage-2 gate"]);
  assert.deepEqual(found("2 gate"), ["Show the row Stage-2 gate"]);
});
