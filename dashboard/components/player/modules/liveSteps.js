// @ts-check
// Steps of the live controls: while one of them moves, the server is asked what the player shows, past the script of the
// page. The page owns what is chosen and follows once the hand lets go. Where a step cannot be had, the page alone shows it.

import { loadTimes } from "./columns.js";
import { Seen } from "./seen.js";
import { unpack } from "./stepAnswer.js";

/** @import { PlayerData } from "../../types" */
/** @import { Player } from "./main.js" */
/** @import { Answer } from "./stepAnswer.js" */

const REST_MS = 150; // after which a control that does not move counts as resting
const CHANGES = ["value", "aria-valuetext", "aria-expanded"]; // attributes that a moving control sets

/**
 * The value of a control, spelled as in the address; null while it is being typed.
 * @param {HTMLInputElement} input
 */
export function textOf(input) {
  if (input.type === "checkbox") return String(input.checked);
  if (input.type === "range") return input.getAttribute("aria-valuetext");
  if (input.getAttribute("aria-expanded") === "true") return null;
  return input.value && input.validity.valid ? input.value : null;
}

export class LiveSteps {
  /** @type {PlayerData | null} */
  page = null; // what the page last sent
  /** @type {Answer | null} */
  answer = null; // what is shown in its place
  asked = ""; // the newest values that the page does not show yet
  /** @type {AbortController | null} */
  request = null;
  /** @type {AbortController | null} */
  settling = null; // while every value is waited for
  /** @type {Map<string, HTMLElement>} */
  controls = new Map();
  observer = new MutationObserver(() => this.step());

  /**
   * @param {Player} player
   * @param {AbortSignal} signal
   */
  constructor(player, signal) {
    this.player = player;
    this.seen = new Seen(player);
    const step = () => this.step();
    // At the end of their way, when the page's own listeners have set the values.
    for (const event of ["input", "change"]) document.addEventListener(event, step, { signal });
    // A section that was opened has other controls.
    for (const event of ["focusin", "pointerdown"]) document.addEventListener(event, () => this.watch(), { signal });
    signal.addEventListener("abort", () => this.destroy());
  }

  /**
   * Take what the page sent.
   * @param {PlayerData} data
   * @returns {PlayerData} What to show: a run of the page for an earlier step does not replace a newer one.
   */
  take(data) {
    const moved = data.steps?.address !== this.page?.steps?.address;
    this.page = data;
    this.watch();
    if (moved) this.stop();
    if (!data.steps || !this.asked || this.read() === this.known) {
      this.stop();
      this.asked = "";
      return data;
    }
    if (moved) void this.send();
    return this.answer ? { ...data, ...this.answer } : data;
  }

  // The values for which the page last ran.
  get known() {
    return this.page?.steps ? JSON.stringify(this.page.steps.values) : "";
  }

  // The values of the controls as they stand; those that are not drawn are as the page last had them.
  read() {
    const values = { ...this.page?.steps?.values };
    for (const [key, control] of this.controls) {
      const input = control.querySelector("input");
      values[key] = (input && textOf(input)) ?? values[key];
    }
    return JSON.stringify(values);
  }

  watch() {
    for (const key of Object.keys(this.page?.steps?.values ?? {})) {
      const control = document.querySelector(`.st-key-${key}`);
      if (!(control instanceof HTMLElement) || this.controls.get(key) === control) continue;
      this.controls.set(key, control);
      this.observer.observe(control, { subtree: true, attributes: true, attributeFilter: CHANGES });
    }
  }

  step() {
    if (!this.page?.steps) return;
    const wanted = this.read();
    if (wanted === (this.asked || this.known)) return;
    if (wanted === this.known) {
      const shown = this.answer;
      this.stop();
      this.asked = "";
      this.player.root.dataset.ahead = String(this.isAhead);
      if (shown) void this.player.show(this.page);
      return;
    }
    this.asked = wanted;
    this.player.root.dataset.ahead = String(this.isAhead);
    void this.send();
  }

  // Whether a control stands where the page does not know it yet.
  get isAhead() {
    return this.asked !== "";
  }

  // Ask for the newest values, one at a time and once the last answer is painted: in between, the page has time to play.
  async send() {
    this.settling?.abort();
    if (this.request) return;
    const request = (this.request = new AbortController());
    const { signal } = request;
    try {
      for (let done = ""; done !== this.asked;) {
        done = this.asked;
        await this.ask(done, this.seen.wanted, signal);
        if (signal.aborted) return;
      }
    } finally {
      if (this.request === request) this.request = null;
    }
    if (this.answer?.exact) void this.settle();
  }

  // Once the control rests, ask for every value of what is shown in part.
  async settle() {
    const settling = (this.settling = new AbortController());
    await new Promise((done) => setTimeout(done, REST_MS));
    if (!settling.signal.aborted) await this.ask(this.asked, "", settling.signal);
  }

  /**
   * Ask for one step and show it, unless it is given up meanwhile.
   * @param {string} values
   * @param {string} seen "" for every value.
   * @param {AbortSignal} signal
   */
  async ask(values, seen, signal) {
    const { page } = this;
    if (!page?.steps) return;
    const address = new URL(page.steps.address, document.baseURI);
    const body = seen ? JSON.stringify({ ...JSON.parse(values), seen }) : values;
    const headers = { "Content-Type": "application/json" };
    const content = await fetch(address, { method: "POST", body, headers, signal })
      .then((answer) => (answer.ok ? answer.arrayBuffer() : null))
      .catch(() => null); // given up, or no server, of which the page tells
    const times = await loadTimes(page.clock[0]);
    if (!content || signal.aborted || !this.page) return;
    this.answer = unpack(content, times);
    await this.player.show({ ...this.page, ...this.answer });
  }

  // Give up what was asked and answered.
  stop() {
    this.request?.abort();
    this.settling?.abort();
    this.request = null;
    this.answer = null;
  }

  destroy() {
    this.stop();
    this.observer.disconnect();
  }
}
