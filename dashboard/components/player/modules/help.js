// @ts-check
// The list of keyboard shortcuts, in a native dialog, which takes the focus and returns it.

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
