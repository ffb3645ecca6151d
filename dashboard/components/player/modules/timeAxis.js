// @ts-check
// The time axis: its panels, its ticks, and the conversion between seconds and pixels.

/** @import { ModelIndex, Span } from "../../types" */

export const LEFT = 84; // room for the labels of the y axes and the names of the lanes, px
const RIGHT = 8;
const BETWEEN = 60; // between panels, px
const TICK_PX = 90; // room for a label

/**
 * A panel shows one model or all of them; left and width are in px.
 * @typedef {{ model: ModelIndex, left: number, width: number }} Panel
 */

/**
 * Width of all panels together in an element, px.
 * @param {number} width
 */
export function innerWidth(width) {
  return Math.max(1, width - LEFT - RIGHT);
}

/**
 * Panels that share the width of an element equally.
 * @param {ModelIndex[]} models What each shows.
 * @param {number} elementWidth
 * @returns {Panel[]}
 */
export function panelsOf(models, elementWidth) {
  const count = models.length;
  const width = Math.max(1, (innerWidth(elementWidth) - (count - 1) * BETWEEN) / count);
  return models.map((model, i) => ({ model, left: LEFT + i * (width + BETWEEN), width }));
}

/**
 * @param {number} second
 * @param {Span} span The seconds in view.
 * @param {Panel} panel
 */
export function xOf(second, [start, end], panel) {
  return panel.left + ((second - start) / (end - start)) * panel.width;
}

/**
 * The panel at `x` px.
 * @param {number} x
 * @param {Panel[]} panels
 */
export function panelAt(x, panels) {
  return panels.find(({ left, width }) => x >= left && x <= left + width);
}

/**
 * The second in view at `x` px, in the panel there or the nearest one.
 * @param {number} x
 * @param {Span} span The seconds in view.
 * @param {Panel[]} panels
 */
export function secondAt(x, [start, end], panels) {
  const panel = panels.findLast((one) => x >= one.left - BETWEEN / 2) ?? panels[0];
  return Math.min(end, Math.max(start, start + ((x - panel.left) / panel.width) * (end - start)));
}

/**
 * Ticks at round seconds, each with its label, spaced so that labels fit.
 * @param {Span} span
 * @param {number} width px.
 */
export function ticksOf([start, end], width) {
  const rough = ((end - start) * TICK_PX) / Math.max(width, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = ([1, 2, 5].find((times) => times * power >= rough) ?? 10) * power;
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  /** @type {[second: number, label: string][]} */
  const found = [];
  for (let k = Math.ceil(start / step - 1e-9); k * step <= end + 1e-9 * step; k++) {
    found.push([k * step, (k * step).toFixed(digits)]);
  }
  return found;
}

/**
 * First and last frame to draw for the seconds in view, including one neighbour on either side.
 * @param {Float64Array} times
 * @param {Span} span
 * @returns {[first: number, last: number]}
 */
export function framesIn(times, [start, end]) {
  const first = Math.max(0, times.findIndex((time) => time >= start) - 1);
  let last = times.length - 1;
  while (last > first + 1 && times[last - 1] > end) last--;
  return [first, last];
}
