// The valence-arousal plane: truth and models at the cursor, each with a tail of where it came from.

import { fade } from "./theme.js";

const TAIL_S = 1.5;
const MARGIN = 22;

const SHAPES = {
  diamond: (pen, x, y, r) => {
    pen.moveTo(x, y - r * 1.25);
    pen.lineTo(x + r * 1.25, y);
    pen.lineTo(x, y + r * 1.25);
    pen.lineTo(x - r * 1.25, y);
    pen.closePath();
  },
  triangle: (pen, x, y, r) => {
    pen.moveTo(x, y - r * 1.2);
    pen.lineTo(x + r * 1.15, y + r * 0.9);
    pen.lineTo(x - r * 1.15, y + r * 0.9);
    pen.closePath();
  },
  square: (pen, x, y, r) => pen.rect(x - r * 0.9, y - r * 0.9, r * 1.8, r * 1.8),
  circle: (pen, x, y, r) => pen.arc(x, y, r, 0, 2 * Math.PI),
};

// A small picture of a point's shape, for the table of values.
export function swatch(shape, colour) {
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = 24;
  canvas.className = "iaca-swatch";
  const pen = canvas.getContext("2d");
  pen.fillStyle = colour;
  pen.beginPath();
  SHAPES[shape](pen, 12, 12, 8);
  pen.fill();
  return canvas;
}

export class Plane {
  constructor(canvas) {
    this.canvas = canvas;
    new ResizeObserver(() => this.resize()).observe(canvas);
  }

  // It grows and shrinks with the window, and has no size once it is taken off the page.
  resize() {
    const side = this.canvas.clientWidth;
    if (!this.points || !side || side === this.side) return;
    this.show(this.points, this.frames, this.times, this.theme);
    this.at(this.frame);
  }

  show(points, frames, times, theme) {
    Object.assign(this, { points, frames, times, theme });
    const side = this.canvas.clientWidth;
    this.ratio = window.devicePixelRatio || 1;
    this.side = side;
    this.canvas.width = this.canvas.height = Math.round(side * this.ratio);
    this.ground = this.drawGround();
  }

  place(valence, arousal) {
    const reach = (this.side - 2 * MARGIN) / 2;
    return [this.side / 2 + valence * reach, this.side / 2 - arousal * reach];
  }

  drawGround() {
    const ground = new OffscreenCanvas(this.canvas.width, this.canvas.height);
    const pen = ground.getContext("2d");
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

  at(frame) {
    this.frame = frame;
    if (!this.ground?.width) return; // not on the page any more
    const pen = this.canvas.getContext("2d");
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, this.canvas.width, this.canvas.height);
    pen.drawImage(this.ground, 0, 0);
    pen.scale(this.ratio, this.ratio);
    let first = frame;
    while (first > 0 && this.times[frame] - this.times[first - 1] <= TAIL_S) first--;
    for (const point of this.points) this.drawPoint(pen, point, first, frame);
  }

  drawPoint(pen, point, first, frame) {
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
    SHAPES[point.shape](pen, x, y, 5.5);
    pen.fill();
    pen.stroke();
  }
}
