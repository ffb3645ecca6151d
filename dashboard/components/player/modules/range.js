// @ts-check
// The range of frames that the user brushed and playback loops over, and a panel with the agreement with the truth over
// its annotated frames and the mean gate weights.

import { find, make, rowHead } from "./dom.js";
import { mean, scores } from "./scores.js";

/** @import { Band, FrameRange, Point } from "../../types" */
/** @import { Player } from "./main.js" */

/**
 * @param {number} value
 * @param {number} digits
 */
function number(value, digits) {
  const cell = make("td", { textContent: Number.isNaN(value) ? "–" : value.toFixed(digits).replace("-", "−") });
  cell.dataset.value = String(value);
  return cell;
}

export class Range {
  /** @type {number | null} */
  brushed = null; // the frame under the pointer while a range is being brushed
  scrolled = 0; // px, by which the panel has made the page scroll since the brushing began

  /**
   * @param {Player} player
   * @param {HTMLElement} panel
   * @param {HTMLElement} shade What shows it on the scrub bar.
   */
  constructor(player, panel, shade) {
    this.player = player;
    this.panel = panel;
    this.shade = shade;
    this.page = panel.closest("[data-testid=stMain]");
    this.title = find(panel, ".iaca-heading", HTMLElement);
    this.scores = find(panel, ".iaca-range-scores tbody", HTMLElement);
    this.gates = find(panel, ".iaca-range-gates", HTMLElement);
    this.means = find(this.gates, "tbody", HTMLElement);
  }

  /**
   * Start (side 0) or end (side 1) the range at the cursor.
   * @param {0 | 1} side
   */
  mark(side) {
    const { clock } = this.player;
    /** @type {FrameRange} */
    const range = [...(clock.range ?? [0, clock.frames - 1])];
    range[side] = clock.cursor;
    this.set(range[0] < range[1] ? range : null);
  }

  /** @param {FrameRange | null} range */
  set(range) {
    const { player } = this;
    player.clock.range = range;
    this.show();
    player.history.note();
    player.announcer.forget();
    player.tick();
    player.announcer.report();
  }

  /**
   * Show the range while it is being brushed; it is announced at the end.
   * @param {number} from
   * @param {number} to
   */
  brush(from, to) {
    this.player.clock.range = from === to ? null : [Math.min(from, to), Math.max(from, to)];
    this.brushed = to;
    this.show();
  }

  endBrush() {
    const { clock } = this.player;
    const { brushed } = this;
    this.brushed = null;
    if (clock.range || brushed === null) {
      this.set(clock.range);
      this.reveal();
    } else {
      // The pointer did not move: a click on the axis.
      clock.seek(brushed);
      this.set(null);
    }
  }

  // Once the hand has let go, the rows leave room for the panel, and the page goes back to where it was.
  reveal() {
    const { player, panel, page } = this;
    if (panel.hidden || !page) return;
    if (player.room.height !== player.room.shared) player.redraw();
    page.scrollTop -= this.scrolled;
    this.scrolled = 0;
    const transport = find(player.root, ".iaca-transport", HTMLElement);
    const covered = transport.getBoundingClientRect().bottom - panel.getBoundingClientRect().top;
    if (covered > 0) page.scrollTop -= covered;
  }

  // Of the panel with its margins, px; 0 while it is hidden.
  get height() {
    const { marginTop, marginBottom } = getComputedStyle(this.panel);
    return this.panel.hidden ? 0 : this.panel.offsetHeight + parseFloat(marginTop) + parseFloat(marginBottom);
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
    this.player.zoom.into([pts[range[0]] - margin, pts[range[1]] + margin]);
  }

  show() {
    const { player } = this;
    this.shadeSpan();
    this.score();
    player.readout.showBands(player.spec.bands);
    player.repaint();
  }

