// Rows that share the time axis, in one or two panels side by side. Drawn on a canvas: a figure of SVG paths takes
// longer to build than a picture of the video lasts.

import { drawCurves } from "./curves.js";
import { drawSound, summaryOf } from "./sound.js";

const LEFT = 52; // room for the labels of the y axes, px
const RIGHT = 8;
const TOP = 4;
const TITLE = 18; // above panels that stand side by side, px
const BOTTOM = 34;
export const GAP = 12; // between rows, px
const BETWEEN = 60; // between panels, px
const TICK_PX = 90; // room for a label of the time axis

function element(className, text, style) {
  const made = document.createElement("span");
  made.className = className;
  made.textContent = text;
  Object.assign(made.style, style);
  return made;
}

// Round seconds that leave room for their labels.
function ticksOf([start, end], width) {
  const rough = ((end - start) * TICK_PX) / Math.max(width, 1);
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((times) => times * power >= rough) * power;
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const found = [];
  for (let k = Math.ceil(start / step - 1e-9); k * step <= end + 1e-9 * step; k++) found.push([k * step, (k * step).toFixed(digits)]);
  return found;
}

export class Plot {
  constructor(element, onPainted) {
    this.element = element;
    this.onPainted = onPainted;
    this.canvas = element.querySelector("canvas");
    this.yLabels = element.querySelector(".iaca-y-axes");
    this.xLabels = element.querySelector(".iaca-x-axes");
    this.view = null; // [start, end] in seconds while zoomed
    this.slots = [];
    this.models = [null];
    this.width = 0; // of the element, px, as it was when last painted: to ask for it again makes the browser lay out
  }

  get span() {
    const times = this.times;
    const last = times.length - 1;
    return last > 0 ? [times[0], times[last]] : [0, 1];
  }

  get top() {
    return this.models.length > 1 ? TOP + TITLE : TOP;
  }

  get shownSpan() {
    return this.view ?? this.span;
  }

  // Of the element, px.
  get height() {
    return this.inner + this.top + BOTTOM;
  }

  // Room for rows, px, in an element `height` px high with one panel, or two.
  static room(height, panels) {
    return height - BOTTOM - TOP - (panels > 1 ? TITLE : 0);
  }

  // Pixels inside the element, of all panels together.
  get area() {
    return { left: LEFT, top: this.top, width: Math.max(1, this.width - LEFT - RIGHT), height: this.inner };
  }

  get panels() {
    const count = this.models.length;
    const width = Math.max(1, (this.area.width - (count - 1) * BETWEEN) / count);
    return this.models.map((model, i) => ({ model, left: LEFT + i * (width + BETWEEN), width }));
  }

  x(second, panel = this.panels[0]) {
    const [start, end] = this.shownSpan;
    return panel.left + ((second - start) / (end - start)) * panel.width;
  }

  second(x) {
    const [start, end] = this.shownSpan;
    const panels = this.panels;
    const panel = panels.findLast((one) => x >= one.left - BETWEEN / 2) ?? panels[0];
    return Math.min(end, Math.max(start, start + ((x - panel.left) / panel.width) * (end - start)));
  }

  // Top and height of every slot, px.
  places() {
    let { top } = this;
    return this.slots.map((slot) => {
      const place = { ...slot, top };
      top += slot.height + GAP;
      return place;
    });
  }

  // `slots` have a key, a height and one row (or null) for every panel; `models` says what each panel is about, and
  // `titles` what the models are called.
  show(slots, models, titles, frames, times, sound, theme) {
    Object.assign(this, { slots, models, titles, frames, times, sound, theme });
    this.width = this.element.clientWidth;
    this.inner = slots.reduce((sum, slot) => sum + slot.height, 0) + GAP * Math.max(0, slots.length - 1);
    this.element.style.height = `${this.height}px`;
    this.element.style.setProperty("--iaca-axis", theme.axis);
    this.labelRows();
    this.paint();
  }

