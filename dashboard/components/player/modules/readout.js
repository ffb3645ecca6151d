// @ts-check
// Values at the cursor: titles and values above each row, the table below the plane, and labels of the bands there.

import { slotOf } from "./arrangement.js";
import { valuesOf } from "./curves.js";
import { make, rowHead } from "./dom.js";
import { swatch } from "./plane.js";
import { fade } from "./theme.js";

/** @import { Band, Columns, Curve, Point, Row } from "../../types" */
/** @import { Plot } from "./plot.js" */
/** @import { RowHandles } from "./rowHandles.js" */
/** @import { Theme } from "./theme.js" */
/** @import { Panel } from "./timeAxis.js" */

const AFTER_AXIS = 4; // from the left end of a row to its title, px
const BEFORE_AXIS = 20; // from its handle to the left end of a row, px
const MISSING = "–";
const BEYOND = "beyond ±1: a model's output has no bound";
const BORDERS = new Map([
  ["solid", "solid"],
  ["dot", "dotted"],
]);

/** @param {number | undefined} value */
function format(value) {
  return value === undefined || Number.isNaN(value) ? MISSING : value.toFixed(2).replace("-", "−");
}

/**
 * Whether a value, as it is printed, lies outside the scale of annotations.
 * @param {number | undefined} value
 */
export function isBeyond(value) {
  return value !== undefined && Number(Math.abs(value).toFixed(2)) > 1;
}

/**
 * The legend sample of a curve: a block for stacked weights, otherwise a line in the style of the curve.
 * @param {Curve} curve
 * @param {Theme} theme
 */
function sample(curve, theme) {
  const colour = theme.pick(curve.colour);
  const mark = make("i", { className: curve.stack ? "iaca-block" : "iaca-stroke" });
  if (curve.stack) {
    mark.style.background = curve.dotted
      ? `radial-gradient(${colour} 1.2px, ${fade(colour, 0.45)} 1.4px) 0 0 / 5px 5px`
      : colour;
    mark.style.opacity = String(Math.min(1, curve.fill + 0.1));
  } else {
    mark.style.borderTop = `${Math.max(2, curve.width)}px ${BORDERS.get(curve.dash) ?? "dashed"} ${colour}`;
    mark.style.opacity = String(curve.opacity);
  }
  return mark;
}

/** @typedef {(frames: Columns) => Float32Array | undefined} Source */

export class Readout {
  /** @type {{ text: Text, source: Source, values: Float32Array | undefined }[]} */
  cells = []; // each with the values it shows, and where they come from
  /** @type {Band[]} */
  bands = []; // those with a label
  /** @type {Columns} */
  frames = {};
  /** @type {Point[]} */
  points = [];
  /** @type {string | null} */
  shownFlags = null;

  /**
   * @param {HTMLElement} legend
   * @param {HTMLElement} whose
   * @param {HTMLElement} body Of the table of values.
   * @param {HTMLElement} flags
   * @param {RowHandles} handles
   */
  constructor(legend, whose, body, flags, handles) {
    this.legend = legend;
    this.whose = whose;
    this.body = body;
    this.flags = flags;
    this.handles = handles;
  }

  /**
   * @param {Plot} plot
   * @param {Point[]} points
   * @param {string | null} gatesOf The target whose gates and scores are shown, where each has its own.
   * @param {Band[]} bands
   * @param {Columns} frames
   * @param {Theme} theme
   */
  show(plot, points, gatesOf, bands, frames, theme) {
    this.frames = frames;
    this.cells = [];
    this.whose.title = this.whose.textContent = gatesOf ? `Gates and scores for ${gatesOf}` : "";
    this.showLegend(plot, theme);
    this.showTable(points, theme);
    this.showBands(bands);
  }

  /**
   * Take other values of what is shown.
   * @param {Point[]} points
   * @param {Band[]} bands
   * @param {Columns} frames
   */
  take(points, bands, frames) {
    Object.assign(this, { points, frames });
    for (const cell of this.cells) cell.values = cell.source(frames);
    this.showBands(bands);
  }

