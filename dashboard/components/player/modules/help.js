// @ts-check
// The list of keys, in a native dialog, which takes the focus and returns it.

import { capsOf } from "./chords.js";
import { find, make, rowHead } from "./dom.js";

/** @import { Command } from "./commands.js" */

/** @type {[caps: string[], text: string][]} */
const POINTER = [
  [["hover"], "On the rows: values at the pointer, and not at the cursor"],
  [["drag"], "On the rows: move the cursor"],
  [["Shift", "drag"], "On the rows: select a range; on the time axis no Shift is needed"],
  [
    ["Ctrl", "wheel"],
    "On the rows: zoom; on the time axis, or after a click, no Ctrl is needed. Double-click: the whole recording",
  ],
  [["Alt", "drag"], "On the rows, when zoomed in: pan; so does Shift with the wheel"],
];

/** @param {string[]} caps */
const keyCaps = (caps) => caps.flatMap((cap) => [make("kbd", { textContent: cap }), " "]);

/**
 * @param {string} group
 * @param {[caps: string[], text: string][]} lines
 */
function section(group, lines) {
  const head = make("tr", {}, make("th", { scope: "rowgroup", colSpan: 2, textContent: group }));
  const rows = lines.map(([caps, text]) =>
    make("tr", {}, rowHead(...keyCaps(caps)), make("td", { textContent: text })),
  );
  return make("tbody", {}, head, ...rows);
}

/**
 * @param {HTMLDialogElement} dialog
 * @param {readonly Command[]} commands Those with a key are listed.
 * @param {boolean} mac
 */
export function showHelp(dialog, commands, mac) {
  /** @type {Map<string, [caps: string[], text: string][]>} */
  const groups = new Map();
  for (const { group, title, keys } of commands) {
    if (keys) groups.set(group, [...(groups.get(group) ?? []), [capsOf(keys[0], mac), title]]);
  }
  groups.set("Pointer", POINTER);
  find(dialog, "table", HTMLTableElement).replaceChildren(
    ...[...groups].map(([group, lines]) => section(group, lines)),
  );
  if (!dialog.open) dialog.showModal();
}
