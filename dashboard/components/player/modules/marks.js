// @ts-check
// Ticks below the scrub bar, one for each moment that the page points out.

import { make } from "./dom.js";
import { nearest } from "./times.js";

/** @import { Mark } from "../../types" */
/** @import { Theme } from "./theme.js" */

/**
 * The next mark after a second or, with `step` -1, the last one before it.
 * @param {Mark[]} marks In order of time.
 * @param {number} second
 * @param {number} step
 */
export function nextMark(marks, second, step) {
  if (step > 0) return marks.find((mark) => mark.second > second + 1e-3);
  return marks.findLast((mark) => mark.second < second - 1e-3);
}

export class Marks {
  /** @type {Mark[]} */
  marks = [];

  /**
   * @param {HTMLElement} strip
   * @param {(second: number) => void} onSeek
   */
  constructor(strip, onSeek) {
    this.strip = strip;
    this.onSeek = onSeek;
  }

  /**
   * @param {Mark[]} marks
   * @param {Float64Array} times Of the frames.
   * @param {Theme} theme
   */
  show(marks, times, theme) {
    this.marks = [...marks].sort((a, b) => a.second - b.second);
    this.strip.hidden = !marks.length;
    const last = Math.max(1, times.length - 1);
    this.strip.replaceChildren(
      ...this.marks.map((mark) => {
        // There may be hundreds, so keys move between them, not Tab.
        const tick = make("button", { type: "button", className: "iaca-mark", tabIndex: -1 });
        tick.dataset.kind = mark.kind;
        tick.dataset.second = String(mark.second);
        tick.title = `${mark.label} (${mark.second.toFixed(2)} s)`;
        tick.setAttribute("aria-label", tick.title);
        // The scrub bar counts frames, not seconds.
        tick.style.left = `${(100 * nearest(times, mark.second)) / last}%`;
        tick.style.color = theme.pick(mark.colour);
        tick.addEventListener("click", () => this.onSeek(mark.second));
        return tick;
      }),
    );
  }

  /**
   * Go to the next mark after a second or, with `step` -1, the last one before it.
   * @param {number} second
   * @param {number} step
   */
  go(second, step) {
    const mark = nextMark(this.marks, second, step);
    if (mark) this.onSeek(mark.second);
  }
}
