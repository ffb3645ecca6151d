// @ts-check
// The height that the window has for the rows.

import { find } from "./dom.js";

/** @import { Player } from "./main.js" */

const BELOW = 6; // the rows, px

export class Room {
  shared = Infinity; // what the rows were given last, px

  /** @param {Player} player */
  constructor(player) {
    const { root, plot } = player;
    this.player = player;
    this.stage = find(root, ".iaca-stage", HTMLElement);
    this.page = root.closest("[data-testid=stMain]");
    // Rows change the height of the page themselves: only another width, or another height above them, calls for a new
    // layout.
    this.resize = new ResizeObserver(() => {
      if (plot.element.clientWidth !== plot.width || this.height !== this.shared) player.redraw();
    });
    for (const element of [plot.element, root, root.closest("[data-testid=stMainBlockContainer]"), this.beside])
      if (element) this.resize.observe(element);
  }

  // From the top of the plot to the end of the window or to what the page lays over the end of the rows, px; infinite in
  // a notebook, and where the video stands above the rows. While a range is brushed its panel does not count: rows stay
  // as they are under the pointer.
  get height() {
    if (!this.page || getComputedStyle(this.stage).position !== "sticky") return Infinity;
    const { plot, range } = this.player;
    const panel = range.brushed === null ? 0 : range.height;
    const top = plot.element.getBoundingClientRect().top + this.page.scrollTop - panel;
    const below = this.beside?.getBoundingClientRect().height ?? 0;
    return window.innerHeight - Math.round(top) - BELOW - Math.ceil(below);
  }

  // What the page lays over the end of the rows.
  get beside() {
    return this.page?.querySelector(".st-key-dock") ?? null;
  }

  // Give it to the rows.
  share() {
    return (this.shared = this.height);
  }

  destroy() {
    this.resize.disconnect();
  }
}
