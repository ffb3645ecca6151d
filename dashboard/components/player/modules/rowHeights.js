// @ts-check
// Heights of the rows, which share the window with the video above them: all fit at once if possible.

/** @import { Row } from "../../types" */

export const GAP = 12; // between rows, px
const LINE = 14.4; // of a legend, px

/**
 * Rows that share one height: one per panel, or null if the panel's model lacks it.
 * @typedef {{ key: string, height: number, rows: (Row | null)[] }} Group
 */

/**
 * Height of a group's legend, px: the title and one line per name.
 * @param {Group} group
 */
function legendHeight({ rows }) {
  const curves = rows.flatMap((row) => row?.traces ?? []).filter((curve) => curve.legend);
  return Math.ceil(LINE * (1 + new Set(curves.map((curve) => curve.name)).size));
}

/** @param {number[]} heights */
const sum = (heights) => heights.reduce((all, height) => all + height, 0);

/**
 * Heights of groups, px, that fit into `room` px if possible: at most the default, never less than the legend.
 * @param {Group[]} groups
 * @param {number} room
 */
export function rowHeights(groups, room) {
  const natural = groups.map((group) => group.height);
  const least = groups.map((group) => Math.min(group.height, legendHeight(group)));
  const goal = Math.max(sum(least), Math.min(sum(natural), room - GAP * (groups.length - 1)));
  const spare = sum(natural) - sum(least);
  const share = spare ? (goal - sum(least)) / spare : 1;
  return natural.map((height, i) => Math.floor(least[i] + share * (height - least[i])));
}
