// @ts-check
// Heights of the rows, which share the height that the window has for them.

/** @import { Row } from "../../types" */

export const GAP = 18; // above each row, px: room for its title and the values at the cursor
export const LOWEST = 28; // of a row, px
export const HIGHEST = 420;
const LOWEST_SHARE = 0.45; // of the height that the page gives a row
const LOWEST_SOUND = 40; // of a row of the sound, px

/**
 * Rows that share one height: one per panel, or null if the panel's model lacks it.
 * @typedef {{ key: string, height: number, rows: (Row | null)[] }} Group
 */

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
  const goal = room === Infinity ? total : room - GAP * groups.length;
  if (goal >= total) return natural.map((height) => Math.min(HIGHEST, Math.floor((height * goal) / total)));
  const least = groups.map(({ height, rows }) => {
    const lowest = rows.every((row) => row === null || row.kind === "curves") ? LOWEST : LOWEST_SOUND;
    return Math.min(height, Math.max(lowest, LOWEST_SHARE * height));
  });
  const spare = total - sum(least);
  const share = spare ? Math.max(0, goal - sum(least)) / spare : 1;
  return natural.map((height, i) => Math.floor(least[i] + share * (height - least[i])));
}
