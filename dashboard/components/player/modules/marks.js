// Ticks below the scrub bar: moments that the page points out.

import { nearest } from "./clock.js";

export class Marks {
  constructor(strip, onSeek) {
    this.strip = strip;
    this.onSeek = onSeek;
    this.marks = [];
  }

  show(marks, times, theme) {
    this.marks = [...marks].sort((a, b) => a.second - b.second);
    this.strip.hidden = !marks.length;
    const last = Math.max(1, times.length - 1);
    this.strip.replaceChildren(
      ...this.marks.map((mark) => {
        const tick = document.createElement("button");
        tick.type = "button";
        tick.className = "iaca-mark";
        tick.dataset.kind = mark.kind;
        tick.dataset.second = mark.second;
        // There may be hundreds: keys lead from one to the next, not Tab.
        tick.tabIndex = -1;
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

  // The next mark after a second, or, with `step` -1, the one before it.
  go(second, step) {
    const later = this.marks.filter((mark) => (step > 0 ? mark.second > second + 1e-3 : mark.second < second - 1e-3));
    const mark = step > 0 ? later[0] : later.at(-1);
    if (mark) this.onSeek(mark.second);
  }
}
