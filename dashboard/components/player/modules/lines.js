// @ts-check
// A moment as an upright line in every panel.

/** @import { Plot } from "./plot.js" */

export class Lines {
  /** @param {HTMLElement} first The line in the first panel; others are made after it. */
  constructor(first) {
    this.lines = [first];
  }

  /** @param {Plot} plot */
  place({ panels, area }) {
    const { lines } = this;
    while (lines.length < panels.length) {
      const line = /** @type {HTMLElement} */ (lines[0].cloneNode());
      line.removeAttribute("data-testid");
      lines[0].after(line);
      lines.push(line);
    }
    for (const line of lines) Object.assign(line.style, { top: `${area.top}px`, height: `${area.height}px` });
  }

  /**
   * @param {number | null} second Null for none.
   * @param {Plot} plot
   */
  at(second, plot) {
    this.lines.forEach((line, i) => {
      const panel = plot.panels[i];
      const x = panel && second !== null ? plot.x(second, panel) : -1;
      // Half of its width in CSS: to ask for it would have the browser lay out the page, with every frame of the video.
      line.style.transform = `translateX(calc(${x}px - 50%))`;
      line.style.visibility = !panel || x < panel.left - 1 || x > panel.left + panel.width + 1 ? "hidden" : "visible";
    });
  }
}
