// Attention maps on canvases. The arrows move a cell, Enter or a click takes it: one clip is heard, the page shows the other.

const SIDE = 300; // px of a map
const LEFT = 52;
const BOTTOM = 44;
const BAR = 12;
const RIGHT = 64;
const TOP = 8;
// Cividis: even in lightness, and the same for colour-blind readers (Nunez et al., 2018).
const SEQUENTIAL = [[0, 34, 78], [18, 53, 112], [59, 73, 108], [87, 93, 109], [112, 113, 115], [138, 134, 120], [165, 156, 116], [195, 179, 105], [225, 204, 85], [254, 232, 56]];
const DIVERGING = [[10, 95, 165], [90, 169, 240], [245, 245, 245], [240, 138, 75], [160, 56, 0]];

function colourOf(share, ramp) {
  const at = Math.min(1, Math.max(0, share)) * (ramp.length - 1);
  const low = Math.min(ramp.length - 2, Math.floor(at));
  return ramp[low].map((channel, k) => Math.round(channel + (at - low) * (ramp[low + 1][k] - channel)));
}

function paint(values, [rows, columns], [low, high], ramp) {
  const picture = new OffscreenCanvas(columns, rows);
  const context = picture.getContext("2d");
  const image = context.createImageData(columns, rows);
  for (let k = 0; k < values.length; k++) {
    const colour = colourOf((values[k] - low) / (high - low || 1), ramp);
    image.data.set([...colour, Number.isFinite(values[k]) ? 255 : 0], 4 * k);
  }
  context.putImageData(image, 0, 0);
  return picture;
}

class Map2D {
  constructor(owner, panel, values, { limits, diverging }) {
    Object.assign(this, { owner, panel, values, limits, cell: null });
    [this.rows, this.columns] = panel.values;
    this.ramp = diverging ? DIVERGING : SEQUENTIAL;
    this.picture = paint(values, panel.values, limits, this.ramp);
    this.element = document.createElement("figure");
    const title = document.createElement("figcaption");
    title.textContent = panel.title;
    this.canvas = document.createElement("canvas");
    this.canvas.tabIndex = 0;
    this.canvas.setAttribute("role", "img");
    this.canvas.setAttribute("aria-label", `Attention map of ${panel.title}: ${panel.rows.title} against ${panel.columns.title}`);
    Object.assign(this.canvas.dataset, { testid: "attention-map", title: panel.title, rows: this.rows, columns: this.columns, left: LEFT, top: TOP, side: SIDE, clips: panel.columns.labels.join(" ") });
    this.element.append(title, this.canvas);
    this.canvas.onpointermove = (event) => this.point(this.cellAt(event));
    this.canvas.onpointerleave = () => this.point(null);
    this.canvas.onclick = (event) => this.take(this.cellAt(event));
    this.canvas.onkeydown = (event) => this.key(event);
  }

