// What lies behind the curves: episodes of corruption, dropped spans and masks, and the named lanes above the rows.

import { fade } from "./theme.js";

const HATCH_PX = 7;
const NARROWEST_LABEL_PX = 44;
const ROOM_PX = 12; // that each span needs on average: closer ones would hide the curves, and stay in their lane

function hatch(context, colour, ratio) {
  const size = Math.max(1, Math.round(HATCH_PX * ratio)); // a page that is being closed may have no ratio to speak of
  const tile = new OffscreenCanvas(size, size);
  const pen = tile.getContext("2d");
  pen.strokeStyle = colour;
  pen.lineWidth = ratio;
  for (const shift of [-size, 0, size]) {
    pen.beginPath();
    pen.moveTo(shift, size);
    pen.lineTo(shift + size, 0);
    pen.stroke();
  }
  return context.createPattern(tile, "repeat");
}

// Spans without room for a label, of which there may be hundreds, on one canvas.
function drawn(spans, width, colour) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = 1;
  Object.assign(canvas.style, { position: "absolute", left: 0, top: 0, width: "100%", height: "100%" });
  const pen = canvas.getContext("2d");
  pen.fillStyle = colour;
  for (const [x, wide] of spans) pen.fillRect(x, 0, wide, 1);
  return canvas;
}

// Kinds of bands of which one has spans so close that they would hide the curves. What is missing is always shown.
function crowdedKinds(bands, { shownSpan: [start, end], panels }) {
  const most = Math.max(1, panels[0].width / ROOM_PX);
  const isCrowded = ({ hatched, spans }) => !hatched && spans.filter(([from, to]) => from < end && to > start).length > most;
  return new Set(bands.filter(isCrowded).map((band) => band.kind));
}

export class Bands {
  constructor(canvas, lanes) {
    this.canvas = canvas;
    this.lanes = lanes;
  }

  paint(plot, bands, laneNames, theme) {
    const { width, height } = plot;
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    const context = this.canvas.getContext("2d");
    const crowded = crowdedKinds(bands, plot);
    plot.panels.forEach((panel, i) => {
      context.save();
      context.beginPath();
      context.rect(panel.left * ratio, 0, panel.width * ratio, height * ratio);
      context.clip();
      for (const band of bands.filter(({ kind }) => !crowded.has(kind))) this.paintBand(context, plot, band, panel, i, theme, ratio);
      context.restore();
    });
    this.paintLanes(plot, bands, laneNames, theme, crowded);
  }

  paintBand(context, plot, band, panel, index, theme, ratio) {
    const colour = theme.pick(band.colour);
    context.fillStyle = band.hatched ? hatch(context, fade(colour, band.opacity), ratio) : fade(colour, band.opacity);
    for (const { rows, top, height } of plot.places()) {
      const row = rows[index];
      if (!row || (band.rows && !band.rows.includes(row.key))) continue;
      for (const [start, end] of band.spans) {
        const from = plot.x(start, panel);
        const to = Math.max(plot.x(end, panel), from + 1);
        if (to < panel.left || from > panel.left + panel.width) continue;
        context.fillRect(from * ratio, top * ratio, (to - from) * ratio, height * ratio);
      }
    }
  }

  paintLanes(plot, bands, laneNames, theme, crowded) {
    this.lanes.replaceChildren(
      ...laneNames.flatMap((name) => {
        const lane = document.createElement("div");
        lane.className = "iaca-lane";
        lane.dataset.lane = name;
        for (const band of bands.filter((one) => one.lane === name)) {
          const hint = crowded.has(band.kind) ? "Zoom in to see these spans behind the rows, too." : "";
          lane.title = [band.help, hint].filter(Boolean).join(" ");
          const narrow = [];
          for (const panel of plot.panels) {
            lane.append(...band.spans.map((span) => this.laneSpan(plot, panel, band, span, theme, narrow)).filter(Boolean));
          }
          if (narrow.length) lane.prepend(drawn(narrow, plot.area.width, fade(theme.pick(band.colour), 0.26)));
        }
        const title = document.createElement("div");
        title.className = "iaca-lane-title";
        title.textContent = name;
        title.title = lane.title;
        return [lane, title];
      }),
    );
  }

  laneSpan(plot, panel, band, [from, to], theme, narrow) {
    const [start, end] = plot.shownSpan;
    if (to < start || from > end) return null;
    const first = Math.max(panel.left, plot.x(from, panel));
    const last = Math.min(panel.left + panel.width, plot.x(to, panel));
    const x = first - plot.area.left;
    const wide = Math.max(2, last - first);
    if (wide < NARROWEST_LABEL_PX) return void narrow.push([x, wide]);
    const colour = theme.pick(band.colour);
    const span = document.createElement("span");
    span.style.left = `${x}px`;
    span.style.width = `${wide}px`;
    span.style.background = fade(colour, 0.26);
    span.title = [`${band.label}, ${from.toFixed(2)} to ${to.toFixed(2)} s`, band.help].filter(Boolean).join(". ");
    if (band.label !== band.lane) {
      span.textContent = band.label;
      span.style.borderColor = colour;
      span.classList.add("iaca-named");
    }
    return span;
  }
}
