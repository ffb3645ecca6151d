// @ts-check
// Curves on a canvas, reduced to what its pixels can show.

import { penOf } from "./dom.js";
import { DOT_PX, DOTS_PX, reachOf } from "./ink.js";
import { channelsOf, fade } from "./theme.js";

/** @import { Columns, Curve, FrameRange } from "../../types" */
/** @import { Box, Ink, Reach } from "./ink.js" */
/** @import { Theme } from "./theme.js" */

const DOT_OPACITY = 0.6;

/**
 * From frames and values to device pixels.
 * @typedef {object} Scale
 * @property {(frame: number) => number} x
 * @property {(value: number) => number} y
 * @property {Box} box Of the row.
 * @property {Int32Array | null} columns Of the frames in view, where there are more of them than pixels.
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
  /** @type {{ curve: Curve, values: Float32Array, floor: Float32Array | null }[]} */
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
    found.push({ curve, values, floor: (curve.floor && frames[curve.floor]) || null });
  }
  return found;
}

/**
 * Draw the curves of a row: with more frames than pixels in ink, else as paths.
 * @param {CanvasRenderingContext2D} pen
 * @param {Ink} ink
 * @param {Curve[]} curves
 * @param {Columns} frames
 * @param {FrameRange} reach The frames in view.
 * @param {Scale} scale
 * @param {Theme} theme
 */
export function drawCurves(pen, ink, curves, frames, reach, scale, theme) {
  const found = stacked(curves, frames);
  if (scale.columns) inkCurves(ink, found, reach, scale, scale.columns, theme);
  else traceCurves(pen, found, reach, scale, theme);
}

/**
 * @param {Ink} ink
 * @param {ReturnType<typeof stacked>} curves
 * @param {FrameRange} reach
 * @param {Scale} scale
 * @param {Int32Array} columns Of the frames in view.
 * @param {Theme} theme
 */
function inkCurves(ink, curves, [first], { box, y }, columns, theme) {
  const zero = y(0) - box.top;
  /** @type {Reach | number} */
  let floor = zero;
  /** @param {Float32Array} values */
  const reachIn = (values) => reachOf(values, first, columns, box.width, (value) => y(value) - box.top);
  for (const { curve, values, floor: own } of curves) {
    const colour = channelsOf(theme.pick(curve.colour));
    const reach = reachIn(values);
    if (curve.fill) {
      const lower = own ? reachIn(own) : curve.stack === "next" ? floor : zero;
      ink.area(reach, lower, box, colour, curve.fill);
      if (curve.dotted) ink.area(reach, lower, box, colour, DOT_OPACITY, theme.ratio);
      if (curve.stack) floor = reach;
    }
    const dashes = dashOf(curve.dash).map((length) => length * theme.ratio);
    ink.line(reach, box, colour, curve.opacity, curve.width * theme.ratio, dashes);
  }
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {ReturnType<typeof stacked>} curves
 * @param {FrameRange} reach
 * @param {Scale} scale
 * @param {Theme} theme
 */
function traceCurves(pen, curves, [first, last], { x, y }, theme) {
  const zero = y(0);
  /** @type {number[] | number} */
  let floor = zero;
  /** @param {Float32Array} values */
  const lineOf = (values) => {
    /** @type {number[]} */
    const line = [];
    for (let i = first; i <= last; i++) line.push(x(i), y(values[i]));
    return line;
  };
  for (const { curve, values, floor: own } of curves) {
    const colour = theme.pick(curve.colour);
    const line = lineOf(values);
    if (curve.fill) {
      const lower = own ? lineOf(own) : curve.stack === "next" ? floor : zero;
      const inks = [
        fade(colour, curve.fill),
        ...(curve.dotted ? [dots(pen, fade(colour, DOT_OPACITY), theme.ratio)] : []),
      ];
      for (const ink of inks) {
        pen.fillStyle = ink;
        fillBelow(pen, line, lower);
      }
      if (curve.stack) floor = line;
    }
    pen.strokeStyle = fade(colour, curve.opacity);
    pen.lineWidth = curve.width * theme.ratio;
    pen.setLineDash(dashOf(curve.dash).map((length) => length * theme.ratio));
    pen.beginPath();
    tracePath(pen, line);
    pen.stroke();
  }
  pen.setLineDash([]);
}
