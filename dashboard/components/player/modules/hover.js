// @ts-check
// What is read out: the values at the pointer while it rests on the rows, and else those at the cursor.

import { find } from "./dom.js";
import { Lines } from "./lines.js";
import { panelAt } from "./timeAxis.js";

/** @import { Player } from "./main.js" */

export class Hover {
  /** @type {number | null} */
  x = null; // of the pointer on the rows, px

  /**
   * @param {Player} player
   * @param {HTMLElement} rows
   */
  constructor(player, rows) {
    this.player = player;
    this.lines = new Lines(find(rows, ".iaca-pointer", HTMLElement));
    this.time = find(rows, ".iaca-pointer-time", HTMLElement);
    this.heading = find(player.root, ".iaca-facts .iaca-heading", HTMLElement);
    const { signal } = player.listeners;
    const move = (/** @type {PointerEvent} */ event) => {
      const points = event.pointerType !== "touch" && !event.buttons;
      this.point(points ? event.clientX - rows.getBoundingClientRect().left : null);
    };
    rows.addEventListener("pointermove", move, { signal });
    for (const type of ["pointerdown", "pointerleave"]) rows.addEventListener(type, () => this.point(null), { signal });
  }

  // The frame at the pointer; null where it is on no panel.
  get frame() {
    const { plot } = this.player;
    return this.x === null || !panelAt(this.x, plot.panels) ? null : this.player.frameAt(plot.second(this.x));
  }

  /** @param {number | null} x Null where there is no pointer. */
  point(x) {
    if (x === this.x) return;
    this.x = x;
    if (this.player.plot.times.length) this.show();
  }

  show() {
    const { clock, plot, readout, plane } = this.player;
    const { frame } = this;
    const read = frame ?? clock.cursor;
    const second = clock.pts[read];
    const known = this.player.steps.seen.knows(read);
    readout.at(read, second, clock.isPastLastPicture(read), known);
    plane.at(read, known);
    this.lines.at(frame === null ? null : second, plot);
    this.time.hidden = frame === null;
    const heading = frame === null ? "At the cursor" : "At the pointer";
    if (this.heading.textContent !== heading) this.heading.textContent = heading;
    if (this.x === null || frame === null) return;
    this.time.textContent = `${second.toFixed(2)} s`;
    this.time.style.left = `${plot.x(second, panelAt(this.x, plot.panels) ?? plot.panels[0])}px`;
  }
}
