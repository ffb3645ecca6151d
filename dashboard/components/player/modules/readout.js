// Values at the cursor: the legend beside each row, the table beside the plane, and what is unusual about the frame.

import { valuesOf } from "./curves.js";
import { swatch } from "./plane.js";

const MISSING = "–";

function format(value) {
  return value === undefined || Number.isNaN(value) ? MISSING : value.toFixed(2).replace("-", "−");
}

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

// The sample of a trace: a block for stacked weights, a line in its own style for the others.
function sample(trace, theme) {
  const colour = theme.pick(trace.colour);
  const mark = element("i", trace.stack ? "iaca-block" : "iaca-stroke");
  if (trace.stack) {
    mark.style.background = colour;
    mark.style.opacity = Math.min(1, trace.fill + 0.1);
  } else {
    mark.style.borderTop = `${Math.max(2, trace.width)}px ${{ solid: "solid", dot: "dotted" }[trace.dash] ?? "dashed"} ${colour}`;
    mark.style.opacity = trace.opacity;
  }
  return mark;
}

export class Readout {
  constructor(legend, table, flags, tools) {
    this.legend = legend;
    this.whose = legend.parentElement.querySelector(".iaca-whose");
    this.tools = tools;
    this.cells = []; // [table cell, the values that it shows]
    this.bands = [];
    this.body = table.querySelector("tbody");
    this.flags = flags;
  }

  show(plot, spec, frames, theme) {
    this.frames = frames;
    this.cells = [];
    this.showLegend(plot, spec, theme);
    this.showTable(spec.points, theme);
    this.bands = spec.bands.filter((band) => band.label);
    this.shownFlags = null;
  }

  // A cell that shows a column at the cursor, or what `curve` makes of it.
  cell(column, className, curve) {
    const cell = element("td", className, MISSING);
    this.cells.push([cell, curve?.minus ? valuesOf(curve, this.frames) : this.frames[column]]);
    return cell;
  }

  showLegend(plot, spec, theme) {
    const { panels } = plot;
    this.whose.textContent = spec.gates_of ? `Gates and scores of ${spec.gates_of}` : "";
    this.legend.replaceChildren(
      ...plot.places().map((slot) => {
        const [row] = slot.rows.filter(Boolean);
        const box = element("div", "iaca-row-legend");
        box.dataset.row = row.key;
        box.dataset.printed = slot.printed;
        box.style.top = `${slot.top}px`;
        box.style.height = `${slot.height}px`;
        const head = element("div", "iaca-row-head");
        const title = element("div", "iaca-row-title", slot.rows.length > 1 ? row.title.split(" · ")[0] : row.title);
        title.title = row.help;
        const [grip, close] = this.tools.buttons(slot);
        head.append(grip, title, close);
        box.append(head, this.curveTable(slot.rows, panels, theme));
        return box;
      }),
    );
  }

  // A line for each curve; side by side, curves of one name share theirs.
  curveTable(rows, panels, theme) {
    const table = element("table");
    const lines = new Map();
    const curves = [...new Set(rows.filter(Boolean).flatMap((row) => row.traces))];
    for (const curve of curves) {
      const seen = curve.model === null || curve.minus || panels.some(({ model }) => model === null || model === curve.model);
      if (!curve.legend || !seen || !(curve.column in this.frames)) continue;
      if (!lines.has(curve.name)) {
        const line = element("tr");
        const name = element("th", "", curve.name);
        name.scope = "row";
        name.prepend(sample(curve, theme));
        line.append(name);
        lines.set(curve.name, line);
        table.append(line);
      }
      lines.get(curve.name).append(this.cell(curve.column, "", curve));
    }
    return table;
  }

  showTable(points, theme) {
    this.body.replaceChildren(
      ...points.map((point) => {
        const line = element("tr");
        const name = element("th", "", point.name);
        name.scope = "row";
        name.prepend(swatch(point.shape, theme.pick(point.colour)));
        line.append(name, this.cell(point.valence), this.cell(point.arousal));
        return line;
      }),
    );
  }

  at(frame, second, pastLastPicture) {
    for (const [cell, column] of this.cells) {
      const text = format(column?.[frame]);
      if (cell.firstChild.data !== text) cell.firstChild.data = text;
    }
    const labels = this.bands.filter((band) => band.spans.some(([from, to]) => from <= second && second < to)).map((band) => band.label);
    if (pastLastPicture) labels.push("after the last picture");
    const text = labels.join("|");
    if (text === this.shownFlags) return;
    this.shownFlags = text;
    this.flags.replaceChildren(...labels.map((label) => element("li", "", label)));
  }
}

