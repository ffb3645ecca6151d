// Values at the cursor: the legend beside each row, the table beside the plane, and what is unusual about the frame.

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
  constructor(legend, table, flags) {
    this.legend = legend;
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

  cell(column, className) {
    const cell = element("td", className, MISSING);
    this.cells.push([cell, column]);
    return cell;
  }

  showLegend(plot, spec, theme) {
    this.legend.replaceChildren(
      ...plot.places().map(({ key, top, height }, i) => {
        const row = spec.rows[i];
        const box = element("div", "iaca-row-legend");
        box.dataset.row = key;
        box.style.top = `${top}px`;
        box.style.height = `${height}px`;
        const title = element("div", "iaca-row-title", row.title);
        title.title = row.help;
        const table = element("table");
        for (const trace of row.traces.filter((one) => one.legend && one.column in this.frames)) {
          const line = element("tr");
          const name = element("th", "", trace.name);
          name.scope = "row";
          name.prepend(sample(trace, theme));
          line.append(name, this.cell(trace.column));
          table.append(line);
        }
        box.append(title, table);
        return box;
      }),
    );
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
      const text = format(this.frames[column]?.[frame]);
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

