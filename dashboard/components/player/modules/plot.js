// One Plotly figure whose rows share the time axis. Rows and traces are data (see dashboard/figures.py).

import { fade } from "./theme.js";

const LEFT = 52; // room for the labels of the y axes, px
const RIGHT = 8;
const TOP = 4;
const BOTTOM = 34;
const GAP = 12; // between rows, px

let loading = null;

export function loadPlotly(address) {
  if (window.Plotly) return Promise.resolve(window.Plotly);
  loading ??= new Promise((done, failed) => {
    const script = document.createElement("script");
    script.src = new URL(address, document.baseURI).href;
    script.onload = () => done(window.Plotly);
    script.onerror = () => failed(new Error(`plotly.js could not be loaded from ${script.src}`));
    document.head.appendChild(script);
  });
  return loading;
}

// Minimum and maximum of every pixel's bin, in the order in which they occur: all that a polyline of that width shows.
function reduce(times, values, first, last, width) {
  const count = last - first + 1;
  const bins = Math.max(1, Math.floor(width));
  const x = [];
  const y = [];
  if (count <= 2 * bins) {
    // Gates and scores are held between clips: of a flat stretch its ends are enough.
    for (let i = first; i <= last; i++) {
      const flat = i > first && i < last && Object.is(values[i], values[i - 1]) && Object.is(values[i], values[i + 1]);
      if (flat) continue;
      x.push(times[i]);
      y.push(values[i]);
    }
    return [Float64Array.from(x), Float64Array.from(y)];
  }
  for (let bin = 0; bin < bins; bin++) {
    const from = first + Math.floor((bin * count) / bins);
    const to = first + Math.floor(((bin + 1) * count) / bins);
    let low = -1;
    let high = -1;
    let gap = -1;
    for (let i = from; i < to; i++) {
      if (Number.isNaN(values[i])) gap = i;
      else {
        if (low < 0 || values[i] < values[low]) low = i;
        if (high < 0 || values[i] > values[high]) high = i;
      }
    }
    for (const i of [...new Set([low, high, gap])].filter((k) => k >= 0).sort((a, b) => a - b)) {
      x.push(times[i]);
      y.push(values[i]);
    }
  }
  return [Float64Array.from(x), Float64Array.from(y)];
}

export class Plot {
  constructor(element, onPainted) {
    this.element = element;
    this.onPainted = onPainted;
    this.view = null; // [start, end] in seconds while zoomed
  }

  get span() {
    const times = this.times;
    const last = times.length - 1;
    return last > 0 ? [times[0], times[last]] : [0, 1];
  }

  get shownSpan() {
    return this.view ?? this.span;
  }

  // Pixels of the plotting area inside the element.
  get area() {
    return { left: LEFT, top: TOP, width: Math.max(1, this.element.clientWidth - LEFT - RIGHT), height: this.inner };
  }

  x(second) {
    const [start, end] = this.shownSpan;
    return LEFT + ((second - start) / (end - start)) * this.area.width;
  }

  second(x) {
    const [start, end] = this.shownSpan;
    return start + ((x - LEFT) / this.area.width) * (end - start);
  }

  // Top and height of every row, px.
  places() {
    let top = TOP;
    return this.rows.map((row) => {
      const place = { key: row.key, top, height: row.height };
      top += row.height + GAP;
      return place;
    });
  }

  async show(rows, frames, times, theme, plotly) {
    Object.assign(this, { rows, frames, times, theme, plotly });
    this.inner = rows.reduce((sum, row) => sum + row.height, 0) + GAP * (rows.length - 1);
    await this.paint();
  }

  paint() {
    const { left, width } = this.area;
    const [start, end] = this.shownSpan;
    const first = Math.max(0, this.times.findIndex((t) => t >= start) - 1);
    let last = this.times.length - 1;
    while (last > first + 1 && this.times[last - 1] > end) last--;
    const line = (values) => reduce(this.times, values, first, last, width);
    const data = this.rows.flatMap((row, i) => this.traces(row, i, line));
    const layout = this.layout(left, start, end);
    return this.plotly.react(this.element, data, layout, { staticPlot: true, responsive: false }).then(() => this.onPainted());
  }

  traces(row, index, line) {
    const axis = "y" + (index ? index + 1 : "");
    const common = { type: "scatter", mode: "lines", xaxis: "x", yaxis: axis, hoverinfo: "skip", showlegend: false };
    let below = null;
    return row.traces.filter((trace) => this.frames[trace.column] || trace.column === null).map((trace) => {
      const colour = this.theme.pick(trace.colour);
      let values = this.frames[trace.column];
      if (trace.stack) {
        values = values.map((value, i) => value + (below ? below[i] : 0));
        below = values;
      }
      const [x, y] = line(values);
      const style = { ...common, x, y, name: trace.name, line: { color: fade(colour, trace.opacity), width: trace.width, dash: trace.dash } };
      if (!trace.stack) return style;
      return { ...style, fill: trace.stack === "first" ? "tozeroy" : "tonexty", fillcolor: fade(colour, trace.fill) };
    });
  }

  layout(left, start, end) {
    const { theme } = this;
    const total = this.inner + TOP + BOTTOM;
    const bottomUp = (y) => Math.min(1, Math.max(0, 1 - (y - TOP) / this.inner));
    const axis = { gridcolor: theme.grid, zerolinecolor: theme.grid, zerolinewidth: 1, tickfont: { size: 10, color: theme.axis }, fixedrange: true };
    const layout = {
      height: total,
      width: this.element.clientWidth,
      margin: { l: left, r: RIGHT, t: TOP, b: BOTTOM, pad: 0 },
      uirevision: "keep",
      hovermode: false,
      dragmode: false,
      paper_bgcolor: "rgba(0,0,0,0)",
      plot_bgcolor: "rgba(0,0,0,0)",
      font: { family: theme.font, color: theme.text, size: 11 },
      xaxis: {
        ...axis,
        range: [start, end],
        anchor: "y" + (this.rows.length > 1 ? this.rows.length : ""),
        title: { text: "time (s)", font: { size: 11, color: theme.axis }, standoff: 4 },
        zeroline: false,
        ticks: "outside",
        ticklen: 3,
        tickcolor: theme.grid,
      },
    };
    this.places().forEach(({ top, height }, i) => {
      const row = this.rows[i];
      layout["yaxis" + (i ? i + 1 : "")] = {
        ...axis,
        domain: [bottomUp(top + height), bottomUp(top)],
        range: row.range,
        tickvals: row.ticks,
        title: { text: row.unit, font: { size: 10, color: theme.axis }, standoff: 6 },
      };
    });
    return layout;
  }
}
