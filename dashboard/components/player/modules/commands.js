// @ts-check
// All that can be done with the player, in one table. Keys, the list of keys, the buttons with their tooltips and the
// palette are made from it.

import { OVERLAY, SIDE } from "./arrangement.js";
import { capsOf } from "./chords.js";
import { showHelp } from "./help.js";
import { PAGE_COMMANDS } from "./pageCommands.js";

/** @import { Player } from "./main.js" */

/**
 * @typedef {object} Command
 * @property {string} title What it does. The name of its button, too.
 * @property {string} group
 * @property {string} [action] Of the buttons that do it.
 * @property {string[]} [keys] Chords; the first is the one that users are told.
 * @property {(player: Player) => void} act
 * @property {(player: Player) => boolean} [enabled] Whether it can be done now; always, if there is none.
 */

export const STEP = 1.4; // zoom for each press of a key

const isMac = /Mac|iPhone|iPad/.test(globalThis.navigator?.userAgent ?? "");

/** @param {Player} player */
const hasRange = (player) => player.clock.range !== null;
/** @param {Player} player */
const isZoomed = (player) => player.plot.view !== null;
/** @param {Player} player */
const hasMarks = (player) => player.marks.marks.length > 0;
/** @param {Player} player */
const isComparison = (player) => player.spec.models.length > 1;

/**
 * @param {Player} player
 * @param {string} layout
 */
function lay(player, layout) {
  player.arrangement.setLayout(layout);
  player.arrange();
}

/**
 * Step, and keep the cursor in view.
 * @param {Player} player
 * @param {"step" | "stepSeconds"} how
 * @param {1 | -1} way
 */
function step(player, how, way) {
  player.clock[how](way);
  player.zoom.follow(player.second);
}

/**
 * @param {string} group
 * @param {Omit<Command, "group">[]} commands
 */
const grouped = (group, commands) => commands.map((command) => ({ group, ...command }));

const PLAYBACK = grouped("Playback", [
  { title: "Play or pause", action: "toggle", keys: ["Space", "k"], act: ({ clock }) => clock.toggle() },
  { title: "One frame back", action: "back", keys: ["ArrowLeft"], act: (player) => step(player, "step", -1) },
  { title: "One frame forward", action: "forward", keys: ["ArrowRight"], act: (player) => step(player, "step", 1) },
  { title: "One second back", keys: ["Shift+ArrowLeft"], act: (player) => step(player, "stepSeconds", -1) },
  { title: "One second forward", keys: ["Shift+ArrowRight"], act: (player) => step(player, "stepSeconds", 1) },
  { title: "First frame", action: "home", keys: ["Home"], act: (player) => player.goTo(0) },
  { title: "Last frame", keys: ["End"], act: (player) => player.goTo(Infinity) },
  {
    title: "Previous moment below the scrub bar",
    keys: [","],
    act: (player) => player.marks.go(player.second, -1),
    enabled: hasMarks,
  },
  {
    title: "Next moment below the scrub bar",
    keys: ["."],
    act: (player) => player.marks.go(player.second, 1),
    enabled: hasMarks,
  },
  { title: "Sound on or off", action: "mute", keys: ["m"], act: (player) => player.toggleSound() },
  {
    title: "Full-screen video, and back",
    action: "full",
    keys: ["f"],
    act: ({ fullScreen }) => fullScreen.toggle(),
    enabled: ({ clock }) => document.fullscreenEnabled && Boolean(clock.url),
  },
]);

const RANGE = grouped("Range", [
  { title: "Start the range here", action: "begin", keys: ["["], act: ({ range }) => range.mark(0) },
  { title: "End the range here", action: "finish", keys: ["]"], act: ({ range }) => range.mark(1) },
  { title: "Loop range", action: "repeat", keys: ["l"], act: ({ range }) => range.play(), enabled: hasRange },
  { title: "Zoom to range", action: "fit", keys: ["z"], act: ({ range }) => range.zoom(), enabled: hasRange },
  {
    title: "Clear range",
    action: "clear",
    keys: ["Escape"],
    act: ({ range }) => range.set(null),
    enabled: (player) => hasRange(player) && !player.fullScreen.on, // where Escape leaves
  },
]);

const ZOOM = grouped("Zoom", [
  { title: "Zoom in", action: "in", keys: ["+", "="], act: ({ zoom, second }) => zoom.by(1 / STEP, second) },
  {
    title: "Zoom out",
    action: "out",
    keys: ["-"],
    act: ({ zoom, second }) => zoom.by(STEP, second),
    enabled: isZoomed,
  },
  {
    title: "Show the whole recording",
    action: "whole",
    keys: ["0"],
    act: ({ zoom }) => zoom.set(null),
    enabled: isZoomed,
  },
  {
    title: "Show the cursor",
    action: "cursor",
    keys: ["v"],
    act: ({ zoom, second }) => zoom.follow(second),
    enabled: isZoomed,
  },
  {
    title: "Follow the cursor while playing",
    action: "follow",
    keys: ["t"],
    act: ({ zoom, second }) => zoom.toggleFollowing(second),
    enabled: isZoomed,
  },
]);

