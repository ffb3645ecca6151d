// @ts-check
// Attention maps on canvases. Arrow keys select a cell; Enter or a click plays the sound of one of its clips and shows
// the picture of the other.

/** @import { AttentionAxis, AttentionData, AttentionPanel, Component, Span } from "../types" */
/** @typedef {[row: number, column: number]} Cell */
/** @typedef {readonly number[]} Channels Red, green and blue. */

const LARGEST = 300; // side of a map, px
const SMALLEST = 120;
const SHARE = 0.29; // of the height of the window
const LEFT = 50; // beside the map, px
const BOTTOM = 40;
const BAR = 10;
const RIGHT = 54;
const TOP = 4;
const BETWEEN = 14; // maps
/** @type {Partial<Record<string, Cell>>} */
const STEPS = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] };

/**
 * @param {HTMLCanvasElement} canvas
 */
function penOf(canvas) {
  const pen = canvas.getContext("2d");
  if (!pen) throw new Error("The browser cannot draw on a canvas.");
  return pen;
}

/**
 * Red, green and blue of a colour.
 * @param {string} colour As #rrggbb.
 * @returns {Channels}
 */
function channelsOf(colour) {
  const bits = parseInt(colour.slice(1), 16);
  return [bits >> 16, (bits >> 8) & 255, bits & 255];
}

/**
 * @param {number} share From 0 to 1.
 * @param {Channels[]} ramp
 */
function colourOf(share, ramp) {
  const at = Math.min(1, Math.max(0, share)) * (ramp.length - 1);
  const low = Math.min(ramp.length - 2, Math.floor(at));
  return ramp[low].map((channel, k) => Math.round(channel + (at - low) * (ramp[low + 1][k] - channel)));
}

/**
 * A canvas with one pixel per value.
 * @param {ArrayLike<number>} values
 * @param {[rows: number, columns: number]} shape
 * @param {[low: number, high: number]} limits
 * @param {Channels[]} ramp
 */
function pictureOf(values, [rows, columns], [low, high], ramp) {
  const image = new ImageData(columns, rows);
  for (let k = 0; k < values.length; k++) {
    const colour = colourOf((values[k] - low) / (high - low || 1), ramp);
    image.data.set([...colour, Number.isFinite(values[k]) ? 255 : 0], 4 * k);
  }
  const picture = Object.assign(document.createElement("canvas"), { width: columns, height: rows });
  penOf(picture).putImageData(image, 0, 0);
  return picture;
}

/** @param {AttentionAxis} axis */
const titleOf = (axis) => axis.title + (axis.labels.length ? ", end (s)" : "");

class AttentionMap {
  side = LARGEST;
  /** @type {Cell | null} */
  cell = null; // under the pointer, or selected with the arrow keys

  /**
   * @param {AttentionMaps} owner
   * @param {AttentionPanel} panel
   * @param {ArrayLike<number>} values
   * @param {AttentionData} data
   */
  constructor(owner, panel, values, { limits, ramp }) {
    this.owner = owner;
    this.panel = panel;
    this.values = values;
    this.limits = limits;
    const [rows, columns] = panel.values;
    this.rows = rows;
    this.columns = columns;
    this.ramp = ramp.map(channelsOf);
    this.picture = pictureOf(values, panel.values, limits, this.ramp);
    this.element = document.createElement("figure");
    const title = document.createElement("figcaption");
    title.textContent = panel.title;
    this.canvas = document.createElement("canvas");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    const axes = `${panel.rows.title} against ${panel.columns.title}`;
    this.canvas.setAttribute("aria-label", `Attention map of ${panel.title}: ${axes}`);
    const { dataset } = this.canvas;
    Object.assign(dataset, { testid: "attention-map", title: panel.title, clips: panel.columns.labels.join(" ") });
    Object.assign(dataset, { rows, columns, left: LEFT, top: TOP });
    this.element.append(title, this.canvas);
    this.canvas.onpointermove = (event) => this.point(this.cellAt(event));
    this.canvas.onpointerleave = () => this.point(null);
    this.canvas.onclick = (event) => this.take(this.cellAt(event));
    this.canvas.onkeydown = (event) => this.key(event);
  }

