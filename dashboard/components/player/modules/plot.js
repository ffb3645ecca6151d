// @ts-check
// Rows that share the time axis, in one or two panels side by side. They are drawn on a canvas, since SVG paths take
// longer to build than one frame of the video lasts.

import { drawCurves } from "./curves.js";
import { clear, find, make, penOf } from "./dom.js";
import { columnsOf, Ink } from "./ink.js";
import { drawSound, summaryOf } from "./sound.js";
import { framesIn, innerWidth, LEFT, panelsOf, secondAt, ticksOf, xOf } from "./timeAxis.js";

/** @import { Columns, FrameRange, ModelIndex, Row, Span } from "../../types" */
/** @import { Slot } from "./arrangement.js" */
/** @import { Theme } from "./theme.js" */
/** @import { Panel } from "./timeAxis.js" */

const TOP = 4;
const TITLE = 18; // above panels that stand side by side, px
const BOTTOM = 20; // the time axis, px
const LETTER = 5.5; // of a label, px
const DENSE = 2; // frames to a pixel from which curves are drawn pixel by pixel

/**
 * @param {string} className
 * @param {string} text
 * @param {Partial<CSSStyleDeclaration>} style
 */
function label(className, text, style) {
  const made = make("span", { className, textContent: text });
  Object.assign(made.style, style);
  return made;
}

export class Plot {
  /** @type {Span | null} */
  view = null; // seconds, while zoomed
  /** @type {Slot[]} */
  slots = [];
  /** @type {ModelIndex[]} */
  models = [null]; // what each panel shows
  /** @type {string[]} */
  titles = []; // of the models
  /** @type {Columns} */
  frames = {};
  /** @type {Float64Array} */
  times = new Float64Array(); // empty until the first update
  /** @type {string | null} */
  sound = null; // address of its summary
  width = 0; // of the element, px, when last shown: reading it again would force a layout
  inner = 0; // height of all rows, px
  timeLabelled = ""; // what the labels of the time axis were made for

  /**
   * @param {HTMLElement} element
   * @param {Theme} theme
   * @param {() => void} onPainted
   */
  constructor(element, theme, onPainted) {
    this.element = element;
    this.theme = theme;
    this.onPainted = onPainted;
    this.canvas = find(element, "canvas", HTMLCanvasElement);
    this.pen = penOf(this.canvas);
    this.ink = new Ink();
    this.yLabels = find(element, ".iaca-y-axes", HTMLElement);
    this.axis = find(element, ".iaca-x-axes", HTMLElement);
    this.xLabels = find(element, ".iaca-x-labels", HTMLElement);
  }

  /** @returns {Span} */
  get span() {
    const { times } = this;
    const last = times.length - 1;
    return last > 0 ? [times[0], times[last]] : [0, 1];
  }

  get top() {
    return this.models.length > 1 ? TOP + TITLE : TOP;
  }

  get shownSpan() {
    return this.view ?? this.span;
  }

  // Height of the element, px.
  get height() {
    return this.inner + this.top + BOTTOM;
  }

  /**
   * Room for rows in an element of `height` px, px.
   * @param {number} height
   * @param {number} panels
   */
  static room(height, panels) {
    return height - BOTTOM - TOP - (panels > 1 ? TITLE : 0);
  }

  // The width that the page has for all panels now, px.
  get inside() {
    return innerWidth(this.element.clientWidth);
  }

  // The rectangle of all panels inside the element, px.
  get area() {
    return { left: LEFT, top: this.top, width: innerWidth(this.width), height: this.inner };
  }

  get panels() {
    return panelsOf(this.models, this.width);
  }

  /**
   * @param {number} second
   * @param {Panel} panel
   */
  x(second, panel) {
    return xOf(second, this.shownSpan, panel);
  }

  /** @param {number} x */
  second(x) {
    return secondAt(x, this.shownSpan, this.panels);
  }

  // All slots, each with its top in px; its title stands in the gap above. Side by side, a row extends over what its model
  // lacks below it: `heights` has the height in each panel, 0 where there is no row, and `covered` whether one extends
  // there.
  places() {
    let bottom = this.top;
    const places = this.slots.map((slot) => {
      const top = bottom + slot.gap;
      bottom = top + slot.height;
      const heights = slot.rows.map((row) => (row ? slot.height : 0));
      return { ...slot, top, heights, covered: slot.rows.map(() => false) };
    });
    this.models.forEach((_, i) => {
      /** @type {typeof places[number] | null} */
      let above = null;
      for (const place of places) {
        if (place.rows[i]) above = place;
        else if (above && place.rows.some((row) => row && row.model !== null)) {
          above.heights[i] = place.top + place.height - above.top;
          place.covered[i] = true;
        } else above = null;
      }
    });
    return places;
  }

