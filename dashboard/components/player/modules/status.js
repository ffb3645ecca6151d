// @ts-check
// What the player says of where it stands: time and frame, the scrub bar, the play button, and why there is no picture.
// It is said with every frame of the video, so only what is new is written: the browser then has less to lay out.

import { find } from "./dom.js";
import { clockText } from "./times.js";

/** @import { Clock } from "./clock.js" */

const NO_VIDEO = "There is no video for this subject. The curves are complete.";

/**
 * @param {Element} element
 * @param {string} name
 * @param {string} value
 */
function setAttribute(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/**
 * @param {HTMLElement} element
 * @param {string} text
 */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export class Status {
  /**
   * @param {HTMLElement} root
   * @param {HTMLElement} screen
   * @param {HTMLInputElement} scrub
   */
  constructor(root, screen, scrub) {
    this.root = root;
    this.screen = screen;
    this.scrub = scrub;
    this.time = find(root, ".iaca-time", HTMLElement);
    this.message = find(root, ".iaca-message", HTMLElement);
    this.playButton = find(root, "[data-action=toggle]", HTMLElement);
  }

  /** @param {Clock} clock */
  show(clock) {
    const { cursor, shown, playing } = clock;
    const { root, screen, scrub } = this;
    const second = clock.pts[cursor];
    const values = {
      frame: shown,
      pts: clock.pts[shown],
      playing,
      seeking: clock.seeking,
      "past-last-picture": clock.isPastLastPicture(cursor),
    };
    for (const [name, value] of Object.entries(values)) setAttribute(root, `data-${name}`, String(value));
    root.classList.toggle("iaca-playing", playing);
    setAttribute(this.playButton, "aria-label", playing ? "Pause" : "Play");
    if (scrub.value !== String(cursor)) scrub.value = String(cursor);
    setAttribute(scrub, "aria-valuetext", `frame ${cursor}, ${second.toFixed(2)} seconds`);
    const end = clockText(clock.pts[clock.frames - 1]);
    const text = `${clockText(second)} / ${end}  ·  frame ${cursor} of ${clock.frames}`;
    setText(this.time, text);
    setAttribute(screen, "data-time", text);
    const message = clock.url ? clock.problem : NO_VIDEO;
    if (this.message.hidden !== !message) this.message.hidden = !message;
    setText(this.message, message);
  }

  /** @param {string} message Why nothing can be shown. */
  fail(message) {
    this.message.hidden = false;
    this.message.textContent = message;
  }
}
