// @ts-check
// The table of CCC: every model over the whole recording, and what a change such as dropout makes of it.

import { find, make, rowHead } from "./dom.js";
import { swatch } from "./plane.js";

/** @import { Point, Spec } from "../../types" */
/** @import { Theme } from "./theme.js" */

const DIGITS = 3;
const UNSEEN = 0.0005; // a change that its digits do not show

/** @param {number} value */
function text(value) {
  return value.toFixed(DIGITS).replace("-", "−");
}

/**
 * @param {number | null} now
 * @param {number | null} before
 */
function cell(now, before) {
  if (now === null || before === null) return make("td", { textContent: "–" });
  const made = make("td", { textContent: text(now) });
  const change = now - before;
  if (now === before) return made;
  const className = Math.abs(change) < UNSEEN ? "" : change < 0 ? "iaca-worse" : "iaca-better";
  made.append(" ", make("span", { className, textContent: (change < 0 ? "" : "+") + text(change) }));
  return made;
}

export class Agreement {
  named = ""; // whom the table is about, as text
  /** @type {HTMLTableRowElement[]} */
  rows = []; // of its body

  /** @param {HTMLElement} table */
  constructor(table) {
    this.table = table;
    this.body = find(table, "tbody", HTMLElement);
    this.caption = find(table, "caption", HTMLElement);
  }

  /**
   * @param {Point[]} points Of what is shown, the truth among them.
   * @param {Spec} spec
   * @param {number} frames Of the recording.
   * @param {Theme} theme
   */
  show(points, { annotated }, frames, theme) {
    const models = points.filter(({ model }) => model !== null);
    if (this.table.hidden !== !models.length) this.table.hidden = !models.length;
    const caption = annotated
      ? `CCC over ${annotated.toLocaleString("en")} annotated of ${frames.toLocaleString("en")} frames`
      : "No annotated frames, so no CCC";
    if (this.caption.textContent !== caption) this.caption.textContent = caption;
    const named = JSON.stringify([models.map(({ name, corners, colour }) => [name, corners, colour]), theme.dark]);
    if (named !== this.named) {
      this.named = named;
      this.rows = models.map(({ name, corners, colour }) =>
        make("tr", {}, rowHead(swatch(corners, theme.pick(colour)), name)),
      );
      this.body.replaceChildren(...this.rows);
    }
    models.forEach(({ ccc }, i) => {
      const [head] = this.rows[i].cells;
      this.rows[i].replaceChildren(head, ...ccc.map((pair) => cell(...pair)));
    });
  }
}
