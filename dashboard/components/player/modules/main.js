// @ts-check
// The player: one video, one cursor, one figure. Streamlit calls `render` again for every update of the data.

import { Agreement } from "./agreement.js";
import { Announcer } from "./announcer.js";
import { printedRows } from "./arrangement.js";
import { AsGiven } from "./asGiven.js";
import { Bands } from "./bands.js";
import { Clock } from "./clock.js";
import { loadColumns, loadTimes } from "./columns.js";
import { showEnabled } from "./commands.js";
import { connect } from "./controls.js";
import { find } from "./dom.js";
import { FullScreen } from "./fullScreen.js";
import { historyOf } from "./history.js";
import { Hover } from "./hover.js";
import { keptArrangement } from "./keptRows.js";
import { Layouts } from "./layouts.js";
import { Lines } from "./lines.js";
import { LiveSteps } from "./liveSteps.js";
import { Marks } from "./marks.js";
import { Overview } from "./overview.js";
import { Palette } from "./palette.js";
import { Plane } from "./plane.js";
import { Plot } from "./plot.js";
import { Range } from "./range.js";
import { Readout } from "./readout.js";
import { Room } from "./room.js";
import { EDGE, RowHandles } from "./rowHandles.js";
import { Status } from "./status.js";
import { readTheme } from "./theme.js";
import { nearest } from "./times.js";
import { measure, UPDATE, ZOOM } from "./timings.js";
import { WhatIf } from "./whatIf.js";
import { Zoom } from "./zoom.js";

/** @import { Columns, Component, Mark, Place, PlayerData, Spec } from "../../types" */

/** @type {WeakMap<ParentNode, Player>} */
const players = new WeakMap(); // by the element that Streamlit keeps across updates
let started = false; // whether this visit has gone to the place that its address names
/** @type {string | null} */
let lastSeek = null; // token of the last seek requested by the page

export class Player {
  loaded = false; // whether there is anything to show
  revision = 0;
  /** @type {PlayerData | null} */
  newest = null;
  /** @type {Spec} */
  spec = { subject: "", rows: [], bands: [], lanes: [], points: [], models: [], gates_of: null, annotated: 0 };
  /** @type {Columns} */
  frames = {};
  /** @type {Mark[]} */
  marked = [];
  /** @type {string | null} */
  sound = null;
  follows = false; // whether to report to the page when the cursor comes to rest
  /** @type {Place["rows"]} */
  printedRows = [];
  arranged = ""; // the arrangement of rows, as text
  shape = ""; // what the layout was made for, as text
  redrawing = 0; // pending animation frames
  repainting = 0;
  listeners = new AbortController();

  /** @param {Component<PlayerData>} component */
  constructor(component) {
    this.component = component;
    const root = (this.root = find(component.parentElement, ".iaca-player", HTMLElement));
    this.theme = readTheme(root);
    this.cursorLines = new Lines(find(root, ".iaca-cursor", HTMLElement));
    this.screen = find(root, ".iaca-screen", HTMLElement);
    this.scrub = find(root, ".iaca-scrubber input", HTMLInputElement);
    this.status = new Status(root, this.screen, this.scrub);
    this.muteButton = find(root, "[data-action=mute]", HTMLElement);
    this.help = find(root, ".iaca-help", HTMLDialogElement);
    this.palette = new Palette(this, find(root, ".iaca-palette", HTMLDialogElement));
    this.arrangement = keptArrangement();
    this.announcer = new Announcer(this);
    this.plot = new Plot(find(root, ".iaca-plot", HTMLElement), this.theme, () => this.placeAll());
    this.bands = new Bands(find(root, ".iaca-bands", HTMLCanvasElement), find(root, ".iaca-lanes", HTMLElement));
    this.plane = new Plane(find(root, ".iaca-plane canvas", HTMLCanvasElement), this.theme);
    this.agreement = new Agreement(find(root, ".iaca-ccc", HTMLElement));
    this.layouts = new Layouts(this, find(root, ".iaca-layout", HTMLSelectElement));
    this.handles = new RowHandles(
      this,
      find(root, ".iaca-dividers", HTMLElement),
      find(root, ".iaca-view", HTMLDetailsElement),
    );
    this.readout = new Readout(
      find(root, ".iaca-legend", HTMLElement),
      find(root, ".iaca-whose", HTMLElement),
      find(root, ".iaca-facts tbody", HTMLElement),
      find(root, ".iaca-flags", HTMLElement),
      this.handles,
    );
    const picture = find(root, ".iaca-picture", HTMLCanvasElement);
    this.clock = new Clock(find(root, "video", HTMLVideoElement), picture, () => this.tick());
    this.asGiven = new AsGiven(this);
    this.zoom = new Zoom(this.plot, () => this.repaint());
    this.hover = new Hover(this, find(root, ".iaca-rows", HTMLElement));
    this.overview = new Overview(this, find(root, ".iaca-scrubber", HTMLElement));
    this.range = new Range(this, find(root, ".iaca-range", HTMLElement), find(root, ".iaca-scrub-range", HTMLElement));
    this.marks = new Marks(find(root, ".iaca-marks", HTMLElement), (second) => this.goTo(this.frameAt(second)));
    this.fullScreen = new FullScreen(this, this.screen);
    this.whatIf = new WhatIf((wanted) => this.component.setTriggerValue("restore", wanted));
    this.history = historyOf(this);
    const { signal } = this.listeners;
    connect(this, signal);
    window.addEventListener("resize", () => this.redraw(), { signal });
    document.addEventListener("iaca-show-player", () => this.scrollIntoView(), { signal });
    this.room = new Room(this);
    this.steps = new LiveSteps(this, signal);
  }