  cellAt(event) {
    const box = this.canvas.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left - LEFT) / SIDE) * this.columns);
    const row = Math.floor(((event.clientY - box.top - TOP) / SIDE) * this.rows);
    return row >= 0 && row < this.rows && column >= 0 && column < this.columns ? [row, column] : null;
  }

  key(event) {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    const [row, column] = this.cell ?? [0, 0];
    if (step) this.point([Math.min(this.rows - 1, Math.max(0, row + step[0])), Math.min(this.columns - 1, Math.max(0, column + step[1]))]);
    else if (event.key === "Enter") this.take(this.cell);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  point(cell) {
    this.cell = cell;
    this.owner.say(cell ? this.words(cell) : "");
    this.draw();
  }

  words([row, column]) {
    const { rows, columns } = this.panel;
    const name = (axis, k) => (axis.labels.length ? `${axis.title} ${axis.labels[k]} s` : `${axis.title} ${k + 1}`);
    return `${this.panel.title} · ${name(rows, row)} × ${name(columns, column)}: ${this.values[row * this.columns + column].toFixed(3)}`;
  }

  take(cell) {
    if (!cell || !this.panel.heard) return;
    const [heard, seen] = this.panel.heard === "rows" ? cell : [cell[1], cell[0]];
    const axis = this.panel.heard === "rows" ? this.panel.rows : this.panel.columns;
    this.owner.take(axis.spans[heard], this.panel.seen_s[seen], this.words(cell));
  }

  draw() {
    const { canvas, panel, picture, rows, columns } = this;
    const scale = window.devicePixelRatio || 1;
    const [width, height] = [LEFT + SIDE + RIGHT, TOP + SIDE + BOTTOM];
    [canvas.width, canvas.height] = [width * scale, height * scale];
    Object.assign(canvas.style, { width: `${width}px`, height: `${height}px` });
    const style = getComputedStyle(canvas);
    const context = canvas.getContext("2d");
    context.scale(scale, scale);
    context.imageSmoothingEnabled = false;
    context.drawImage(picture, LEFT, TOP, SIDE, SIDE);
    context.font = `11px ${style.fontFamily}`;
    context.fillStyle = context.strokeStyle = style.color;
    this.drawAxis(context, panel.columns, columns, (at) => [LEFT + at * SIDE, TOP + SIDE + 14], "center");
    this.drawAxis(context, panel.rows, rows, (at) => [LEFT - 5, TOP + at * SIDE + 4], "right");
    context.textAlign = "center";
    context.fillText(panel.columns.title + (panel.columns.labels.length ? ", end (s)" : ""), LEFT + SIDE / 2, TOP + SIDE + 34);
    context.save();
    context.translate(11, TOP + SIDE / 2);
    context.rotate(-Math.PI / 2);
    context.fillText(panel.rows.title + (panel.rows.labels.length ? ", end (s)" : ""), 0, 0);
    context.restore();
    const line = (x, y, w, h, colour, thick) => {
      context.strokeStyle = colour;
      context.lineWidth = thick;
      context.strokeRect(x, y, w, h);
    };
    if (panel.columns.divide !== null) line(LEFT + (panel.columns.divide / columns) * SIDE, TOP, 0, SIDE, style.color, 1.5);
    if (panel.here !== null) {
      // The clip at the cursor, in white between black: seen on every colour.
      const x = LEFT + (panel.here / columns) * SIDE;
      line(x, TOP, SIDE / columns, SIDE, "#000", 3);
      line(x, TOP, SIDE / columns, SIDE, "#fff", 1.2);
    }
    if (this.cell) {
      const [row, column] = this.cell;
      const box = [LEFT + (column / columns) * SIDE, TOP + (row / rows) * SIDE, SIDE / columns, SIDE / rows];
      line(...box, "#000", 3);
      line(...box, "#fff", 1.5);
    }
    this.drawBar(context, style.color);
  }

  drawAxis(context, axis, count, place, align) {
    context.textAlign = align;
    const every = Math.ceil(count / 4);
    axis.labels.forEach((label, k) => {
      if (k % every === 0 || k === count - 1) context.fillText(label, ...place((k + 0.5) / count));
    });
  }

  drawBar(context, colour) {
    const [low, high] = this.limits;
    const x = LEFT + SIDE + 12;
    for (let y = 0; y < SIDE; y++) {
      context.fillStyle = `rgb(${colourOf(1 - y / (SIDE - 1), this.ramp)})`;
      context.fillRect(x, TOP + y, BAR, 1);
    }
    context.fillStyle = colour;
    context.textAlign = "left";
    for (const share of [0, 0.5, 1]) context.fillText((low + share * (high - low)).toFixed(2).replace("-", "−"), x + BAR + 4, TOP + SIDE - share * (SIDE - 8));
  }
}

const owners = new WeakMap();

class Maps {
  constructor(parent) {
    this.place = parent.querySelector(".maps");
    this.said = parent.querySelector(".said");
    this.sound = new Audio();
    this.sound.preload = "none";
    this.last = "";
  }

  show({ data, setTriggerValue }) {
    this.data = data;
    this.setTriggerValue = setTriggerValue;
    if (data.video && this.sound.getAttribute("src") !== data.video) this.sound.src = data.video;
    const maps = data.panels.map((panel, i) => new Map2D(this, panel, data[`values_${i}`].getChildAt(0).toArray(), data));
    const focused = [...this.place.querySelectorAll("canvas")].indexOf(this.place.getRootNode().activeElement);
    this.place.replaceChildren(...maps.map((map) => map.element));
    for (const map of maps) map.draw(); // in the page: only there have they its font and colour
    const window = JSON.stringify(data.panels.map((panel) => panel.rows.labels));
    if (window !== this.window) this.last = "";
    this.window = window;
    this.say("");
    if (focused >= 0 && maps[focused]) maps[focused].canvas.focus();
  }

  say(words) {
    this.said.textContent = words || this.last;
  }

  take(span, second, words) {
    if (second !== null && second !== undefined) this.setTriggerValue("cell", { second });
    this.last = words;
    this.hear(span);
  }

  async hear(span) {
    if (!span || !this.data.video) return;
    const { sound } = this;
    const [start, stop] = span;
    sound.currentTime = start;
    sound.ontimeupdate = () => {
      this.place.dataset.heard = `${start}-${Math.min(stop, sound.currentTime)}`;
      if (sound.currentTime >= stop) sound.pause();
    };
    await sound.play().catch(() => (this.last += " (the sound cannot be played)"));
  }

  destroy() {
    this.sound.pause();
    this.sound.removeAttribute("src");
  }
}

export default function (component) {
  const { parentElement } = component;
  let owner = owners.get(parentElement);
  if (!owner) {
    owner = new Maps(parentElement);
    owners.set(parentElement, owner);
  }
  owner.show(component);
  return () => {
    owner.destroy();
    owners.delete(parentElement);
  };
}
