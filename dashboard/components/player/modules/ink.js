// @ts-check
// Curves with more frames than pixels, drawn pixel by pixel. In every column of pixels a curve reaches from its lowest to
// its highest value; to stroke it as a path takes a browser without a graphics card ten times as long, and longer than a
// frame of the video lasts.

import { penOf } from "./dom.js";

/** @import { FrameRange, Span } from "../../types" */
/** @import { Channels } from "./theme.js" */

export const DOTS_PX = 8; // from one row of dots to the next but one
export const DOT_PX = 1.1; // radius
const SHORTEST_PX = 0.1; // of dashes and gaps

/**
 * How far a curve reaches in each column, px from the top; NaN where it has no value.
 * @typedef {{ top: Float32Array, bottom: Float32Array }} Reach
 */

/**
 * A rectangle, in device pixels.
 * @typedef {{ left: number, top: number, width: number, height: number }} Box
 */

/**
 * The column of pixels that each frame falls into, counted from the left end of the view.
 * @param {Float64Array} times
 * @param {FrameRange} frames First and last frame; they may lie outside.
 * @param {Span} view The seconds in view.
 * @param {number} width px.
 */
export function columnsOf(times, [first, last], [start, end], width) {
  const columns = new Int32Array(last - first + 1);
  for (let i = first; i <= last; i++) columns[i - first] = Math.floor(((times[i] - start) / (end - start)) * width);
  return columns;
}

/**
 * How far a curve reaches in each column. Frames are joined by straight lines; where a value is missing there is a gap.
 * @param {Float32Array} values
 * @param {number} first Frame of the first column.
 * @param {Int32Array} columns Of the frames, as `columnsOf` returns them.
 * @param {number} width px.
 * @param {(value: number) => number} y
 * @returns {Reach}
 */
export function reachOf(values, first, columns, width, y) {
  const top = new Float32Array(width).fill(NaN);
  const bottom = new Float32Array(width).fill(NaN);
  /**
   * @param {number} column
   * @param {number} at
   */
  const mark = (column, at) => {
    if (column < 0 || column >= width) return;
    if (!(top[column] <= at)) top[column] = at;
    if (!(bottom[column] >= at)) bottom[column] = at;
  };
  let before = NaN;
  let last = 0;
  for (let k = 0; k < columns.length; k++) {
    const at = y(values[first + k]);
    const column = columns[k];
    if (at === at) {
      if (before === before && column !== last) {
        for (let c = Math.max(0, last + 1); c < Math.min(column, width); c++)
          mark(c, before + ((at - before) * (c - last)) / (column - last));
        if (column === last + 1) mark(column, before);
      }
      mark(column, at);
    }
    before = at;
    last = column;
  }
  return { top, bottom };
}

/**
 * How much of each pixel of a tile its two dots cover, 0 to 1.
 * @param {number} ratio Device pixels to a px.
 */
function tileOf(ratio) {
  const size = Math.max(2, Math.round(DOTS_PX * ratio));
  const covered = new Float32Array(size * size);
  for (let y = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      for (const at of [size / 4, (3 * size) / 4]) {
        const outside = Math.hypot(x + 0.5 - at, y + 0.5 - at) - DOT_PX * ratio;
        covered[y * size + x] = Math.max(covered[y * size + x], Math.min(1, Math.max(0, 0.5 - outside)));
      }
    }
  }
  return { size, covered };
}

export class Ink {
  width = 0;
  height = 0;
  used = false;
  /** @type {Uint8ClampedArray<ArrayBuffer>} */
  pixels = new Uint8ClampedArray();
  /** @type {OffscreenCanvas | null} */
  canvas = null;

  /**
   * Begin a picture.
   * @param {number} width Device pixels.
   * @param {number} height
   */
  clear(width, height) {
    if (width !== this.width || height !== this.height) {
      Object.assign(this, { width, height, pixels: new Uint8ClampedArray(4 * width * height), canvas: null });
    } else if (this.used) this.pixels.fill(0);
    this.used = false;
  }