  /** @param {PlayerData} data */
  show(data) {
    return this.update(data).catch((error) => {
      this.status.fail(error.message);
      throw error;
    });
  }

  /** @param {PlayerData} data */
  async update(data) {
    const arrived = performance.now();
    this.newest = data;
    const [pts, media] = await Promise.all(data.clock.map(loadTimes));
    const frames = await loadColumns(data, pts.length);
    if (this.newest !== data) return; // a later update overtook this one
    const { spec, marks: marked, sound, follows } = data;
    Object.assign(this, { spec, frames, marked, sound, follows, loaded: true });
    this.steps.seen.exact = data.exact ?? null;
    const isOther = this.root.dataset.subject !== spec.subject;
    if (isOther) this.plot.view = null;
    this.clock.load(spec.subject, data.video, media, pts);
    Object.assign(this.root.dataset, { subject: spec.subject, frames: pts.length, ahead: this.steps.isAhead });
    this.scrub.max = String(pts.length - 1);
    this.asGiven.show(data.given ?? null);
    this.begin(data);
    if (isOther) this.history.forget("range");
    this.whatIf.take(data.what_if);
    this.announcer.forget(); // the server may have written an older place to the address
    if (this.steps.answer && !isOther && this.shape === this.shapeOf()) this.refresh();
    else this.draw();
    await new Promise(requestAnimationFrame);
    measure(UPDATE, arrived);
    this.root.dataset.revision = String(++this.revision);
  }

  /**
   * Go to the place that the address or the page asks for.
   * @param {PlayerData} data
   */
  begin({ start, seek }) {
    if (!started) {
      started = true;
      if (start.range) this.clock.range = start.range;
      if (start.frame !== null) this.goTo(start.frame);
    }
    if (seek && seek[0] !== lastSeek) {
      lastSeek = seek[0];
      this.goTo(this.frameAt(seek[1]));
    }
    this.range.shadeSpan();
  }

  // Rows that can be shown; those of the sound need a video.
  get rows() {
    return this.spec.rows.filter((row) => row.kind === "curves" || this.sound);
  }

  // What the layout follows from, as text: a step of a live control that leaves it alone changes values only.
  shapeOf() {
    const { rows, lanes, models, gates_of, points } = this.spec;
    const drawn = points.map((point) => ({ ...point, ccc: null }));
    return JSON.stringify([rows, lanes, models, gates_of, drawn, Object.keys(this.frames), this.sound, this.marked]);
  }

  // Paint what changed where all that was laid out stays.
  refresh() {
    const { clock, frames, plot, shownPoints, spec, theme } = this;
    this.plane.take(shownPoints, frames);
    plot.frames = frames;
    this.agreement.show(shownPoints, spec, clock.frames, theme);
    this.readout.take(shownPoints, spec.bands, frames);
    this.range.score();
    plot.paint();
  }

  draw() {
    this.shape = this.shapeOf();
    this.theme = readTheme(this.root);
    this.root.classList.toggle("iaca-dark", this.theme.dark);
    this.marks.show(this.marked, this.clock.pts, this.theme);
    this.plane.show(this.shownPoints, this.frames, this.clock.pts, this.theme);
    this.arrange();
  }

  // Points of the models that are shown.
  get shownPoints() {
    const panels = this.arrangement.panels(this.spec.models);
    const alone = panels.length === 1 ? panels[0] : null;
    return this.spec.points.filter(({ model }) => model === null || alone === null || model === alone);
  }

