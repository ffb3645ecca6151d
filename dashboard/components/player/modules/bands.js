// What lies behind the curves: episodes of corruption, dropped spans and masks, and the named lanes above the rows.

import { fade } from "./theme.js";

const HATCH_PX = 7;
const NARROWEST_LABEL_PX = 44;

function hatch(context, colour, ratio) {
  const size = HATCH_PX * ratio;
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

export class Bands {
  constructor(canvas, lanes) {
    this.canvas = canvas;
    this.lanes = lanes;
  }

  paint(plot, bands, laneNames, theme) {
    const { width, height } = plot.element.getBoundingClientRect();
    const ratio = window.devicePixelRatio || 1;
    this.canvas.width = Math.round(width * ratio);
    this.canvas.height = Math.round(height * ratio);
    this.canvas.style.width = `${width}px`;
    this.canvas.style.height = `${height}px`;
    const context = this.canvas.getContext("2d");
    const places = plot.places();
    const { left, width: inner } = plot.area;
    context.save();
    context.beginPath();
    context.rect(left * ratio, 0, inner * ratio, height * ratio);
    context.clip();
    for (const band of bands) {
      const colour = theme.pick(band.colour);
      context.fillStyle = band.hatched ? hatch(context, fade(colour, band.opacity), ratio) : fade(colour, band.opacity);
      for (const place of places) {
        if (band.rows && !band.rows.includes(place.key)) continue;
        for (const [start, end] of band.spans) {
          const from = plot.x(start);
          const to = Math.max(plot.x(end), from + 1);
          context.fillRect(from * ratio, place.top * ratio, (to - from) * ratio, place.height * ratio);
        }
      }
    }
    context.restore();
    this.paintLanes(plot, bands, laneNames, theme);
  }

  paintLanes(plot, bands, laneNames, theme) {
    this.lanes.replaceChildren(
      ...laneNames.flatMap((name) => {
        const lane = document.createElement("div");
        lane.className = "iaca-lane";
        lane.dataset.lane = name;
        for (const band of bands.filter((one) => one.lane === name)) {
          lane.append(...band.spans.map((span) => this.laneSpan(plot, band, span, theme)).filter(Boolean));
        }
        const title = document.createElement("div");
        title.className = "iaca-lane-title";
        title.textContent = name;
        return [lane, title];
      }),
    );
  }

  laneSpan(plot, band, [from, to], theme) {
    const [start, end] = plot.shownSpan;
    if (to < start || from > end) return null;
    const { left, width } = plot.area;
    const x = Math.max(0, plot.x(from) - left);
    const wide = Math.max(2, Math.min(width, plot.x(to) - left) - x);
    const colour = theme.pick(band.colour);
    const span = document.createElement("span");
    span.style.left = `${x}px`;
    span.style.width = `${wide}px`;
    span.style.background = fade(colour, 0.26);
    span.title = `${band.label}, ${from.toFixed(2)} to ${to.toFixed(2)} s`;
    if (wide >= NARROWEST_LABEL_PX && band.label !== band.lane) {
      span.textContent = band.label;
      span.style.borderColor = colour;
      span.classList.add("iaca-named");
    }
    return span;
  }
}
