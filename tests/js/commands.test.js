import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";

import { COMMANDS, commandOf, keyOf } from "../../dashboard/components/player/modules/commands.js";

const HTML = readFileSync(new URL("../../dashboard/components/player/player.html", import.meta.url), "utf8");
const player = (clock) => ({
  loaded: true,
  clock,
  fullScreen: { on: false },
  marks: { marks: [] },
  spec: { models: ["CA"] },
});

test("no key and no title means two commands", () => {
  const keys = COMMANDS.flatMap((command) => command.keys ?? []);
  assert.equal(new Set(keys).size, keys.length);
  const titles = COMMANDS.map((command) => command.title);
  assert.equal(new Set(titles).size, titles.length);
});

test("every button of the player has its command, and every action its button or its key", () => {
  const actions = [...HTML.matchAll(/data-action="(\w+)"/g)].map(([, action]) => action);
  const known = COMMANDS.flatMap(({ action }) => action ?? []);
  for (const action of actions) assert.ok(known.includes(action), action);
  for (const { action, keys } of COMMANDS) {
    if (action && !keys) assert.ok(actions.includes(action), action);
  }
});

test("a key of a command that cannot be done now is nobody's", () => {
  assert.equal(commandOf("Escape", player({ range: null })), undefined);
  assert.equal(commandOf("Escape", player({ range: [3, 9] })).title, "Clear range");
  assert.equal(commandOf("Ctrl+Shift+q", player({ range: null })), undefined);
  assert.equal(commandOf("m", { loaded: false }), undefined);
});

test("a tooltip tells the first key", () => {
  const key = (title) => keyOf(COMMANDS.find((command) => command.title === title));
  assert.equal(key("Play or pause"), "Space");
  assert.equal(key("One second back"), "Shift+←");
  assert.equal(key("Reset rows"), "");
});
