// The brushed range of frames, which is repeated while the video plays: its two ends, and a panel that tells agreement with
// the truth over its annotated frames, and mean gates.

import { agreement, mean } from "./agreement.js";

function cell(tag, text, value) {
  const made = document.createElement(tag);
  made.textContent = text;
  if (value !== undefined) made.dataset.value = value;
  if (tag === "th") made.scope = "row";
  return made;
}

function number(value, digits) {
  return Number.isNaN(value) ? cell("td", "–", value) : cell("td", value.toFixed(digits).replace("-", "−"), value);
}

export class Range {
  constructor(player, panel, scrub) {
    this.player = player;
    this.scrub = scrub; // what shows it on the scrub bar
    this.panel = panel;
    this.title = panel.querySelector(".iaca-heading");
    this.scores = panel.querySelector("[data-testid=player-range-scores] tbody");
    this.gates = panel.querySelector("[data-testid=player-range-gates]");
  }

  // `side` 0 starts, 1 ends it at the cursor.
  mark(side) {
    const { clock } = this.player;
    const range = [...(clock.range ?? [0, clock.frames - 1])];
    range[side] = clock.cursor;
    this.set(range[0] < range[1] ? range : null);
  }

  set(range) {
    const { player } = this;
    player.clock.range = range;
    this.show();
    player.toldPlace = null;
    player.tick();
    player.report();
  }

  // While the pointer brushes: the range is seen, and told only at its end.
  brush(from, to) {
    this.player.clock.range = from === to ? null : [Math.min(from, to), Math.max(from, to)];
    this.brushed = to;
    this.show();
  }

  endBrush() {
    const { clock } = this.player;
    if (clock.range || this.brushed === undefined) this.set(clock.range);
    else {
      // It did not move: a click on the axis.
      clock.seek(this.brushed);
      this.set(null);
    }
    this.brushed = undefined;
  }

  play() {
    const { clock } = this.player;
    if (clock.playing) return clock.video.pause();
    if (clock.range) clock.seek(clock.range[0]);
    clock.toggle();
  }

  zoom() {
    const { range, pts } = this.player.clock;
    if (!range) return;
    const margin = 0.05 * (pts[range[1]] - pts[range[0]]);
    this.player.zoom.into(pts[range[0]] - margin, pts[range[1]] + margin);
  }

  show() {
    const { player } = this;
    this.band();
    this.score();
    player.readout.bands = player.spec.bands.filter((band) => band.label);
    player.repaint();
  }

  // Its shade on the rows and on the scrub bar.
  band() {
    const { clock, spec } = this.player;
    const { range, pts, frames } = clock;
    spec.bands = spec.bands.filter((band) => band.kind !== "range");
    this.scrub.hidden = !range;
    if (!range) return;
    const span = [pts[range[0]], pts[range[1]]];
    spec.bands.push({ kind: "range", label: "", spans: [span], colour: "text", opacity: 0.09, hatched: false, rows: null, lane: null });
    const [from, to] = range.map((frame) => (100 * frame) / Math.max(1, frames - 1));
    Object.assign(this.scrub.style, { left: `${from}%`, width: `${to - from}%` });
  }

  score() {
    const { clock, frames, shownPoints: points, shownRows: rows } = this.player;
    const { range, pts: times } = clock;
    if (!range) return this.hide(true);
    const [first, last] = range;
    const [truth, ...models] = points;
    const valid = agreement(frames[truth.valence], frames[truth.valence], first, last).count;
    Object.assign(this.panel.dataset, { first, last, valid });
    const total = last - first + 1;
    this.title.textContent = `Range ${times[first].toFixed(2)} to ${times[last].toFixed(2)} s: frames ${first} to ${last}, ${valid} of ${total} annotated`;
    this.scores.replaceChildren(
      ...models.filter((point) => frames[point.valence]).map((point) => {
        const line = document.createElement("tr");
        const parts = ["valence", "arousal"].map((name) => agreement(frames[truth[name]], frames[point[name]], first, last));
        line.append(cell("th", point.name), ...parts.map((part) => number(part.ccc, 3)), ...parts.map((part) => number(part.rmse, 3)));
        return line;
      }),
    );
    const weights = rows.filter((row) => row.traces.some((curve) => curve.stack));
    this.gates.hidden = !weights.length;
    this.gates.querySelector("tbody").replaceChildren(
      ...weights.map((row) => {
        const line = document.createElement("tr");
        const parts = row.traces.filter((curve) => curve.stack && frames[curve.column]);
        const text = parts.map((curve) => `${curve.name} ${mean(frames[curve.column], first, last).toFixed(2)}`).join(" · ");
        const values = cell("td", text);
        values.dataset.row = row.key;
        values.dataset.means = JSON.stringify(parts.map((curve) => mean(frames[curve.column], first, last)));
        line.append(cell("th", row.title), values);
        return line;
      }),
    );
    this.hide(false);
  }

  // The panel opens above the rows: those that the pointer brushes stay under it.
  hide(hidden) {
    if (this.panel.hidden === hidden) return;
    const brushed = this.panel.parentElement.querySelector(".iaca-rows:active");
    const before = brushed?.getBoundingClientRect().top;
    this.panel.hidden = hidden;
    if (brushed) this.panel.closest("[data-testid=stMain]").scrollTop += brushed.getBoundingClientRect().top - before;
  }
}
