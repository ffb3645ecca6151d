// @ts-check
// Heights of the rows, which share the height that the window has for them.

/** @import { Row } from "../../types" */

export const GAP = 18; // above a row, px: room for its title and the values at the cursor
export const LOWEST = 28; // of a row, px
export const HIGHEST = 420;
const LOWEST_SHARE = 0.45; // of the height that the page gives a row
const LOWEST_SOUND = 40; // of a row of the sound, px
const SPACE = 14; // after a title, px
const LINE = 16; // of a title and the values beside it, px
const TITLE_LETTER = 5.4; // px, rather too much, as what follows
const LETTER = 7; // of a name, px
const AROUND = 42; // a name: its sample, its value and the space to the next one, px

/**
 * Rows that share one height: one per panel, or null if the panel's model lacks it.
 * @typedef {{ key: string, height: number, gap: number, rows: (Row | null)[] }} Group
 */

/**
 * Room above a row for its title and, beside it, the values of its curves, in as many lines as these need.
 * @param {Row | null} row
 * @param {number} width Of its panel, px.
 */
export function gapAbove(row, width) {
  const room = width - TITLE_LETTER * (row?.title.length ?? 0) - SPACE;
  let [lines, used] = [1, 0];
  for (const { name, legend } of row?.traces ?? []) {
    if (!legend) continue;
    const needed = LETTER * name.length + AROUND;
    if (used && used + needed > room) [lines, used] = [lines + 1, 0];
    used += needed;
  }
  return GAP + LINE * (lines - 1);
}

/** @param {number[]} heights */
const sum = (heights) => heights.reduce((all, height) => all + height, 0);

/**
 * Heights of groups, px, that fill `room` px together with the gaps above them. In proportion to the heights that the
 * page gives them if there is more room than these take; if there is less, each keeps a height at which it can be read.
 * @param {Group[]} groups
 * @param {number} room Infinite for the heights of the page.
 */
export function rowHeights(groups, room) {
  const natural = groups.map((group) => group.height);
  const total = sum(natural);
  const goal = room === Infinity ? total : room - sum(groups.map(({ gap }) => gap));
  if (goal >= total) return natural.map((height) => Math.min(HIGHEST, Math.floor((height * goal) / total)));
  const least = groups.map(({ height, rows }) => {
    const lowest = rows.every((row) => row === null || row.kind === "curves") ? LOWEST : LOWEST_SOUND;
    return Math.min(height, Math.max(lowest, LOWEST_SHARE * height));
  });
  const spare = total - sum(least);
  const share = spare ? Math.max(0, goal - sum(least)) / spare : 1;
  return natural.map((height, i) => Math.floor(least[i] + share * (height - least[i])));
}