  /**
   * @param {MouseEvent} event
   * @returns {Cell | null}
   */
  cellAt(event) {
    const box = this.canvas.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left - LEFT) / this.side) * this.columns);
    const row = Math.floor(((event.clientY - box.top - TOP) / this.side) * this.rows);
    return row >= 0 && row < this.rows && column >= 0 && column < this.columns ? [row, column] : null;
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const step = STEPS[event.key];
    const [row, column] = this.cell ?? [0, 0];
    if (step) {
      const within = (/** @type {number} */ place, /** @type {number} */ count) =>
        Math.min(count - 1, Math.max(0, place));
      this.point([within(row + step[0], this.rows), within(column + step[1], this.columns)]);
    } else if (event.key === "Enter") this.take(this.cell);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** @param {Cell | null} cell */
  point(cell) {
    this.cell = cell;
    this.owner.say(cell ? this.words(cell) : "");
    this.draw();
  }

  /** @param {Cell} cell */
  words([row, column]) {
    const { rows, columns } = this.panel;
    const name = (/** @type {AttentionAxis} */ axis, /** @type {number} */ k) =>
      axis.labels.length ? `${axis.title} ${axis.labels[k]} s` : `${axis.title} ${k + 1}`;
    const value = this.values[row * this.columns + column].toFixed(3);
    return `${this.panel.title} · ${name(rows, row)} × ${name(columns, column)}: ${value}`;
  }

  /** @param {Cell | null} cell */
  take(cell) {
    const { heard, seen_s, rows, columns } = this.panel;
    if (!cell || !heard) return;
    const [row, column] = cell;
    const [span, second] = heard === "rows" ? [rows.spans[row], seen_s[column]] : [columns.spans[column], seen_s[row]];
    this.owner.take(span, second, this.words(cell));
  }

  draw(side = this.side) {
    this.side = side;
    const { canvas, panel, picture, rows, columns } = this;
    const scale = window.devicePixelRatio || 1;
    const [width, height] = [LEFT + side + RIGHT, TOP + side + BOTTOM];
    canvas.dataset.side = String(side);
    [canvas.width, canvas.height] = [width * scale, height * scale];
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    const { color, fontFamily } = getComputedStyle(canvas);
    const pen = penOf(canvas);
    pen.scale(scale, scale);
    pen.imageSmoothingEnabled = false;
    pen.drawImage(picture, LEFT, TOP, side, side);
    pen.font = `11px ${fontFamily}`;
    pen.fillStyle = pen.strokeStyle = color;
    this.drawLabels(pen, panel.columns, columns, (at) => [LEFT + at * side, TOP + side + 14], "center");
    this.drawLabels(pen, panel.rows, rows, (at) => [LEFT - 5, TOP + at * side + 4], "right");
    pen.textAlign = "center";
    pen.fillText(titleOf(panel.columns), LEFT + side / 2, TOP + side + 34);
    pen.save();
    pen.translate(11, TOP + side / 2);
    pen.rotate(-Math.PI / 2);
    pen.fillText(titleOf(panel.rows), 0, 0);
    pen.restore();
    const { divide } = panel.columns;
    if (divide !== null) {
      pen.lineWidth = 1.5;
      pen.strokeRect(LEFT + (divide / columns) * side, TOP, 0, side);
    }
    const [wide, high] = [side / columns, side / rows];
    if (panel.here !== null) outline(pen, LEFT + panel.here * wide, TOP, wide, side, 1.2); // the clip at the cursor
    if (this.cell) outline(pen, LEFT + this.cell[1] * wide, TOP + this.cell[0] * high, wide, high, 1.5);
    this.drawBar(pen, color);
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {AttentionAxis} axis
   * @param {number} count
   * @param {(at: number) => [x: number, y: number]} place Of a share of the axis.
   * @param {CanvasTextAlign} align
   */
  drawLabels(pen, axis, count, place, align) {
    pen.textAlign = align;
    const every = Math.ceil(count / 4);
    axis.labels.forEach((label, k) => {
      if (k % every === 0 || k === count - 1) pen.fillText(label, ...place((k + 0.5) / count));
    });
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {string} colour
   */
  drawBar(pen, colour) {
    const [low, high] = this.limits;
    const { side } = this;
    const x = LEFT + side + 12;
    for (let y = 0; y < side; y++) {
      pen.fillStyle = `rgb(${colourOf(1 - y / (side - 1), this.ramp)})`;
      pen.fillRect(x, TOP + y, BAR, 1);
    }
    pen.fillStyle = colour;
    pen.textAlign = "left";
    for (const share of [0, 0.5, 1]) {
      const text = (low + share * (high - low)).toFixed(2).replace("-", "−");
      pen.fillText(text, x + BAR + 4, TOP + side - share * (side - 8));
    }
  }
}

/**
 * A white outline with a black edge, visible on every colour.
 * @param {CanvasRenderingContext2D} pen
 * @param {number} x
 * @param {number} y
 * @param {number} width
 * @param {number} height
 * @param {number} thickness Of the white, px.
 */
function outline(pen, x, y, width, height, thickness) {
  for (const [colour, lineWidth] of /** @type {const} */ ([
    ["#000", 3],
    ["#fff", thickness],
  ])) {
    pen.strokeStyle = colour;
    pen.lineWidth = lineWidth;
    pen.strokeRect(x, y, width, height);
  }
}

class AttentionMaps {
  last = ""; // description of the last cell that was chosen
  window = ""; // identifies the clips that are shown
  shown = ""; // what the maps were made of
  sound = Object.assign(new Audio(), { preload: "none" });
  /** @type {AttentionMap[]} */
  maps = [];
  resize = new ResizeObserver(() => this.fit());

  /** @param {Component<AttentionData>} component */
  constructor(component) {
    this.component = component;
    const place = component.parentElement.querySelector(".maps");
    const said = component.parentElement.querySelector(".said");
    if (!(place instanceof HTMLElement && said instanceof HTMLElement))
      throw new Error("The component's HTML is incomplete.");
    this.place = place;
    this.said = said;
    for (const element of [place, document.documentElement]) this.resize.observe(element);
  }

  /** @param {Component<AttentionData>} component */
  show(component) {
    this.component = component;
    const { data } = component;
    if (data.video && this.sound.getAttribute("src") !== data.video) this.sound.src = data.video;
    const values = data.panels.map((_, i) => data[`values_${i}`].getChildAt(0)?.toArray() ?? []);
    const shown = JSON.stringify([data.panels, data.limits, data.ramp, values.map((one) => Array.from(one))]);
    // A run of the page may come at any moment: maps that stay what they are stay where they are, also below a click.
    if (shown === this.shown) return this.fit();
    this.shown = shown;
    const maps = (this.maps = data.panels.map((panel, i) => new AttentionMap(this, panel, values[i], data)));
    const { activeElement } = /** @type {Document | ShadowRoot} */ (this.place.getRootNode());
    const focused = [...this.place.querySelectorAll("canvas")].findIndex((canvas) => canvas === activeElement);
    this.place.replaceChildren(...maps.map((map) => map.element));
    this.fit(); // only once they are in the page do they have its font and colour
    const window = JSON.stringify(data.panels.map((panel) => panel.rows.labels));
    if (window !== this.window) this.last = "";
    this.window = window;
    this.say("");
    maps[focused]?.canvas.focus();
  }

  // Draw the maps as large as the place and their share of the window allow, beside each other.
  fit() {
    const count = this.maps.length;
    const wide = (this.place.getBoundingClientRect().width - BETWEEN * (count - 1)) / count - LEFT - RIGHT;
    const side = Math.floor(Math.max(SMALLEST, Math.min(LARGEST, SHARE * window.innerHeight, wide)));
    for (const map of this.maps) map.draw(side);
  }

  /** @param {string} words */
  say(words) {
    this.said.textContent = words || this.last;
  }

  /**
   * @param {Span | null | undefined} span Of the sound.
   * @param {number | null | undefined} second To be seen.
   * @param {string} words
   */
  take(span, second, words) {
    if (second !== null && second !== undefined) this.component.setTriggerValue("cell", { second });
    this.last = words;
    if (span && this.component.data.video) this.hear(span);
  }

  /** @param {Span} span */
  async hear([start, stop]) {
    const { sound } = this;
    sound.currentTime = start;
    sound.ontimeupdate = () => {
      this.place.dataset.heard = `${start}-${Math.min(stop, sound.currentTime)}`;
      if (sound.currentTime >= stop) sound.pause();
    };
    await sound.play().catch(() => (this.last += " (the sound could not be played)"));
  }

  destroy() {
    this.resize.disconnect();
    this.sound.pause();
    this.sound.removeAttribute("src");
  }
}

/** @type {WeakMap<ParentNode, AttentionMaps>} */
const owners = new WeakMap();

/** @param {Component<AttentionData>} component */
export default function (component) {
  const { parentElement } = component;
  const owner = owners.get(parentElement) ?? new AttentionMaps(component);
  owners.set(parentElement, owner);
  owner.show(component);
  return () => {
    owner.destroy();
    owners.delete(parentElement);
  };
}
