// The player: one video, one cursor, one figure. Streamlit calls `render` again for every update of the data.

import { Bands } from "./bands.js";
import { Clock, nearest } from "./clock.js";
import { connect } from "./controls.js";
import { Plane } from "./plane.js";
import { loadPlotly, Plot } from "./plot.js";
import { Readout } from "./readout.js";
import { readTheme } from "./theme.js";

const CLOSEST_ZOOM_S = 0.5;
const UPDATE = "iaca-update"; // name of the last update in the browser's performance timeline
const players = new WeakMap(); // element that Streamlit keeps for us -> Player

// Columns of a data frame that travelled as Arrow, by name.
function columns(table) {
  return Object.fromEntries(table.schema.fields.map((field, i) => [field.name, table.getChildAt(i).toArray()]));
}

function clockText(seconds) {
  const minutes = Math.floor(seconds / 60);
  return `${String(minutes).padStart(2, "0")}:${(seconds - 60 * minutes).toFixed(3).padStart(6, "0")}`;
}

class Player {
  constructor(parent) {
    this.root = parent.querySelector(".iaca-player");
    const find = (selector) => this.root.querySelector(selector);
    this.cursorLine = find(".iaca-cursor");
    this.scrub = find("[data-testid=player-scrub]");
    this.time = find(".iaca-time");
    this.message = find(".iaca-message");
    this.playButton = find("[data-action=toggle]");
    this.revision = 0;
    this.plot = new Plot(find(".iaca-plot"), () => this.placeAll());
    this.bands = new Bands(find(".iaca-bands"), find(".iaca-lanes"));
    this.plane = new Plane(find(".iaca-plane canvas"));
    this.readout = new Readout(find(".iaca-legend"), find(".iaca-facts table"), find(".iaca-flags"));
    this.clock = new Clock(find("video"), find(".iaca-picture"), () => this.tick());
    this.listeners = new AbortController();
    connect(this, this.listeners.signal);
    this.resize = new ResizeObserver(() => this.redraw());
    this.resize.observe(this.plot.element);
  }

  async update(data) {
    const arrived = performance.now();
    this.newest = data;
    this.plotly = await loadPlotly(data.plotly);
    if (this.newest !== data) return; // a later update overtook this one
    this.spec = data.spec;
    this.frames = columns(data.frames);
    const { pts_s: pts, media_s: media } = columns(data.clock);
    if (this.root.dataset.subject !== data.spec.subject) this.plot.view = null;
    this.clock.load(data.video, media.subarray(0, data.pictures), pts);
    this.root.dataset.subject = data.spec.subject;
    this.root.dataset.frames = pts.length;
    this.scrub.max = pts.length - 1;
    await this.draw();
    await new Promise(requestAnimationFrame);
    performance.clearMeasures(UPDATE);
    performance.measure(UPDATE, { start: arrived });
    this.root.dataset.revision = ++this.revision;
  }

  draw() {
    this.theme = readTheme(this.root);
    this.root.classList.toggle("iaca-dark", this.theme.dark);
    const { spec, frames, clock } = this;
    const painted = this.plot.show(spec.rows, frames, clock.pts, this.theme, this.plotly);
    this.readout.show(this.plot, spec, frames, this.theme);
    this.plane.show(spec.points, frames, clock.pts, this.theme);
    return painted;
  }

  redraw() {
    if (!this.spec || this.redrawing) return;
    this.redrawing = requestAnimationFrame(() => {
      this.redrawing = 0;
      this.draw();
    });
  }

  // After the figure was painted: everything whose place depends on its axes.
  placeAll() {
    const { plot } = this;
    const { left, top, width, height } = plot.area;
    Object.assign(this.cursorLine.style, { top: `${top}px`, height: `${height}px` });
    this.root.style.setProperty("--iaca-left", `${left}px`);
    this.root.style.setProperty("--iaca-width", `${width}px`);
    this.bands.paint(plot, this.spec.bands, this.spec.lanes, this.theme);
    this.tick();
  }

  // The cursor and all that depends on it, in the callback that drew the picture.
  tick() {
    const { clock, plot, root } = this;
    if (!this.spec || !plot.times) return;
    const { cursor, shown } = clock;
    const second = clock.pts[cursor];
    const x = plot.x(second);
    const { left, width } = plot.area;
    this.cursorLine.style.transform = `translateX(${x - 1}px)`;
    this.cursorLine.style.visibility = x < left - 1 || x > left + width + 1 ? "hidden" : "visible";
    this.scrub.value = cursor;
    const past = clock.pastLastPicture;
    Object.assign(root.dataset, {
      frame: shown,
      pts: clock.pts[shown],
      playing: clock.playing,
      seeking: clock.seeking,
      pastLastPicture: past,
    });
    root.classList.toggle("iaca-playing", clock.playing);
    this.playButton.setAttribute("aria-label", clock.playing ? "Pause" : "Play");
    this.time.textContent = `${clockText(second)} / ${clockText(clock.pts[clock.frames - 1])}  ·  frame ${cursor} of ${clock.frames}`;
    this.readout.at(cursor, second, past);
    this.plane.at(cursor);
    const message = clock.url ? clock.problem : "There is no video for this subject; the curves are complete.";
    this.message.hidden = !message;
    if (this.message.textContent !== message) this.message.textContent = message;
  }

  frameAt(second) {
    return nearest(this.clock.pts, second);
  }

  toggleSound() {
    const { video } = this.clock;
    video.muted = !video.muted;
    this.root.classList.toggle("iaca-muted", video.muted);
    this.root.querySelector("[data-action=mute]").setAttribute("aria-pressed", video.muted);
  }

  // `side` 0 starts, 1 ends the range that playback repeats.
  markRange(side) {
    const { clock } = this;
    const range = clock.range ?? [0, clock.frames - 1];
    range[side] = clock.cursor;
    clock.range = range[0] < range[1] ? range : null;
    this.showRange();
  }

  clearRange() {
    this.clock.range = null;
    this.showRange();
  }

  showRange() {
    const { range, pts } = this.clock;
    this.spec.bands = this.spec.bands.filter((band) => band.kind !== "range");
    if (range) {
      const span = [pts[range[0]], pts[range[1]]];
      this.spec.bands.push({ kind: "range", label: "repeated range", spans: [span], colour: "text", opacity: 0.07, hatched: false, rows: null, lane: null });
    }
    this.redraw();
  }

  zoomBy(factor, around) {
    const [start, end] = this.plot.shownSpan;
    const [first, last] = this.plot.span;
    const from = Math.max(first, around - (around - start) * factor);
    const to = Math.min(last, around + (end - around) * factor);
    if (to - from < CLOSEST_ZOOM_S) return;
    this.zoom(from <= first && to >= last ? null : [from, to]);
  }

  zoom(view) {
    this.plot.view = view;
    this.redraw();
  }

  destroy() {
    this.listeners.abort();
    this.resize.disconnect();
    cancelAnimationFrame(this.redrawing);
    this.clock.destroy();
    if (window.Plotly) window.Plotly.purge(this.plot.element);
  }
}

export function render({ data, parentElement }) {
  let player = players.get(parentElement);
  if (!player) {
    player = new Player(parentElement);
    players.set(parentElement, player);
  }
  player.update(data).catch((error) => {
    player.message.hidden = false;
    player.message.textContent = error.message;
    throw error;
  });
  return () => {
    player.destroy();
    players.delete(parentElement);
  };
}
