// @ts-check
// The list of keys, in a dialog of the browser's own: it takes the focus and gives it back.

import { find, make, rowHead } from "./dom.js";

/**
 * @param {HTMLDialogElement} dialog
 * @param {{ keys: string[], text: string }[]} bindings
 */
export function showHelp(dialog, bindings) {
  find(dialog, "tbody", HTMLTableSectionElement).replaceChildren(
    ...bindings.map(({ keys, text }) => {
      const caps = keys.flatMap((key) => [make("kbd", { textContent: key }), " "]);
      return make("tr", {}, rowHead(...caps), make("td", { textContent: text }));
    }),
  );
  if (!dialog.open) dialog.showModal();
}
