// @ts-check
// What is asked for in What if, by name. The page owns it; the player asks for an earlier one to be restored, and takes
// that for granted until the page has done it.

/** @import { WhatIfState } from "../../types" */

export class WhatIf {
  /** @type {string | null} */
  name = null; // null in a notebook, and until the page has told
  /** @type {string | null} */
  token = null; // of what was last asked for
  waiting = false;

  /** @param {(wanted: WhatIfState) => void} ask */
  constructor(ask) {
    this.ask = ask;
  }

  /** @param {WhatIfState | null} state What a run of the page has had; it may have begun before the page was asked. */
  take(state) {
    if (!state || (this.waiting && state.token !== this.token)) return;
    this.waiting = false;
    this.name = state.name;
  }

  /** @param {string} name */
  restore(name) {
    this.name = name;
    this.token = String(performance.timeOrigin + performance.now());
    this.waiting = true;
    this.ask({ name, token: this.token });
  }
}
