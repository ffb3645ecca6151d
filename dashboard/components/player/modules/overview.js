// @ts-check
// The scrub bar shows the whole recording. While the rows show a part of it, that part is a window on the bar, which can
// be moved and resized, and a note says so when the cursor is outside of it.

import { find } from "./dom.js";
import { nearest } from "./times.js";
import { panned, resized } from "./zoom.js";

/** @import { Span } from "../../types" */
/** @import { Player } from "./main.js" */

/** @typedef {"start" | "body" | "end"} Part */

const THUMB_PX = 9; // from its middle
const STILL_PX = 3; // less is a click
const STEP = 0.05; // of the window, for each press of an arrow
const LEAP = 0.9; // of the window, for PageUp and PageDown

/** @type {Partial<Record<string, number>>} */
const STEPS = {
  ArrowLeft: -STEP,
  ArrowDown: -STEP,
  ArrowRight: STEP,
  ArrowUp: STEP,
  PageDown: -LEAP,
  PageUp: LEAP,
  Home: -Infinity,
  End: Infinity,
};

/**
 * The view after a part of the window was moved by some seconds.
 * @param {Span} view
 * @param {Part} part
 * @param {number} seconds
 * @param {Span} whole The recording.
 */
export function moved(view, part, seconds, whole) {
  if (part === "body") return panned(view, seconds, whole);
  const side = part === "start" ? 0 : 1;
  return resized(view, side, view[side] + seconds, whole);
}

/**
 * What is said of a cursor outside the view; "" for one inside.
 * @param {number} second
 * @param {Span} view
 */
export function whereabouts(second, [start, end]) {
  if (second >= start && second <= end) return "";
  return `Cursor at ${second.toFixed(1)} s is ${second < start ? "left" : "right"} of what is shown – show it`;
}

export class Overview {
  /**
   * @param {Player} player
   * @param {HTMLElement} bar
   */
  constructor(player, bar) {
    this.player = player;
    this.bar = bar;
    this.window = find(bar, ".iaca-window", HTMLElement);
    this.follow = find(player.root, "[data-action=follow]", HTMLElement);
    this.away = find(player.root, ".iaca-away", HTMLElement);
    this.parts = [...this.window.querySelectorAll("[role=slider]")].filter((one) => one instanceof HTMLElement);
    const { signal } = player.listeners;
    for (const element of this.parts) {
      const part = /** @type {Part} */ (element.dataset.part);
      element.addEventListener("pointerdown", (event) => this.grab(event, element, part), { signal });
      element.addEventListener("keydown", (event) => this.pressed(event, part), { signal });
    }
    // The note lies on the rows, where a press would move the cursor.
    this.away.addEventListener("pointerdown", (event) => event.stopPropagation(), { signal });
  }

  /**
   * Share of the bar at which a second stands. It counts frames, as the thumb does.
   * @param {number} second
   */
  share(second) {
    const { times } = this.player.plot;
    return nearest(times, second) / Math.max(1, times.length - 1);
  }

  /** @param {number} x Of the pointer, px. */
  secondAt(x) {
    const { times } = this.player.plot;
    const { left, width } = this.bar.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (x - left) / width));
    return times[Math.round(share * (times.length - 1))];
  }

  // After the rows were painted.
  show() {
    const { view, span, times } = this.player.plot;
    const { following } = this.player.zoom;
    if (!view && this.window.contains(document.activeElement)) this.player.root.focus({ preventScroll: true });
    this.window.hidden = this.follow.hidden = !view;
    this.follow.ariaPressed = String(following);
    if (!view || !times.length) return;
    const [from, to] = view.map((second) => 100 * this.share(second));
    Object.assign(this.window.style, { left: `${from}%`, width: `${to - from}%` });
    const [start, end] = view.map((second) => second.toFixed(1));
    /** @type {Record<Part, [now: number, text: string]>} */
    const values = {
      start: [view[0], `${start} seconds`],
      body: [(view[0] + view[1]) / 2, `${start} to ${end} of ${span[1].toFixed(1)} seconds`],
      end: [view[1], `${end} seconds`],
    };
    for (const element of this.parts) {
      const [now, text] = values[/** @type {Part} */ (element.dataset.part)];
      element.ariaValueMin = span[0].toFixed(2);
      element.ariaValueMax = span[1].toFixed(2);
      element.ariaValueNow = now.toFixed(2);
      element.ariaValueText = text;
    }
  }

  /** @param {number} second Of the cursor. */
  at(second) {
    const { shownSpan } = this.player.plot;
    const text = whereabouts(second, shownSpan);
    this.away.hidden = !text;
    if (!text) return;
    if (this.away.textContent !== text) this.away.textContent = text;
    this.away.classList.toggle("iaca-right", second > shownSpan[1]);
  }

  /**
   * @param {PointerEvent} event
   * @param {HTMLElement} element
   * @param {Part} part
   */
  grab(event, element, part) {
    const { plot, clock, zoom } = this.player;
    const { view } = plot;
    if (event.button !== 0 || !view) return;
    event.preventDefault();
    element.focus({ preventScroll: true });
    element.setPointerCapture(event.pointerId);
    const x = event.clientX;
    const { left, width } = this.bar.getBoundingClientRect();
    const thumb = left + this.share(this.player.second) * width;
    const seeks = part === "body" && Math.abs(x - thumb) <= THUMB_PX;
    const resume = seeks ? clock.hold() : () => {};
    let still = !seeks;
    const seek = (/** @type {number} */ to) => clock.seek(this.player.frameAt(this.secondAt(to)));
    const move = (/** @type {PointerEvent} */ now) => {
      if (seeks) return seek(now.clientX);
      still &&= Math.abs(now.clientX - x) < STILL_PX;
      if (!still) zoom.take(moved(view, part, this.secondAt(now.clientX) - this.secondAt(x), plot.span));
    };
    const end = () => {
      element.removeEventListener("pointermove", move);
      if (still && part === "body") seek(x);
      resume();
    };
    element.addEventListener("pointermove", move);
    element.addEventListener("lostpointercapture", end, { once: true });
  }

  /**
   * @param {KeyboardEvent} event
   * @param {Part} part
   */
  pressed(event, part) {
    const { plot, zoom } = this.player;
    const step = STEPS[event.key];
    if (!plot.view || step === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    event.stopPropagation();
    const length = plot.view[1] - plot.view[0];
    zoom.take(moved(plot.view, part, step * length, plot.span));
  }
}
