// @ts-check
// How many shadings lie over each other, as in dashboard.export.layers.

/** @import { Band, Span } from "../../types" */

const MOST = 2; // shadings that can be told apart; what is missing is hatched and does not count

/**
 * Spans in which each band is shaded behind a row: where more than `MOST` bands meet, the first ones are seen.
 * @param {Pick<Band, "hatched" | "spans">[]} bands Behind one row; the more important first.
 * @returns {Span[][]}
 */
export function shadedSpans(bands) {
  /** @type {Span[][]} */
  const found = bands.map(({ hatched, spans }) => (hatched ? spans : []));
  /** @type {{ at: number, band: number, step: 1 | -1 }[]} */
  const edges = [];
  bands.forEach(({ hatched, spans }, band) => {
    if (hatched) return;
    for (const [start, end] of spans) edges.push({ at: start, band, step: 1 }, { at: end, band, step: -1 });
  });
  edges.sort((a, b) => a.at - b.at);
  const open = bands.map(() => 0);
  edges.forEach(({ at, band, step }, i) => {
    open[band] += step;
    const next = edges[i + 1]?.at;
    if (next === undefined || next === at) return;
    let seen = 0;
    for (let one = 0; one < bands.length && seen < MOST; one++) {
      if (!open[one]) continue;
      seen++;
      const last = found[one].at(-1);
      if (last && last[1] === at) last[1] = next;
      else found[one].push([at, next]);
    }
  });
  return found;
}
