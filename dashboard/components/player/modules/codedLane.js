// @ts-check
// A lane whose spans are told apart by colour, by height and, where there is room, by a letter.

import { make, penOf } from "./dom.js";
import { fade } from "./theme.js";

/** @import { Band } from "../../types" */
/** @import { Plot } from "./plot.js" */
/** @import { Theme } from "./theme.js" */
/** @typedef {{ band: Band, x: number, wide: number, title: string }} Place */

const HEIGHT_PX = 13;
const LETTER_PX = 10; // room that a letter needs
const GAP_PX = 1; // between halves

/**
 * Where the spans of bands lie in their lane, px from its left edge.
 * @param {Band[]} bands
 * @param {Plot} plot
 * @returns {Place[]}
 */
export function placesOf(bands, plot) {
  const [start, end] = plot.shownSpan;
  return plot.panels.flatMap((panel) =>
    bands.flatMap((band) =>
      band.spans
        .filter(([from, to]) => to >= start && from <= end)
        .map(([from, to]) => {
          const first = Math.max(panel.left, plot.x(from, panel));
          const last = Math.min(panel.left + panel.width, plot.x(to, panel));
          const title = `${band.label}, ${from.toFixed(2)} to ${to.toFixed(2)} s`;
          return { band, x: first - plot.area.left, wide: Math.max(1, last - first), title };
        }),
    ),
  );
}

/**
 * Top and height of a part of the lane, px.
 * @param {Band["part"]} part
 * @returns {[top: number, height: number]}
 */
export function heightOf(part) {
  const half = (HEIGHT_PX - GAP_PX) / 2;
  if (part === "whole") return [0, HEIGHT_PX];
  return part === "upper" ? [0, half] : [half + GAP_PX, half];
}

/**
 * Draw the spans on one canvas, as there may be hundreds; what lies at the pointer is said in the lane's title.
 * @param {HTMLElement} lane
 * @param {Band[]} bands
 * @param {Plot} plot
 * @param {Theme} theme
 */
export function paintCoded(lane, bands, plot, theme) {
  const places = placesOf(bands, plot);
  const { width } = plot.area;
  const ratio = window.devicePixelRatio || 1;
  const canvas = make("canvas", { width: Math.round(width * ratio), height: Math.round(HEIGHT_PX * ratio) });
  Object.assign(canvas.style, { position: "absolute", left: 0, top: 0, width: "100%", height: "100%" });
  const pen = penOf(canvas);
  pen.scale(ratio, ratio);
  for (const { band, x, wide } of places) {
    const [top, height] = heightOf(band.part);
    pen.fillStyle = fade(theme.pick(band.colour), band.opacity);
    pen.fillRect(x, top, wide, height);
  }
  pen.font = `600 10px ${theme.font}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.lineWidth = 3;
  pen.lineJoin = "round";
  for (const { band, x, wide } of places.filter((place) => place.wide >= LETTER_PX)) {
    pen.strokeStyle = theme.background; // a rim, as the letter lies on any of the colours
    pen.strokeText(band.code, x + wide / 2, HEIGHT_PX / 2 + 0.5);
    pen.fillStyle = theme.text;
    pen.fillText(band.code, x + wide / 2, HEIGHT_PX / 2 + 0.5);
  }
  const meaning = bands[0].help;
  lane.title = meaning;
  lane.dataset.spans = String(places.length);
  lane.onpointermove = ({ offsetX }) => {
    const here = places.find(({ x, wide }) => offsetX >= x && offsetX < x + wide);
    lane.title = here ? `${here.title}. ${meaning}` : meaning;
  };
  lane.prepend(canvas);
}
