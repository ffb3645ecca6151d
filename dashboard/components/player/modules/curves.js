// @ts-check
// Curves on a canvas, reduced to what its pixels can show.

import { penOf } from "./dom.js";
import { fade } from "./theme.js";

/** @import { Columns, Curve, FrameRange } from "../../types" */
/** @import { Theme } from "./theme.js" */

const DOTS_PX = 8; // from one row of dots to the next but one
const DOT_PX = 1.1; // radius
const DOT_OPACITY = 0.6;

/**
 * From frames and values to device pixels.
 * @typedef {object} Scale
 * @property {(frame: number) => number} x
 * @property {(value: number) => number} y
 * @property {number} pixels Pixels across.
 */

/**
 * Lengths of dashes and gaps of a line style, px.
 * @param {string} dash
 * @returns {number[]}
 */
export function dashOf(dash) {
  if (dash === "solid") return [];
  if (dash === "dot") return [1.5, 2.5];
  return dash.split(",").map(parseFloat);
}

/**
 * The points of a curve between two frames, as [x, y, x, y, ...] in pixels; NaN breaks the line. If there are fewer
 * pixels than frames: the minimum and maximum of each pixel, in order of occurrence.
 * @param {Float32Array} values
 * @param {FrameRange} reach
 * @param {Scale} scale
 */
export function polyline(values, [first, last], { x, y, pixels }) {
  const count = last - first + 1;
  /** @type {number[]} */
  const found = [];
  if (count <= 2 * pixels) {
    for (let i = first; i <= last; i++) found.push(x(i), y(values[i]));
    return found;
  }
  for (let bin = 0; bin < pixels; bin++) {
    const from = first + Math.floor((bin * count) / pixels);
    const to = first + Math.floor(((bin + 1) * count) / pixels);
    let low = -1;
    let high = -1;
    let gap = -1;
    for (let i = from; i < to; i++) {
      const value = values[i];
      if (value !== value) gap = i;
      else {
        if (low < 0 || value < values[low]) low = i;
        if (high < 0 || value > values[high]) high = i;
      }
    }
    for (const i of [low, high, gap].sort((a, b) => a - b)) if (i >= 0) found.push(x(i), y(values[i]));
  }
  return found;
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {number[]} line
 */
function tracePath(pen, line) {
  let open = false;
  for (let i = 0; i < line.length; i += 2) {
    const [x, y] = [line[i], line[i + 1]];
    if (y !== y) open = false;
    else if (open) pen.lineTo(x, y);
    else {
      pen.moveTo(x, y);
      open = true;
    }
  }
}

/**
 * Stroke a line. If it has more points than pixels, it is drawn as adjacent hairlines: without a graphics card a wide
 * stroke takes ten times as long, and the result looks the same.
 * @param {CanvasRenderingContext2D} pen
 * @param {number[]} line
 * @param {number} width
 * @param {boolean} dense
 */
function stroke(pen, line, width, dense) {
  const hairlines = dense ? Math.ceil(width) : 1;
  pen.lineWidth = dense ? Math.min(width, 1) : width;
  for (let i = 0; i < hairlines; i++) {
    const shift = hairlines > 1 ? (width - 1) * (i / (hairlines - 1) - 0.5) : 0;
    pen.translate(0, shift);
    pen.beginPath();
    tracePath(pen, line);
    pen.stroke();
    pen.translate(0, -shift);
  }
}

/**
 * A pattern of dots.
 * @param {CanvasRenderingContext2D} pen
 * @param {string} colour
 * @param {number} ratio
 */
function dots(pen, colour, ratio) {
  const size = Math.max(2, Math.round(DOTS_PX * ratio));
  const tile = new OffscreenCanvas(size, size);
  const dot = penOf(tile);
  dot.fillStyle = colour;
  for (const at of [size / 4, (3 * size) / 4]) {
    dot.beginPath();
    dot.arc(at, at, DOT_PX * ratio, 0, 2 * Math.PI);
    dot.fill();
  }
  return pen.createPattern(tile, "repeat") ?? colour;
}

/**
 * Fill the area between a line and a lower line over the same frames, or a constant height.
 * @param {CanvasRenderingContext2D} pen
 * @param {number[]} line
 * @param {number[] | number} lower
 */
function fillBelow(pen, line, lower) {
  const solid = line.filter((_, i) => line[i | 1] === line[i | 1]);
  if (!solid.length) return;
  pen.beginPath();
  tracePath(pen, solid);
  if (typeof lower === "number") {
    pen.lineTo(solid[solid.length - 2], lower);
    pen.lineTo(solid[0], lower);
  } else {
    for (let i = lower.length - 2; i >= 0; i -= 2)
      if (lower[i + 1] === lower[i + 1]) pen.lineTo(lower[i], lower[i + 1]);
  }
  pen.closePath();
  pen.fill();
}

/**
 * The values of a curve: a column, or the difference of two; undefined if a column is missing.
 * @param {Curve} curve
 * @param {Columns} frames
 */
export function valuesOf(curve, frames) {
  const values = frames[curve.column];
  if (!values || curve.minus === null) return values;
  const other = frames[curve.minus];
  return other && values.map((value, i) => value - other[i]);
}

/**
 * The curves of a row that have values; those of a stack are summed up.
 * @param {Curve[]} curves
 * @param {Columns} frames
 */
export function stacked(curves, frames) {
  /** @type {{ curve: Curve, values: Float32Array }[]} */
  const found = [];
  /** @type {Float32Array | null} */
  let below = null;
  for (const curve of curves) {
    let values = valuesOf(curve, frames);
    if (!values) continue;
    if (curve.stack) {
      const under = curve.stack === "next" ? below : null;
      if (under) values = values.map((value, i) => value + under[i]);
      below = values;
    }
    found.push({ curve, values });
  }
  return found;
}

/**
 * Draw the curves of a row.
 * @param {CanvasRenderingContext2D} pen
 * @param {Curve[]} curves
 * @param {Columns} frames
 * @param {FrameRange} reach The frames in view.
 * @param {Scale} scale
 * @param {Theme} theme
 */
export function drawCurves(pen, curves, frames, reach, scale, theme) {
  const zero = scale.y(0);
  /** @type {number[] | number} */
  let floor = zero;
  for (const { curve, values } of stacked(curves, frames)) {
    const colour = theme.pick(curve.colour);
    const line = polyline(values, reach, scale);
    if (curve.fill) {
      const inks = [
        fade(colour, curve.fill),
        ...(curve.dotted ? [dots(pen, fade(colour, DOT_OPACITY), theme.ratio)] : []),
      ];
      for (const ink of inks) {
        pen.fillStyle = ink;
        fillBelow(pen, line, curve.stack === "next" ? floor : zero);
      }
      if (curve.stack) floor = line;
    }
    pen.strokeStyle = fade(colour, curve.opacity);
    pen.setLineDash(dashOf(curve.dash).map((length) => length * theme.ratio));
    stroke(pen, line, curve.width * theme.ratio, line.length > 2 * scale.pixels);
  }
  pen.setLineDash([]);
}
