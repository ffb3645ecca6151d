import assert from "node:assert/strict";
import { test } from "node:test";

import { capsOf, chordOf } from "../../dashboard/components/player/modules/chords.js";

const NONE = { ctrlKey: false, metaKey: false, shiftKey: false, altKey: false };
const pressed = (key, modifiers = {}) => chordOf({ key, ...NONE, ...modifiers });

test("a chord names the key with its modifiers", () => {
  assert.equal(pressed("k"), "k");
  assert.equal(pressed(" "), "Space");
  assert.equal(pressed("ArrowLeft", { shiftKey: true }), "Shift+ArrowLeft");
  assert.equal(pressed("Z", { ctrlKey: true, shiftKey: true }), "Ctrl+Shift+z");
});

test("a character that needs Shift is itself, and Caps Lock changes nothing", () => {
  assert.equal(pressed("?", { shiftKey: true }), "?");
  assert.equal(pressed("+", { shiftKey: true }), "+");
  assert.equal(pressed("M"), "m");
});

test("the command key of a Mac is Ctrl, and Alt is nobody's", () => {
  assert.equal(pressed("k", { metaKey: true }), "Ctrl+k");
  assert.equal(pressed("k", { altKey: true }), null);
});

test("caps are what stands on the keys", () => {
  assert.deepEqual(capsOf("Shift+ArrowLeft"), ["Shift", "←"]);
  assert.deepEqual(capsOf("+"), ["+"]);
  assert.deepEqual(capsOf("-"), ["−"]);
  assert.deepEqual(capsOf("Escape"), ["Esc"]);
  assert.deepEqual(capsOf("Ctrl+Shift+z"), ["Ctrl", "Shift", "Z"]);
  assert.deepEqual(capsOf("Ctrl+k", true), ["⌘", "K"]);
});
