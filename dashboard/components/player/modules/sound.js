// @ts-check
// The sound of the video as rows: waveform envelope and mel spectrogram. Fetched once, when first shown.

import { penOf } from "./dom.js";
import { channelsOf, rampOf } from "./theme.js";

/** @import { Row, Span } from "../../types" */
/** @import { Theme } from "./theme.js" */

/**
 * @typedef {object} Sound
 * @property {number} columns
 * @property {number} bands
 * @property {number} seconds Length of a column.
 * @property {number} binSeconds Length of a bin of the waveform.
 * @property {Uint8Array} mel Bands x columns, low bands first: loudness from 0 to 255.
 * @property {Int8Array} low Smallest sample of each bin, from -127 to 127.
 * @property {Int8Array} high Largest sample of each bin.
 */

/** @typedef {{ state: "loading" | "silent" | "failed" } | { state: "ready", sound: Sound }} Summary */

/**
 * A rectangle, in device pixels.
 * @typedef {{ left: number, top: number, width: number, height: number }} Box
 */

const HEADER = 20; // bytes
const MESSAGES = {
  loading: "Loading the sound …",
  silent: "This video has no sound.",
  failed: "The sound could not be read.",
};

/** @type {{ address: string, summary: Summary }} */
let kept = { address: "", summary: { state: "silent" } }; // of the current video

/**
 * The summary at an address.
 * @param {string | null} address
 * @param {() => void} onChange Called once its state is another.
 * @returns {Summary}
 */
export function summaryOf(address, onChange) {
  if (!address) return { state: "silent" };
  if (address !== kept.address) {
    /** @type {typeof kept} */
    const mine = { address, summary: { state: "loading" } };
    kept = mine;
    load(address)
      .catch(() => /** @type {Summary} */ ({ state: "failed" }))
      .then((summary) => {
        mine.summary = summary;
        onChange();
      });
  }
  return kept.summary;
}

/**
 * @param {string} address
 * @returns {Promise<Summary>}
 */
async function load(address) {
  const answer = await fetch(new URL(address, document.baseURI));
  if (answer.status === 204) return { state: "silent" };
  if (!answer.ok) throw new Error(String(answer.status));
  return { state: "ready", sound: parseSound(await answer.arrayBuffer()) };
}

/**
 * Parse a summary: a float32 header (columns, mel bands, bins per column, seconds per column, 0), then the spectrogram,
 * then the smallest and the largest samples.
 * @param {ArrayBuffer} content
 * @returns {Sound}
 */
export function parseSound(content) {
  const [columns, bands, bins, seconds] = new Float32Array(content, 0, HEADER / 4);
  const after = HEADER + columns * bands;
  return {
    columns,
    bands,
    seconds,
    binSeconds: seconds / bins,
    mel: new Uint8Array(content, HEADER, columns * bands),
    low: new Int8Array(content, after, columns * bins),
    high: new Int8Array(content, after + columns * bins, columns * bins),
  };
}

/**
 * Draw a row of the sound.
 * @param {CanvasRenderingContext2D} pen
 * @param {Row} row
 * @param {Summary} summary
 * @param {Box} box
 * @param {Span} view The seconds in view.
 * @param {Theme} theme
 */
export function drawSound(pen, row, summary, box, view, theme) {
  if (summary.state !== "ready") {
    pen.fillStyle = theme.axis;
    pen.font = `${11 * theme.ratio}px ${theme.font}`;
    pen.textAlign = "center";
    pen.fillText(MESSAGES[summary.state], box.left + box.width / 2, box.top + box.height / 2);
  } else if (row.kind === "waveform") drawWaveform(pen, summary.sound, box, view, theme.pick(row.colour));
  else {
    const [background, sound, text] = [theme.background, theme.pick(row.colour), theme.text].map(channelsOf);
    drawSpectrogram(pen, summary.sound, box, view, rampOf(background, sound, text));
  }
}

/**
 * First item in pixel `x` of `width` and the one after the last, of `count` items of `seconds` each.
 * @param {number} x
 * @param {number} width
 * @param {Span} view The seconds in view.
 * @param {number} seconds
 * @param {number} count
 */
export function itemsAt(x, width, [start, end], seconds, count) {
  const from = start + (x / width) * (end - start);
  const to = start + ((x + 1) / width) * (end - start);
  const first = Math.floor(from / seconds);
  return [Math.max(0, first), Math.min(count, Math.max(first + 1, Math.floor(to / seconds)))];
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Sound} sound
 * @param {Box} box
 * @param {Span} view
 * @param {string} colour
 */
function drawWaveform(pen, { low, high, binSeconds }, box, view, colour) {
  const middle = box.top + box.height / 2;
  const reach = box.height / 2 / 127;
  pen.fillStyle = colour;
  for (let x = 0; x < box.width; x++) {
    const [first, last] = itemsAt(x, box.width, view, binSeconds, low.length);
    let least = 127;
    let most = -127;
    for (let i = first; i < last; i++) {
      if (low[i] < least) least = low[i];
      if (high[i] > most) most = high[i];
    }
    if (most >= least) pen.fillRect(box.left + x, middle - most * reach, 1, Math.max(1, (most - least) * reach));
  }
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Sound} sound
 * @param {Box} box
 * @param {Span} view
 * @param {Uint32Array} ramp A pixel for each loudness.
 */
function drawSpectrogram(pen, { mel, bands, columns, seconds }, box, view, ramp) {
  const width = Math.max(1, Math.round(box.width));
  const image = new ImageData(width, bands);
  const pixels = new Uint32Array(image.data.buffer);
  for (let x = 0; x < width; x++) {
    const [first, last] = itemsAt(x, width, view, seconds, columns);
    for (let band = 0; band < bands; band++) {
      let most = 0;
      for (let i = first; i < last; i++) most = Math.max(most, mel[band * columns + i]);
      pixels[(bands - 1 - band) * width + x] = ramp[most];
    }
  }
  const tile = new OffscreenCanvas(width, bands);
  penOf(tile).putImageData(image, 0, 0);
  pen.imageSmoothingEnabled = false;
  pen.drawImage(tile, box.left, box.top, box.width, box.height);
}