  // Lay out and paint the rows as the user arranged them.
  arrange() {
    this.layOut();
    this.handles.show();
    this.layouts.show();
    this.history.note();
    showEnabled(this);
  }

  /**
   * The same while a divider is dragged, which must not be replaced.
   * @param {HTMLElement} edge
   */
  arrangeKeeping(edge) {
    this.layOut();
    const place = this.plot.places().find((one) => one.key === edge.dataset.row);
    if (place) edge.style.top = `${place.top + place.height - EDGE}px`;
  }

  layOut() {
    const { arrangement, spec, frames, clock, plot, theme, shownPoints } = this;
    const panels = arrangement.panels(spec.models);
    this.bands.reserve(spec.lanes.length);
    const slots = arrangement.slots(this.rows, spec.models, Plot.room(this.room.share(), panels.length), plot.inside);
    this.arranged = arrangement.text;
    this.printedRows = slots.flatMap(printedRows);
    this.root.dataset.layout = arrangement.layout(spec.models);
    plot.show(slots, panels, spec.models, frames, clock.pts, this.sound, theme);
    this.agreement.show(shownPoints, spec, clock.frames, theme);
    this.readout.show(plot, shownPoints, spec.gates_of, spec.bands, frames, theme);
    this.range.score();
    if (this.plane.points.length !== shownPoints.length) this.plane.show(shownPoints, frames, clock.pts, theme);
    this.tick();
  }

  get shownRows() {
    return this.plot.slots.flatMap((slot) => slot.rows.flatMap((row) => row ?? []));
  }

  redraw() {
    if (!this.loaded || this.redrawing) return;
    this.redrawing = requestAnimationFrame(() => {
      this.redrawing = 0;
      this.draw();
    });
  }

  // Repaint only what depends on the time axis.
  repaint() {
    if (!this.loaded || this.repainting) return;
    const start = performance.now();
    this.repainting = requestAnimationFrame(() => {
      this.repainting = 0;
      this.plot.paint();
      measure(ZOOM, start);
    });
  }

  // After the plot was painted: place everything that depends on its axes.
  placeAll() {
    const { plot } = this;
    const { left, width } = plot.area;
    this.cursorLines.place(plot);
    this.hover.lines.place(plot);
    this.root.style.setProperty("--iaca-left", `${left}px`);
    this.root.style.setProperty("--iaca-width", `${width}px`);
    this.bands.paint(plot, this.spec.bands, this.spec.lanes, this.theme);
    this.overview.show();
    this.tick();
  }

  // Update the cursor and all that depends on it, in the callback that drew the picture.
  tick() {
    const { clock, plot } = this;
    if (!plot.times.length) return;
    const { cursor, shown, playing } = clock;
    const second = clock.pts[cursor];
    this.zoom.turn(second, playing);
    this.overview.at(second);
    this.cursorLines.at(second, plot);
    this.status.show(clock);
    this.asGiven.at(clock.pts[shown]);
    showEnabled(this);
    this.hover.show();
    if (!playing && !clock.seeking) this.announcer.rest();
    this.announcer.publish();
  }

  /**
   * Go to a frame; a zoomed view follows.
   * @param {number} frame
   */
  goTo(frame) {
    this.clock.seek(frame);
    this.zoom.follow(this.second);
  }

  // Time at the cursor.
  get second() {
    return this.clock.pts[this.clock.cursor];
  }

  /** @param {number} second */
  frameAt(second) {
    return nearest(this.clock.pts, second);
  }

  toggleSound() {
    const { video } = this.clock;
    video.muted = !video.muted;
    this.root.classList.toggle("iaca-muted", video.muted);
    this.muteButton.setAttribute("aria-pressed", String(video.muted));
  }

  // Bring the video back if it has been scrolled out of sight.
  scrollIntoView() {
    const { top, bottom } = this.screen.getBoundingClientRect();
    if (top + bottom < 0) this.root.scrollIntoView({ block: "start" });
  }

  destroy() {
    this.listeners.abort();
    this.room.destroy();
    cancelAnimationFrame(this.redrawing);
    cancelAnimationFrame(this.repainting);
    this.announcer.destroy();
    this.asGiven.silence();
    this.clock.destroy();
  }
}

/** @param {Component<PlayerData>} component */
export function render(component) {
  const { data, parentElement } = component;
  const player = players.get(parentElement) ?? new Player(component);
  players.set(parentElement, player);
  player.component = component;
  player.show(player.steps.take(data));
  return () => {
    player.destroy();
    players.delete(parentElement);
  };
}
