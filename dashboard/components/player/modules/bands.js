// @ts-check
// Bands behind the curves (episodes of corruption, dropped spans, masks) and their named lanes above the rows.

import { paintCoded } from "./codedLane.js";
import { clear, make, penOf } from "./dom.js";
import { shadedSpans } from "./layers.js";
import { fade } from "./theme.js";

/** @import { Band, Span } from "../../types" */
/** @import { Plot } from "./plot.js" */
/** @import { Theme } from "./theme.js" */
/** @import { Panel } from "./timeAxis.js" */

const HATCH_PX = 7;
const NARROWEST_LABEL_PX = 44;
export const ROOM_PX = 12; // per span on average; closer spans would hide the curves and are shown in their lane only

/**
 * Kinds of bands with spans so close that they would hide the curves. Missing data is always shown.
 * @param {Band[]} bands
 * @param {Span} view The seconds in view.
 * @param {number} width Of a panel, px.
 */
export function crowdedKinds(bands, [start, end], width) {
  const most = Math.max(1, width / ROOM_PX);
  /** @param {Band} band */
  const isCrowded = ({ hatched, spans }) =>
    !hatched && spans.filter(([from, to]) => from < end && to > start).length > most;
  return new Set(bands.filter(isCrowded).map((band) => band.kind));
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {string} colour
 * @param {number} ratio
 */
function hatching(pen, colour, ratio) {
  const size = Math.max(1, Math.round(HATCH_PX * ratio)); // a page that is closing may have a ratio of 0
  const tile = new OffscreenCanvas(size, size);
  const line = penOf(tile);
  line.strokeStyle = colour;
  line.lineWidth = ratio;
  for (const shift of [-size, 0, size]) {
    line.beginPath();
    line.moveTo(shift, size);
    line.lineTo(shift + size, 0);
    line.stroke();
  }
  return pen.createPattern(tile, "repeat") ?? colour;
}

/**
 * A canvas with all spans too narrow for a label; there may be hundreds.
 * @param {[x: number, width: number][]} spans
 * @param {number} width
 * @param {string} colour
 */
function unlabelled(spans, width, colour) {
  const canvas = make("canvas", { width, height: 1 });
  Object.assign(canvas.style, { position: "absolute", left: 0, top: 0, width: "100%", height: "100%" });
  const pen = penOf(canvas);
  pen.fillStyle = colour;
  for (const [x, wide] of spans) pen.fillRect(x, 0, wide, 1);
  return canvas;
}

export class Bands {
  /**
   * @param {HTMLCanvasElement} canvas
   * @param {HTMLElement} lanes
   */
  constructor(canvas, lanes) {
    this.pen = penOf(canvas);
    this.lanes = lanes;
    /** @type {{ shows: string, lane: HTMLElement }[]} */
    this.made = []; // the lanes, each with what it shows as text
  }

  /**
   * Give the lanes their height before they are painted: the rows below share what is left of the window.
   * @param {number} count
   */
  reserve(count) {
    this.lanes.style.setProperty("--iaca-lanes", String(count));
  }

  /**
   * @param {Plot} plot
   * @param {Band[]} bands
   * @param {string[]} laneNames
   * @param {Theme} theme
   */
  paint(plot, bands, laneNames, theme) {
    const { pen } = this;
    const { width, height, panels } = plot;
    const ratio = clear(pen, width, height);
    const crowded = crowdedKinds(bands, plot.shownSpan, panels[0].width);
    const shaded = bands.filter((band) => !crowded.has(band.kind));
    // The range that the user brushes is seen whatever else is there.
    shaded.sort((a, b) => Number(b.kind === "range") - Number(a.kind === "range"));
    panels.forEach((panel, i) => {
      pen.save();
      pen.beginPath();
      pen.rect(panel.left * ratio, 0, panel.width * ratio, height * ratio);
      pen.clip();
      this.paintPanel(plot, shaded, panel, i, theme, ratio);
      pen.restore();
    });
    this.paintLanes(plot, bands, laneNames, theme, crowded);
  }

  /**
   * @param {Plot} plot
   * @param {Band[]} bands
   * @param {Panel} panel
   * @param {number} index Of the panel.
   * @param {Theme} theme
   * @param {number} ratio
   */
  paintPanel(plot, bands, panel, index, theme, ratio) {
    const { pen } = this;
    const inks = bands.map(({ colour, opacity, hatched }) => {
      const faded = fade(theme.pick(colour), opacity);
      return hatched ? hatching(pen, faded, ratio) : faded;
    });
    /** @type {Map<string, ReturnType<typeof shadedSpans>>} */
    const shadings = new Map(); // rows with the same bands behind them have the same
    for (const { rows, top, heights } of plot.places()) {
      const row = rows[index];
      const height = heights[index];
      if (!row) continue;
      const lies = bands.map((band) => !band.rows || band.rows.includes(row.key));
      const which = lies.join();
      const shading =
        shadings.get(which) ?? shadedSpans(bands.map((band, i) => (lies[i] ? band : { ...band, spans: [] })));
      shadings.set(which, shading);
      shading.forEach((spans, i) => {
        pen.fillStyle = inks[i];
        for (const [start, end] of spans) {
          const from = plot.x(start, panel);
          const to = Math.max(plot.x(end, panel), from + 1);
          if (to < panel.left || from > panel.left + panel.width) continue;
          pen.fillRect(from * ratio, top * ratio, (to - from) * ratio, height * ratio);
        }
      });
    }
  }

  /**
   * @param {Plot} plot
   * @param {Band[]} bands
   * @param {string[]} laneNames
   * @param {Theme} theme
   * @param {Set<string>} crowded
   */
  paintLanes(plot, bands, laneNames, theme, crowded) {
    const place = JSON.stringify([plot.shownSpan, plot.panels, theme]);
    const made = laneNames.map((name) => {
      const own = bands.filter((one) => one.lane === name);
      const shows = JSON.stringify([name, own, own.map((band) => crowded.has(band.kind)), place]);
      const before = this.made.find((one) => one.shows === shows);
      return before ?? { shows, lane: this.laneOf(name, own, plot, theme, crowded) };
    });
    if (made.length === this.made.length && made.every((one, i) => one === this.made[i])) return;
    this.made = made;
    this.lanes.replaceChildren(...made.map(({ lane }) => lane));
  }

  /**
   * @param {string} name
   * @param {Band[]} bands Its own.
   * @param {Plot} plot
   * @param {Theme} theme
   * @param {Set<string>} crowded
   */
  laneOf(name, bands, plot, theme, crowded) {
    const lane = make("div", { className: "iaca-lane" });
    lane.dataset.lane = name;
    if (bands.some((band) => band.code)) paintCoded(lane, bands, plot, theme);
    for (const band of bands.filter((one) => !one.code)) {
      const hint = crowded.has(band.kind) ? "Zoom in to see these spans behind the rows." : "";
      lane.title = [band.help, hint].filter(Boolean).join(" ");
      /** @type {[x: number, width: number][]} */
      const narrow = [];
      for (const panel of plot.panels) {
        for (const span of band.spans) this.addSpan(lane, plot, panel, band, span, theme, narrow);
      }
      if (narrow.length) lane.prepend(unlabelled(narrow, plot.area.width, fade(theme.pick(band.colour), 0.26)));
    }
    lane.append(make("div", { className: "iaca-lane-title", textContent: name }));
    return lane;
  }

  /**
   * Add a span to its lane or, if it is too narrow for a label, to `narrow`.
   * @param {HTMLElement} lane
   * @param {Plot} plot
   * @param {Panel} panel
   * @param {Band} band
   * @param {Span} span
   * @param {Theme} theme
   * @param {[x: number, width: number][]} narrow
   */
  addSpan(lane, plot, panel, band, [from, to], theme, narrow) {
    const [start, end] = plot.shownSpan;
    if (to < start || from > end) return;
    const first = Math.max(panel.left, plot.x(from, panel));
    const last = Math.min(panel.left + panel.width, plot.x(to, panel));
    const x = first - plot.area.left;
    const wide = Math.max(2, last - first);
    if (wide < NARROWEST_LABEL_PX && band.kind !== "note") {
      narrow.push([x, wide]);
      return;
    }
    const colour = theme.pick(band.colour);
    const span = make("span");
    Object.assign(span.style, { left: `${x}px`, width: `${wide}px`, background: fade(colour, 0.26) });
    span.title = [`${band.label}, ${from.toFixed(2)} to ${to.toFixed(2)} s`, band.help].filter(Boolean).join(". ");
    if (band.kind === "episode" || band.kind === "note") {
      if (wide >= NARROWEST_LABEL_PX) span.textContent = band.label;
      span.style.borderColor = colour;
      span.classList.add("iaca-named");
    }
    lane.append(span);
  }
}