  /** @param {Band[]} bands */
  showBands(bands) {
    this.bands = bands.filter((band) => band.label);
    this.shownFlags = null;
  }

  /**
   * Text that shows values at the cursor.
   * @param {Source} source
   */
  text(source) {
    const text = document.createTextNode(MISSING);
    this.cells.push({ text, source, values: source(this.frames) });
    return text;
  }

  /**
   * @param {Plot} plot
   * @param {Theme} theme
   */
  showLegend(plot, theme) {
    const { panels } = plot;
    this.legend.replaceChildren(
      ...plot.places().map((slot) => {
        const box = make("div", { className: "iaca-row-legend" });
        box.dataset.row = slot.key;
        box.style.top = `${slot.top}px`;
        box.style.height = `${slot.height}px`;
        const [grip, close] = this.handles.buttons(slot);
        const own = slot.rows.findIndex((row) => row && slotOf(row) === slot.key);
        grip.style.left = `${panels[own].left - BEFORE_AXIS}px`;
        const heads = slot.rows.flatMap((row, i) =>
          row ? this.rowHead(row, panels[i], slot.rows.length > 1, slot.gap, theme) : [],
        );
        box.append(grip, ...heads, close);
        return box;
      }),
    );
  }

  /**
   * Title of a row and the values of its curves, in as many lines above it as there is room for.
   * @param {Row} row
   * @param {Panel} panel
   * @param {boolean} side Whether panels stand side by side: each says whose it is.
   * @param {number} gap Room above the row, px.
   * @param {Theme} theme
   */
  rowHead(row, panel, side, gap, theme) {
    const textContent = side ? row.title.split(" · ")[0] : row.title;
    const title = make("div", { className: "iaca-row-title", textContent, title: row.help });
    const values = make("ul", { className: "iaca-values" });
    for (const curve of row.traces) {
      const { name, model } = curve;
      const seen = model === null || curve.minus || panel.model === null || panel.model === model;
      if (!curve.legend || !seen || !(curve.column in this.frames)) continue;
      const value = make(
        "span",
        { className: "iaca-value" },
        this.text((frames) => valuesOf(curve, frames)),
      );
      values.append(make("li", {}, sample(curve, theme), `${name} `, value));
    }
    const head = make("div", { className: "iaca-row-head" }, title, values);
    head.style.left = `${panel.left + AFTER_AXIS}px`;
    head.style.width = `${panel.width - 2 * AFTER_AXIS}px`;
    Object.assign(head.style, { top: `${1 - gap}px`, height: `${gap - 2}px` });
    return head;
  }

  /**
   * @param {Point[]} points
   * @param {Theme} theme
   */
  showTable(points, theme) {
    this.points = points;
    this.body.replaceChildren(
      ...points.map(({ name, valence, arousal, corners, colour }) => {
        const head = rowHead(swatch(corners, theme.pick(colour)), name);
        const cells = [valence, arousal].map((column) =>
          make(
            "td",
            {},
            this.text((frames) => frames[column]),
          ),
        );
        return make("tr", {}, head, ...cells);
      }),
    );
  }

  /**
   * @param {number} frame
   * @param {number} second
   * @param {boolean} pastLastPicture
   * @param {boolean} known Whether the values are known there.
   */
  at(frame, second, pastLastPicture, known) {
    for (const { text, values } of this.cells) {
      const value = format(known ? values?.[frame] : undefined);
      if (text.data !== value) text.data = value;
    }
    const labels = this.bands
      .filter((band) => band.spans.some(([from, to]) => from <= second && second < to))
      .map((band) => band.label);
    if (pastLastPicture) labels.push("after the last picture");
    for (const { name, valence, arousal } of this.points)
      if (known && [valence, arousal].some((column) => isBeyond(this.frames[column]?.[frame])))
        labels.push(`${name} ${BEYOND}`);
    const text = labels.join("|");
    if (text === this.shownFlags) return;
    this.shownFlags = text;
    this.flags.replaceChildren(...labels.map((label) => make("li", { textContent: label })));
  }
}