  /**
   * @param {Reach} reach
   * @param {Box} box
   * @param {Channels} colour
   * @param {number} opacity
   * @param {number} width Of the line.
   * @param {number[]} dashes Lengths of dashes and gaps; none for a solid line.
   */
  line({ top, bottom }, box, colour, opacity, width, dashes) {
    const pattern = new Dashes(dashes);
    for (let column = 0; column < top.length; column++) {
      if (top[column] !== top[column]) continue;
      const from = top[column] - width / 2;
      const to = bottom[column] + width / 2;
      if (bottom[column] - top[column] <= 1) {
        if (pattern.drawn) this.bar(box, column, from, to, colour, opacity);
        pattern.walk(1);
        continue;
      }
      for (let y = from; y < to;) {
        const step = Math.min(pattern.rest, to - y);
        if (pattern.drawn) this.bar(box, column, y, y + step, colour, opacity);
        pattern.walk(step);
        y += step;
      }
    }
  }

  /**
   * Fill the area between a curve and a lower one, or a constant height.
   * @param {Reach} reach
   * @param {Reach | number} lower
   * @param {Box} box
   * @param {Channels} colour
   * @param {number} opacity
   * @param {number} [dots] Device pixels to a px where the area is dotted.
   */
  area(reach, lower, box, colour, opacity, dots) {
    const tile = dots ? tileOf(dots) : null;
    const middle = (/** @type {Reach} */ { top, bottom }, /** @type {number} */ column) =>
      (top[column] + bottom[column]) / 2;
    for (let column = 0; column < reach.top.length; column++) {
      const one = middle(reach, column);
      const other = typeof lower === "number" ? lower : middle(lower, column);
      if (one === one && other === other)
        this.bar(box, column, Math.min(one, other), Math.max(one, other), colour, opacity, tile);
    }
  }

  /**
   * Draw one column of pixels from one height to another, those at its ends by as much as is covered of them.
   * @param {Box} box
   * @param {number} column
   * @param {number} from
   * @param {number} to
   * @param {Channels} colour
   * @param {number} opacity
   * @param {ReturnType<typeof tileOf> | null} [tile]
   */
  bar(box, column, from, to, [red, green, blue], opacity, tile = null) {
    const { pixels, width } = this;
    const start = Math.max(0, from);
    const end = Math.min(box.height, to);
    const x = box.left + column;
    this.used = true;
    for (let row = Math.floor(start); row < end; row++) {
      let alpha = opacity * (Math.min(row + 1, end) - Math.max(row, start));
      const y = box.top + row;
      if (tile) alpha *= tile.covered[(y % tile.size) * tile.size + (x % tile.size)];
      const i = 4 * (y * width + x);
      const under = (pixels[i + 3] / 255) * (1 - alpha);
      const both = alpha + under;
      if (!both) continue;
      pixels[i] = (red * alpha + pixels[i] * under) / both;
      pixels[i + 1] = (green * alpha + pixels[i + 1] * under) / both;
      pixels[i + 2] = (blue * alpha + pixels[i + 2] * under) / both;
      pixels[i + 3] = 255 * both;
    }
  }

  /**
   * Lay the picture over what a canvas of its size shows.
   * @param {CanvasRenderingContext2D} pen
   */
  put(pen) {
    if (!this.used) return;
    this.canvas ??= new OffscreenCanvas(this.width, this.height);
    penOf(this.canvas).putImageData(new ImageData(this.pixels, this.width, this.height), 0, 0);
    pen.drawImage(this.canvas, 0, 0);
  }
}

// Where one is in the dashes and gaps along a line.
class Dashes {
  index = 0; // odd in a gap

  /** @param {number[]} lengths Of dashes and gaps, px; none for a solid line. */
  constructor(lengths) {
    this.lengths = lengths.map((length) => Math.max(SHORTEST_PX, length));
    this.rest = this.lengths[0] ?? Infinity; // of the dash or gap, px
  }

  get drawn() {
    return this.index % 2 === 0;
  }

  /** @param {number} length px. */
  walk(length) {
    this.rest -= length;
    while (this.rest < SHORTEST_PX / 2) {
      this.index = (this.index + 1) % this.lengths.length;
      this.rest += this.lengths[this.index];
    }
  }
}
