// @ts-check
// What the player shows of a step whose columns were thinned to it: which values are known, and what the next step has
// to send.

import { TAIL_S } from "./plane.js";
import { framesIn } from "./timeAxis.js";
import { nearest } from "./times.js";

/** @import { Exact } from "../../types" */
/** @import { Player } from "./main.js" */

const AHEAD_S = 2; // that a playing cursor can move until the next step is shown

export class Seen {
  /** @type {Exact} */
  exact = null;

  /** @param {Player} player */
  constructor(player) {
    this.player = player;
  }

  /**
   * Whether every value is known from one frame to another, so that they can be read out.
   * @param {number} first
   * @param {number} last
   */
  knows(first, last = first) {
    return !this.exact || this.exact.some(([from, to]) => from <= first && last <= to);
  }

  // The frames in view, the pixels that they share, and spans of frames that are read out; "" before anything is drawn.
  get wanted() {
    const { clock, hover, plot } = this.player;
    const { pts, range, cursor } = clock;
    if (!plot.width || plot.times.length < 2) return "";
    const [first, last] = framesIn(plot.times, plot.shownSpan);
    const spans = [cursor, hover.frame ?? cursor].map((frame) => [
      nearest(pts, pts[frame] - TAIL_S),
      nearest(pts, pts[frame] + AHEAD_S),
    ]);
    if (range) spans.push(range);
    const pixels = Math.max(1, Math.floor(plot.panels[0].width));
    return `${first}-${last}/${pixels}${spans.map(([from, to]) => ` ${from}-${to}`).join("")}`;
  }
}
