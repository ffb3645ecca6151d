// @ts-check
// The valence-arousal plane: truth and models at the cursor, each with a tail showing the last moments.

import { make, penOf } from "./dom.js";
import { fade } from "./theme.js";

/** @import { Columns, Point } from "../../types" */
/** @import { Theme } from "./theme.js" */

export const TAIL_S = 1.5;
const MARGIN = 22;

/**
 * Add the shape of a point to the path.
 * @param {CanvasRenderingContext2D} pen
 * @param {Point["corners"]} corners
 * @param {number} x
 * @param {number} y
 * @param {number} r
 */
function addShape(pen, corners, x, y, r) {
  if (!corners.length) return pen.arc(x, y, r, 0, 2 * Math.PI);
  for (const [right, down] of corners) pen.lineTo(x + right * r, y + down * r);
  pen.closePath();
}

/**
 * A small picture of a point's shape, for the table of values.
 * @param {Point["corners"]} corners
 * @param {string} colour
 */
export function swatch(corners, colour) {
  const canvas = make("canvas", { width: 24, height: 24, className: "iaca-swatch" });
  const pen = penOf(canvas);
  pen.fillStyle = colour;
  pen.beginPath();
  addShape(pen, corners, 12, 12, 8);
  pen.fill();
  return canvas;
}

export class Plane {
  /** @type {Point[]} */
  points = [];
  /** @type {Columns} */
  frames = {};
  /** @type {Float64Array} */
  times = new Float64Array();
  frame = 0;
  known = true;
  side = 0; // px
  ratio = 1;
  /** @type {OffscreenCanvas | null} */
  ground = null; // everything that does not move

  /**
   * @param {HTMLCanvasElement} canvas
   * @param {Theme} theme
   */
  constructor(canvas, theme) {
    this.canvas = canvas;
    this.pen = penOf(canvas);
    this.theme = theme;
    new ResizeObserver(() => this.resize()).observe(canvas);
  }

  // The plane scales with the window; it has no size once it is removed from the page.
  resize() {
    const side = this.canvas.clientWidth;
    if (!this.points.length || !side || side === this.side) return;
    this.show(this.points, this.frames, this.times, this.theme);
    this.at(this.frame, this.known);
  }

  /**
   * @param {Point[]} points
   * @param {Columns} frames
   * @param {Float64Array} times
   * @param {Theme} theme
   */
  show(points, frames, times, theme) {
    Object.assign(this, { points, frames, times, theme });
    this.side = this.canvas.clientWidth;
    this.ratio = window.devicePixelRatio || 1;
    this.canvas.width = this.canvas.height = Math.round(this.side * this.ratio);
    this.ground = this.drawGround();
  }

  /**
   * Take other values of the same points.
   * @param {Point[]} points
   * @param {Columns} frames
   */
  take(points, frames) {
    Object.assign(this, { points, frames });
  }

  /**
   * @param {number} valence
   * @param {number} arousal
   * @returns {[x: number, y: number]}
   */
  place(valence, arousal) {
    const reach = (this.side - 2 * MARGIN) / 2;
    return [this.side / 2 + valence * reach, this.side / 2 - arousal * reach];
  }

  drawGround() {
    const ground = new OffscreenCanvas(this.canvas.width, this.canvas.height);
    const pen = penOf(ground);
    pen.scale(this.ratio, this.ratio);
    const { side, theme } = this;
    const [left, top] = this.place(-1, 1);
    const extent = side - 2 * MARGIN;
    pen.strokeStyle = theme.grid;
    pen.strokeRect(left, top, extent, extent);
    pen.beginPath();
    for (const at of [-0.5, 0, 0.5]) {
      const [x, y] = this.place(at, at);
      pen.moveTo(x, top);
      pen.lineTo(x, top + extent);
      pen.moveTo(left, y);
      pen.lineTo(left + extent, y);
    }
    pen.stroke();
    pen.fillStyle = theme.axis;
    pen.font = `11px ${theme.font}`;
    pen.textAlign = "center";
    pen.fillText("valence", side / 2, side - 6);
    pen.textAlign = "left";
    pen.fillText("−1", left, side - 6);
    pen.textAlign = "right";
    pen.fillText("1", left + extent, side - 6);
    pen.fillText("1", left - 5, top + 9);
    pen.fillText("−1", left - 5, top + extent);
    pen.translate(12, side / 2);
    pen.rotate(-Math.PI / 2);
    pen.textAlign = "center";
    pen.fillText("arousal", 0, 0);
    return ground;
  }

  /**
   * @param {number} frame
   * @param {boolean} known Whether the values of models are known there.
   */
  at(frame, known = true) {
    Object.assign(this, { frame, known });
    const { pen, ground, times } = this;
    if (!ground?.width) return; // no longer on the page
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    pen.drawImage(ground, 0, 0);
    pen.scale(this.ratio, this.ratio);
    let first = frame;
    while (first > 0 && times[frame] - times[first - 1] <= TAIL_S) first--;
    for (const point of this.points) if (known || point.model === null) this.drawPoint(point, first, frame);
  }

  /**
   * @param {Point} point
   * @param {number} first Where the tail begins.
   * @param {number} frame
   */
  drawPoint(point, first, frame) {
    const { pen } = this;
    const valence = this.frames[point.valence];
    const arousal = this.frames[point.arousal];
    if (!valence || !arousal) return;
    const colour = this.theme.pick(point.colour);
    pen.lineWidth = 2;
    pen.lineCap = "round";
    for (let k = first + 1; k <= frame; k++) {
      pen.strokeStyle = fade(colour, (0.75 * (k - first)) / (frame - first));
      pen.beginPath();
      pen.moveTo(...this.place(valence[k - 1], arousal[k - 1]));
      pen.lineTo(...this.place(valence[k], arousal[k]));
      pen.stroke();
    }
    const [x, y] = this.place(valence[frame], arousal[frame]);
    if (Number.isNaN(x + y)) return;
    pen.fillStyle = colour;
    pen.strokeStyle = this.theme.background;
    pen.lineWidth = 1.5;
    pen.beginPath();
    addShape(pen, point.corners, x, y, 5.5);
    pen.fill();
    pen.stroke();
  }
}
