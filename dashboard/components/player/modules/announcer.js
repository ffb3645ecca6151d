// @ts-check
// Tells where the player stands: other components at once, the address and a page that follows when the cursor rests.

import { writeAddress } from "./address.js";

/** @import { Place, Report } from "../../types" */
/** @import { Player } from "./main.js" */

const REST_MS = 250; // how long the cursor stands before the address, and a page that follows, are told

export class Announcer {
  /** @type {string | null} */
  told = null; // the place that the address names
  reported = ""; // what the page knows
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  resting;
  /** @type {Place | undefined} */
  place;

  /** @param {Player} player */
  constructor(player) {
    this.player = player;
  }

  // What the address names may be out of date: tell it again.
  forget() {
    this.told = null;
  }

  // The cursor stands at a frame that was not told yet: after a moment, tell the address and whoever follows.
  rest() {
    const { clock, spec } = this.player;
    const { cursor, range } = clock;
    const place = JSON.stringify([spec.subject, cursor, range]);
    if (place === this.told) return;
    this.told = place;
    clearTimeout(this.resting);
    this.resting = setTimeout(() => {
      if (clock.playing) return this.forget();
      writeAddress(this.player.spec.subject, cursor, range);
      if (this.player.follows) this.report();
    }, REST_MS);
  }

  // Tell the page where the cursor and the range are; the page runs again.
  report() {
    const { clock, spec, component } = this.player;
    /** @type {Report} */
    const place = { subject: spec.subject, frame: clock.cursor, range: clock.range };
    const text = JSON.stringify(place);
    if (text === this.reported) return;
    this.reported = text;
    component.setStateValue("place", place);
  }

  // Tell the other components, except of a range while it is being brushed.
  publish() {
    const { clock, spec, arranged: arrangement, printedRows: rows } = this.player;
    if (this.player.range.brushed !== null) return;
    const { subject } = spec;
    const { shown: frame, range } = clock;
    const { place: last } = this;
    const known = last?.frame === frame && last.range === range && last.rows === rows && last.subject === subject;
    if (known && last.arrangement === arrangement) return;
    this.place = { subject, frame, second: clock.pts[frame], range, arrangement, rows };
    window.iacaPlace = this.place;
    document.dispatchEvent(new CustomEvent("iaca-place", { detail: this.place }));
  }

  destroy() {
    clearTimeout(this.resting);
    if (window.iacaPlace === this.place) window.iacaPlace = undefined;
  }
}
