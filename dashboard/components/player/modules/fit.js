// Heights of rows that share the window with the video above them: all of them are seen at once, where that can be.

import { GAP } from "./plot.js";

const LINE = 14.4; // of a legend, px

// What the legend beside a slot needs: its title, and a line for each name.
function legendOf({ rows }) {
  const curves = rows.flatMap((row) => row?.traces ?? []).filter((curve) => curve.legend);
  return Math.ceil(LINE * (1 + new Set(curves.map((curve) => curve.name)).size));
}

// Heights (px) of `slots` in at most `room` px, never below their legends; as the page has them where there is room.
export function fitted(slots, room) {
  const natural = slots.map((slot) => slot.height);
  const least = slots.map((slot) => Math.min(slot.height, legendOf(slot)));
  const sum = (heights) => heights.reduce((all, height) => all + height, 0);
  const goal = Math.max(sum(least), Math.min(sum(natural), room - GAP * (slots.length - 1)));
  const spare = sum(natural) - sum(least);
  const share = spare ? (goal - sum(least)) / spare : 1;
  return natural.map((height, i) => Math.floor(least[i] + share * (height - least[i])));
}
