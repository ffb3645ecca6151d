// @ts-check
// Announces where the player stands: to other components at once, to the address and to a page that follows once the
// cursor rests.

import { writeAddress } from "./address.js";

/** @import { Place, Report } from "../../types" */
/** @import { Player } from "./main.js" */

const REST_MS = 250; // how long the cursor has to rest

export class Announcer {
  /** @type {string | null} */
  told = null; // what was last written to the address
  reported = ""; // what was last reported to Python
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  resting;
  /** @type {Place | undefined} */
  place;

  /** @param {Player} player */
  constructor(player) {
    this.player = player;
  }

  // Write the address again, since it may be out of date.
  forget() {
    this.told = null;
  }

  // Called whenever the cursor stands still: after a moment, update the address and a page that follows.
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

  // Report cursor and range to Python, which reruns the page.
  report() {
    const { clock, spec, component } = this.player;
    /** @type {Report} */
    const place = { subject: spec.subject, frame: clock.cursor, range: clock.range };
    const text = JSON.stringify(place);
    if (text === this.reported) return;
    this.reported = text;
    component.setStateValue("place", place);
  }

  // Tell the other components, but not while a range is being brushed.
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