  /**
   * @param {Slot[]} slots
   * @param {ModelIndex[]} models What each panel is about.
   * @param {string[]} titles Of all models.
   * @param {Columns} frames
   * @param {Float64Array} times
   * @param {string | null} sound Address of the summary of the sound.
   * @param {Theme} theme
   */
  show(slots, models, titles, frames, times, sound, theme) {
    Object.assign(this, { slots, models, titles, frames, times, sound, theme });
    this.width = this.element.clientWidth;
    this.inner = slots.reduce((sum, { gap, height }) => sum + gap + height, 0);
    this.element.style.height = `${this.height}px`;
    this.element.style.setProperty("--iaca-axis", theme.axis);
    this.labelRows();
    this.paint();
  }

  labelRows() {
    /** @type {HTMLElement[]} */
    const labels = [];
    this.panels.forEach((panel, i) => {
      const { left, width } = panel;
      const title = panel.model === null ? "" : this.titles[panel.model];
      if (this.models.length > 1) {
        const place = { left: `${left}px`, top: `${TOP}px`, maxWidth: `${width}px` };
        labels.push(label("iaca-panel-title", title, place));
      }
      for (const { rows, top, height: own, heights, covered } of this.places()) {
        const row = rows[i];
        const height = heights[i] || own;
        if (!row) {
          if (covered[i] || !rows.some((one) => one && one.model !== null)) continue;
          // Only one of two panels can be empty: its model lacks what the row shows.
          const place = { left: `${left + width / 2}px`, top: `${top + height / 2}px` };
          labels.push(label("iaca-none", `${title} does not have this`, place));
          continue;
        }
        const [low, high] = row.range;
        for (const tick of row.ticks) {
          const y = top + height * (1 - (tick - low) / (high - low));
          const place = { right: `calc(100% - ${left - 5}px)`, top: `${y}px` };
          labels.push(label("iaca-y-tick", String(tick).replace("-", "−"), place));
        }
        if (row.unit.length * LETTER > height) continue;
        labels.push(label("iaca-y-title", row.unit, { left: `${left - 38}px`, top: `${top + height / 2}px` }));
      }
    });
    this.yLabels.replaceChildren(...labels);
  }

  labelTime() {
    const place = JSON.stringify([this.shownSpan, this.panels]);
    if (place === this.timeLabelled) return;
    this.timeLabelled = place;
    const [start, end] = this.shownSpan;
    Object.assign(this.element.dataset, { start, end });
    /** @type {HTMLElement[]} */
    const labels = [];
    for (const panel of this.panels) {
      for (const [second, text] of ticksOf(this.shownSpan, panel.width)) {
        labels.push(label("iaca-x-tick", text, { left: `${this.x(second, panel)}px` }));
      }
      labels.push(label("iaca-x-title", "time (s)", { right: `calc(100% - ${panel.left - 12}px)` }));
    }
    this.xLabels.replaceChildren(...labels);
  }

  paint() {
    const { pen, theme, width, height } = this;
    theme.ratio = clear(pen, width, height);
    pen.lineJoin = "round";
    this.ink.clear(pen.canvas.width, pen.canvas.height);
    const reach = framesIn(this.times, this.shownSpan);
    this.panels.forEach((panel, i) => {
      const across = Math.max(1, Math.floor(panel.width * theme.ratio));
      const isDense = reach[1] - reach[0] >= DENSE * across;
      const columns = isDense ? columnsOf(this.times, reach, this.shownSpan, across) : null;
      for (const { rows, top, heights } of this.places()) {
        const row = rows[i];
        if (row) this.paintRow(row, panel, top, heights[i], reach, columns);
      }
    });
    this.ink.put(pen);
    this.labelTime();
    this.onPainted();
  }

  /**
   * @param {Row} row
   * @param {Panel} panel
   * @param {number} top
   * @param {number} height
   * @param {FrameRange} reach The frames in view.
   * @param {Int32Array | null} columns Of these frames, where there are more of them than pixels.
   */
  paintRow(row, panel, top, height, reach, columns) {
    const { pen, theme, times } = this;
    const { ratio } = theme;
    const left = Math.round(panel.left * ratio);
    const upper = Math.round(top * ratio);
    const box = {
      left,
      top: upper,
      width: Math.max(1, Math.floor(panel.width * ratio)),
      height: Math.max(1, Math.round((top + height) * ratio) - upper),
    };
    const [low, high] = row.range;
    const [start, end] = this.shownSpan;
    const perSecond = box.width / (end - start);
    const scale = {
      x: (/** @type {number} */ frame) => box.left + (times[frame] - start) * perSecond,
      y: (/** @type {number} */ value) => box.top + box.height * (1 - (value - low) / (high - low)),
      box,
      columns,
    };
    pen.save();
    pen.beginPath();
    pen.rect(box.left, box.top, box.width, box.height);
    pen.clip();
    if (row.kind !== "curves") {
      const summary = summaryOf(this.sound, () => this.paint());
      drawSound(pen, row, summary, box, [start, end], theme);
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
      const curves = row.traces.filter(
        ({ model, minus }) => model === null || panel.model === null || model === panel.model || minus,
      );
      drawCurves(pen, this.ink, curves, this.frames, reach, scale, theme);
    }
    pen.restore();
  }
}