  labelRows() {
    const labels = [];
    this.panels.forEach((panel, i) => {
      if (this.models.length > 1) labels.push(element("iaca-panel-title", this.titles[panel.model], { left: `${panel.left}px`, top: `${TOP}px` }));
      for (const { rows, top, height } of this.places()) {
        const row = rows[i];
        if (!row) {
          // Only one of two panels may be empty, and only because its model lacks what the row shows.
          labels.push(element("iaca-none", `${this.titles[panel.model]} has none`, { left: `${panel.left + panel.width / 2}px`, top: `${top + height / 2}px` }));
          continue;
        }
        const [low, high] = row.range;
        for (const tick of row.ticks) {
          const y = top + height * (1 - (tick - low) / (high - low));
          labels.push(element("iaca-y-tick", String(tick).replace("-", "−"), { right: `calc(100% - ${panel.left - 5}px)`, top: `${y}px` }));
        }
        labels.push(element("iaca-y-title", row.unit, { left: `${panel.left - 42}px`, top: `${top + height / 2}px` }));
      }
    });
    this.yLabels.replaceChildren(...labels);
  }

  labelTime() {
    const labels = [];
    for (const panel of this.panels) {
      for (const [second, text] of ticksOf(this.shownSpan, panel.width)) {
        labels.push(element("iaca-x-tick", text, { left: `${this.x(second, panel)}px`, top: `${this.top + this.inner}px` }));
      }
      labels.push(element("iaca-x-title", "time (s)", { left: `${panel.left + panel.width / 2}px`, top: `${this.top + this.inner + 16}px` }));
    }
    this.xLabels.replaceChildren(...labels);
  }

  paint() {
    const { canvas, element, theme, width, height } = this;
    const ratio = (theme.ratio = window.devicePixelRatio || 1);
    canvas.width = Math.round(width * ratio);
    canvas.height = Math.round(height * ratio);
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    const pen = canvas.getContext("2d");
    pen.lineJoin = "round";
    const [start, end] = this.shownSpan;
    const { times } = this;
    const first = Math.max(0, times.findIndex((t) => t >= start) - 1);
    let last = times.length - 1;
    while (last > first + 1 && times[last - 1] > end) last--;
    this.panels.forEach((panel, i) => {
      for (const { rows, top, height: high } of this.places()) {
        if (rows[i]) this.paintRow(pen, rows[i], panel, { top, height: high }, [first, last]);
      }
    });
    this.labelTime();
    Object.assign(element.dataset, { start, end });
    this.onPainted();
  }

  paintRow(pen, row, panel, place, reach) {
    const { theme, times } = this;
    const { ratio } = theme;
    const box = { left: panel.left * ratio, top: place.top * ratio, width: panel.width * ratio, height: place.height * ratio };
    const [low, high] = row.range;
    const [start, end] = this.shownSpan;
    const perSecond = box.width / (end - start);
    const scale = {
      x: (frame) => box.left + (times[frame] - start) * perSecond,
      y: (value) => box.top + box.height * (1 - (value - low) / (high - low)),
      pixels: Math.max(1, Math.floor(panel.width)),
    };
    pen.save();
    pen.beginPath();
    pen.rect(box.left, box.top, box.width, box.height);
    pen.clip();
    if (row.kind !== "curves") {
      const summary = summaryOf(this.sound, () => this.paint());
      drawSound(pen, row.kind, summary, box, [start, end], theme);
    } else {
      pen.strokeStyle = theme.grid;
      pen.lineWidth = ratio;
      pen.beginPath();
      for (const tick of row.ticks) {
        pen.moveTo(box.left, scale.y(tick));
        pen.lineTo(box.left + box.width, scale.y(tick));
      }
      for (const [second] of ticksOf([start, end], panel.width)) {
        const x = box.left + (second - start) * perSecond;
        pen.moveTo(x, box.top);
        pen.lineTo(x, box.top + box.height);
      }
      pen.stroke();
      const curves = row.traces.filter((curve) => curve.model === null || panel.model === null || curve.model === panel.model || curve.minus);
      drawCurves(pen, curves, this.frames, reach, scale, theme);
    }
    pen.restore();
  }
}
