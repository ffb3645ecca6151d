// The player: one video, one cursor, one figure. Streamlit calls `render` again for every update of the data.

import { writeAddress } from "./address.js";
import { Arrangement } from "./arrangement.js";
import { Bands } from "./bands.js";
import { Clock, nearest } from "./clock.js";
import { connect } from "./controls.js";
import { Marks } from "./marks.js";
import { Plane } from "./plane.js";
import { Plot } from "./plot.js";
import { Range } from "./range.js";
import { Readout } from "./readout.js";
import { RowTools } from "./rowtools.js";
import { columns, times } from "./tables.js";
import { readTheme } from "./theme.js";
import { Zoom } from "./zoom.js";

const REST_MS = 250; // how long the cursor stands before the address, and a page that follows, are told
const UPDATE = "iaca-update"; // names of the last update and the last zoom in the browser's performance timeline
const ZOOM = "iaca-zoom";
const players = new WeakMap(); // element that Streamlit keeps for us -> Player
let started = false; // whether this visit has begun where its address asked it to
let lastSeek = null; // token of the newest seek that the page asked for

function clockText(seconds) {
  const minutes = Math.floor(seconds / 60);
  return `${String(minutes).padStart(2, "0")}:${(seconds - 60 * minutes).toFixed(3).padStart(6, "0")}`;
}

function measure(name, start) {
  performance.clearMeasures(name);
  performance.measure(name, { start });
}

class Player {
  constructor(parent) {
    this.root = parent.querySelector(".iaca-player");
    const find = (selector) => this.root.querySelector(selector);
    this.top = find(".iaca-top");
    this.cursorLines = [find(".iaca-cursor")];
    this.scrub = find("[data-testid=player-scrub]");
    this.time = find(".iaca-time");
    this.message = find(".iaca-message");
    this.playButton = find("[data-action=toggle]");
    this.momentButton = find("[data-action=moment]");
    this.help = find(".iaca-help");
    this.revision = 0;
    this.listeners = new AbortController();
    this.arrangement = new Arrangement();
    this.plot = new Plot(find(".iaca-plot"), () => this.placeAll());
    this.bands = new Bands(find(".iaca-bands"), find(".iaca-lanes"));
    this.plane = new Plane(find(".iaca-plane canvas"));
    this.tools = new RowTools(this, find(".iaca-dividers"), find(".iaca-view"));
    this.readout = new Readout(find(".iaca-legend"), find(".iaca-facts table"), find(".iaca-flags"), this.tools);
    this.clock = new Clock(find("video"), find(".iaca-picture"), () => this.tick());
    this.zoom = new Zoom(this.plot, () => this.repaint());
    this.range = new Range(this, find(".iaca-range"), find(".iaca-scrub-range"));
    this.marks = new Marks(find(".iaca-marks"), (second) => this.goTo(this.frameAt(second)));
    connect(this, this.listeners.signal);
    window.addEventListener("resize", () => this.redraw(), { signal: this.listeners.signal });
    // Rows that grow change the height, which is no reason to lay them out again.
    let width = 0;
    this.resize = new ResizeObserver(([{ contentRect }]) => {
      if (contentRect.width !== width) this.redraw();
      width = contentRect.width;
    });
    this.resize.observe(this.plot.element);
  }

  async update(data) {
    const arrived = performance.now();
    this.newest = data;
    const [pts, media] = await Promise.all(data.clock.map(times));
    const frames = await columns(data, pts.length);
    if (this.newest !== data) return; // a later update overtook this one
    Object.assign(this, { spec: data.spec, frames, data });
    if (this.root.dataset.subject !== data.spec.subject) this.plot.view = null;
    this.clock.load(data.video, media, pts);
    this.root.dataset.subject = data.spec.subject;
    this.root.dataset.frames = pts.length;
    this.scrub.max = pts.length - 1;
    this.momentButton.hidden = !data.moment;
    this.momentButton.textContent = data.moment;
    this.begin(data);
    this.draw();
    this.toldPlace = null; // the server may have put an older place into the address
    this.tick();
    await new Promise(requestAnimationFrame);
    measure(UPDATE, arrived);
    this.root.dataset.revision = ++this.revision;
  }