  // Shade the range on the rows and on the scrub bar.
  shadeSpan() {
    const { clock, spec } = this.player;
    const { range, pts, frames } = clock;
    spec.bands = spec.bands.filter((band) => band.kind !== "range");
    this.shade.hidden = !range;
    if (!range) return;
    /** @type {Band} */
    const band = {
      kind: "range",
      label: "",
      spans: [[pts[range[0]], pts[range[1]]]],
      colour: "text",
      opacity: 0.09,
      hatched: false,
      rows: null,
      lane: null,
      code: "",
      part: "whole",
      help: "",
    };
    spec.bands.push(band);
    const [from, to] = range.map((frame) => (100 * frame) / Math.max(1, frames - 1));
    Object.assign(this.shade.style, { left: `${from}%`, width: `${to - from}%` });
  }

  score() {
    const { clock, frames, shownPoints } = this.player;
    const { range, pts: times } = clock;
    if (!range || !this.player.steps.seen.knows(...range)) return this.hide(true);
    const [first, last] = range;
    const [truth, ...models] = shownPoints;
    const annotated = frames[truth.valence];
    const valid = annotated ? scores(annotated, annotated, first, last).count : 0;
    Object.assign(this.panel.dataset, { first, last, valid });
    const total = last - first + 1;
    const seconds = `${times[first].toFixed(2)} to ${times[last].toFixed(2)} s`;
    this.title.textContent = `Range ${seconds}: frames ${first} to ${last}, ${valid} of ${total} annotated`;
    this.scores.replaceChildren(...models.flatMap((point) => this.scoreLine(truth, point, first, last) ?? []));
    this.showMeans(first, last);
    this.hide(false);
  }

  /**
   * Agreement of a model with the truth; null for a model without predictions.
   * @param {Point} truth
   * @param {Point} point
   * @param {number} first
   * @param {number} last
   */
  scoreLine(truth, point, first, last) {
    const { frames } = this.player;
    if (!frames[point.valence]) return null;
    const parts = /** @type {const} */ (["valence", "arousal"]).map((name) => {
      const [annotation, prediction] = [frames[truth[name]], frames[point[name]]];
      return annotation && prediction ? scores(annotation, prediction, first, last) : { ccc: NaN, rmse: NaN };
    });
    const cells = [...parts.map((part) => number(part.ccc, 3)), ...parts.map((part) => number(part.rmse, 3))];
    return make("tr", {}, rowHead(point.name), ...cells);
  }

  /**
   * Show the mean gate weights, one line per row.
   * @param {number} first
   * @param {number} last
   */
  showMeans(first, last) {
    const { frames, shownRows } = this.player;
    const weights = shownRows.filter((row) => row.traces.some((curve) => curve.stack));
    this.gates.hidden = !weights.length;
    this.means.replaceChildren(
      ...weights.map((row) => {
        const parts = row.traces.flatMap(({ stack, legend, name, column }) => {
          const values = frames[column];
          return stack && legend && values ? { name, value: mean(values, first, last) } : [];
        });
        const cell = make("td", {
          textContent: parts.map(({ name, value }) => `${name} ${value.toFixed(2)}`).join(" · "),
        });
        cell.dataset.row = row.key;
        cell.dataset.means = JSON.stringify(parts.map(({ value }) => value));
        return make("tr", {}, rowHead(row.title), cell);
      }),
    );
  }

  /**
   * Show or hide the panel. It opens above the rows, so scroll to keep those being brushed under the pointer.
   * @param {boolean} hidden
   */
  hide(hidden) {
    if (this.panel.hidden === hidden) return;
    const brushed = this.player.root.querySelector(".iaca-rows:active");
    const before = brushed?.getBoundingClientRect().top ?? 0;
    this.panel.hidden = hidden;
    const { page } = this;
    if (!brushed || !page) return;
    const at = page.scrollTop;
    page.scrollTop += brushed.getBoundingClientRect().top - before;
    this.scrolled += page.scrollTop - at;
  }
}