const ROWS = grouped("Rows", [
  {
    title: "Models overlaid",
    act: (player) => lay(player, OVERLAY),
    enabled: isComparison,
  },
  {
    title: "Models side by side",
    act: (player) => lay(player, SIDE),
    enabled: isComparison,
  },
  {
    title: "Reset rows",
    action: "reset",
    act: (player) => player.handles.reset(),
  },
]);

const CHANGES = grouped("Changes of rows, range and what-if", [
  {
    title: "Undo",
    action: "undo",
    keys: ["Ctrl+z"],
    act: ({ history }) => history.undo(),
    enabled: ({ history }) => history.past.length > 0,
  },
  {
    title: "Redo",
    action: "redo",
    keys: ["Ctrl+Shift+z", "Ctrl+y"],
    act: ({ history }) => history.redo(),
    enabled: ({ history }) => history.future.length > 0,
  },
]);

const HELP = grouped("Help", [
  {
    title: "Keyboard shortcuts",
    action: "help",
    keys: ["?"],
    act: ({ help }) => showHelp(help, COMMANDS, isMac),
  },
  {
    title: "Find a command",
    action: "palette",
    keys: ["Ctrl+k"],
    act: ({ palette }) => palette.open(),
  },
]);

/** @type {readonly Command[]} */
export const COMMANDS = [...PLAYBACK, ...RANGE, ...ZOOM, ...ROWS, ...CHANGES, ...HELP, ...PAGE_COMMANDS];

const BY_KEY = new Map(COMMANDS.flatMap((command) => (command.keys ?? []).map((key) => [key, command])));
const BY_ACTION = new Map(COMMANDS.flatMap((command) => (command.action ? [[command.action, command]] : [])));

/**
 * @param {Command} command
 * @param {Player} player
 */
export function isEnabled({ enabled }, player) {
  return player.loaded && (!enabled || enabled(player));
}

/**
 * The key of a command as users read it, as in "Shift+←"; "" without one.
 * @param {Command} command
 */
export function keyOf({ keys }) {
  return keys ? capsOf(keys[0], isMac).join("+") : "";
}

/**
 * The command of a chord, if it can be done now.
 * @param {string | null} chord
 * @param {Player} player
 */
export function commandOf(chord, player) {
  const command = BY_KEY.get(chord ?? "");
  return command && isEnabled(command, player) ? command : undefined;
}

/**
 * What can be done with the rows and models that there are, for the palette alone.
 * @param {Player} player
 * @returns {Command[]}
 */
function ownCommands(player) {
  const { arrangement, rows, spec, handles } = player;
  const toggles = arrangement.ordered(rows).map((key) => {
    const hidden = arrangement.isHidden(rows, key);
    return {
      title: `${hidden ? "Show" : "Hide"} the row ${handles.titleOf(key)}`,
      group: "Rows",
      act: () => handles.toggle(key),
    };
  });
  const models = spec.models.length > 1 ? spec.models : [];
  const alone = models.map((title, i) => ({
    title: `${title} only`,
    group: "Rows",
    act: () => lay(player, String(i)),
  }));
  return [...alone, ...toggles];
}

/**
 * Everything that the palette offers; what cannot be done now comes last.
 * @param {Player} player
 */
export function offered(player) {
  const others = COMMANDS.filter(({ action }) => action !== "palette");
  const all = [...others, ...ownCommands(player)].map((command) => ({
    ...command,
    key: keyOf(command),
    possible: isEnabled(command, player),
  }));
  return all.filter(({ group, possible }) => possible || group !== "Page").sort((a, b) => +b.possible - +a.possible);
}

/**
 * Give the player's buttons their names, tooltips and acts.
 * @param {Player} player
 * @param {AbortSignal} signal
 */
export function connectButtons(player, signal) {
  for (const button of player.root.querySelectorAll("button")) {
    const command = BY_ACTION.get(button.dataset.action ?? "");
    if (!command) continue;
    const key = keyOf(command);
    button.title = key ? `${command.title} (${key})` : command.title;
    if (!button.firstElementChild && !button.textContent) button.textContent = command.title;
    else if (!button.ariaLabel) button.ariaLabel = command.title;
    button.addEventListener("click", () => isEnabled(command, player) && command.act(player), { signal });
  }
}

/**
 * Show which buttons can be used now. They keep the focus when they cannot.
 * @param {Player} player
 */
export function showEnabled(player) {
  for (const button of player.root.querySelectorAll("button[data-action]")) {
    const command = BY_ACTION.get(/** @type {HTMLElement} */ (button).dataset.action ?? "");
    const off = command?.enabled && !isEnabled(command, player) ? "true" : null;
    if (button.ariaDisabled !== off) button.ariaDisabled = off;
  }
}