  // Where the address and the page want the cursor to be.
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
    this.range.band();
  }

  // Rows that can be shown: those of the sound only where there is a video.
  get rows() {
    return this.spec.rows.filter((row) => row.kind === "curves" || this.data.sound);
  }

  draw() {
    this.theme = readTheme(this.root);
    this.root.classList.toggle("iaca-dark", this.theme.dark);
    this.marks.show(this.data.marks, this.clock.pts, this.theme);
    this.plane.show(this.shownPoints, this.frames, this.clock.pts, this.theme);
    this.arrange();
  }

  // Points of the models that are shown.
  get shownPoints() {
    const panels = this.arrangement.panels(this.spec.models);
    const alone = panels.length === 1 ? panels[0] : null;
    return this.spec.points.filter((point) => point.model === null || alone === null || point.model === alone);
  }

  // Lay out and paint the rows as the user arranged them.
  arrange() {
    this.layOut();
    this.tools.show();
  }

  // The same while a handle is held, which must not be replaced.
  arrangeKeeping(edge) {
    this.layOut();
    const place = this.plot.places().find((one) => one.key === edge.dataset.row);
    edge.style.top = `${place.top + place.height + 2}px`;
  }

  layOut() {
    const { arrangement, spec, frames, clock, plot, theme } = this;
    const panels = arrangement.panels(spec.models);
    const slots = arrangement.slots(this.rows, spec.models, this.roomBelowVideo(panels.length));
    this.root.dataset.layout = arrangement.layout(spec.models);
    this.root.dataset.rows = arrangement.text;
    plot.show(slots, panels, spec.models, frames, clock.pts, this.data.sound, theme);
    this.readout.show(plot, { ...spec, points: this.shownPoints }, frames, theme);
    this.range.score();
    if (this.plane.points?.length !== this.shownPoints.length) this.plane.show(this.shownPoints, frames, clock.pts, theme);
    this.tick();
  }

  // Room for rows below the video, px, while it stays in sight; without end where it does not.
  roomBelowVideo(panels) {
    const { position, top } = getComputedStyle(this.top);
    if (position !== "sticky") return Infinity;
    return Plot.room(window.innerHeight - parseFloat(top) - this.top.offsetHeight, panels);
  }

  get shownRows() {
    return this.plot.slots.flatMap((slot) => slot.rows.filter(Boolean));
  }

  redraw() {
    if (!this.spec || this.redrawing) return;
    this.redrawing = requestAnimationFrame(() => {
      this.redrawing = 0;
      this.draw();
    });
  }

  // Only what the time axis moves.
  repaint() {
    if (!this.spec || this.repainting) return;
    const start = performance.now();
    this.repainting = requestAnimationFrame(() => {
      this.repainting = 0;
      this.plot.paint();
      measure(ZOOM, start);
    });
  }

  // After the figure was painted: everything whose place depends on its axes.
  placeAll() {
    const { plot } = this;
    const { left, top, width, height } = plot.area;
    while (this.cursorLines.length < plot.panels.length) {
      const line = this.cursorLines[0].cloneNode();
      line.removeAttribute("data-testid");
      this.cursorLines[0].after(line);
      this.cursorLines.push(line);
    }
    for (const line of this.cursorLines) Object.assign(line.style, { top: `${top}px`, height: `${height}px` });
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
    this.cursorLines.forEach((line, i) => {
      const panel = plot.panels[i];
      const x = panel ? plot.x(second, panel) : -1;
      line.style.transform = `translateX(${x - 1}px)`;
      line.style.visibility = !panel || x < panel.left - 1 || x > panel.left + panel.width + 1 ? "hidden" : "visible";
    });
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
    this.scrub.setAttribute("aria-valuetext", `frame ${cursor}, ${second.toFixed(2)} seconds`);
    this.readout.at(cursor, second, past);
    this.plane.at(cursor);
    const message = clock.url ? clock.problem : "There is no video for this subject; the curves are complete.";
    this.message.hidden = !message;
    if (this.message.textContent !== message) this.message.textContent = message;
    if (!clock.playing && !clock.seeking) this.rest();
  }

  // The cursor stands at a frame that was not told yet: after a moment, tell the address and whoever follows.
  rest() {
    const { cursor, range } = this.clock;
    const place = JSON.stringify([this.spec.subject, cursor, range]);
    if (place === this.toldPlace) return;
    this.toldPlace = place;
    clearTimeout(this.resting);
    this.resting = setTimeout(() => {
      if (this.clock.playing) return void (this.toldPlace = null);
      writeAddress(cursor, range);
      if (this.data.follows) this.report();
    }, REST_MS);
  }

  // Tell the page where the cursor and the range are; the page runs again.
  report() {
    const { cursor, range, playing } = this.clock;
    const moment = { subject: this.spec.subject, frame: cursor, range, playing };
    if (JSON.stringify(moment) === this.reported) return;
    this.reported = JSON.stringify(moment);
    this.component.setStateValue("moment", moment);
  }

  // Go to a frame, and see it: a zoomed view moves along.
  goTo(frame) {
    this.clock.seek(frame);
    this.zoom.follow(this.second);
  }

  // Time at the cursor.
  get second() {
    return this.clock.pts[this.clock.cursor];
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

  destroy() {
    this.listeners.abort();
    this.resize.disconnect();
    cancelAnimationFrame(this.redrawing);
    cancelAnimationFrame(this.repainting);
    clearTimeout(this.resting);
    this.clock.destroy();
  }
}

export function render(component) {
  const { data, parentElement } = component;
  let player = players.get(parentElement);
  if (!player) {
    player = new Player(parentElement);
    players.set(parentElement, player);
  }
  player.component = component;
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
